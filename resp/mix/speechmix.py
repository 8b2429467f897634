"""SpeechMix: BC learning's sum at a hidden stage.

Source: Jindal et al., "SpeechMix: augmenting deep sound recognition using hidden space interpolations",
Interspeech 2020: h = (p·h₁ + (1 − p)·h₂) / √(p² + (1 − p)²) at a stage drawn for each batch, with BC learning's
r and p (Tokozume et al., ICLR 2018), p by the levels of the two waveforms.
"""

from resp.mix.between_class import BetweenClass
from resp.models.network import Site


class SpeechMix(BetweenClass):
    """SpeechMix at any site; at the waveform it is BC learning. Name several sites to have one drawn."""

    def problem(self, site: Site) -> str | None:  # noqa: ARG002
        """Any site will do."""
        return None
