"""PhaseMix: each sound keeps the magnitudes of its spectrum and takes on some of a partner's phase.

Source: Gazneli et al., "End-to-end audio strikes back: boosting augmentations towards an efficient audio
classification network", 2022 (EAT), algorithm 2. The window length is drawn among several, as the reference
implementation does.

The magnitudes that the algorithm sets are not those that the sound then has: windows overlap, and no sound has
such neighbouring phases. The inverse takes the nearest sound, a projection X → PX, which loses level and never
gains it, and the spectral convergence ‖|PX| − |X₁|‖ / ‖X₁‖ is at most √(1 − ‖PX‖² / ‖X₁‖²). Between two white
noises it is, whatever the window length:

| λ | 1 | 0.9 | 0.75 | 0.5 | 0.25 | 0 |
|---|---|---|---|---|---|---|
| spectral convergence | 0 | 0.06 | 0.23 | 0.55 | 0.46 | 0.42 |
| level in dB | 0 | −0.2 | −1.4 | −3.9 | −2.3 | −1.1 |

Synthetic breath sounds lie within 0.07 of that. Of two pure tones, neither of which has a phase of its own where
the other lies, up to 0.92 was measured, with 0.27 of their energy left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from resp.mix.contract import Mix, MixDraw, Origin
from resp.mix.partners import shuffled_partners
from resp.mix.shapes import per_sample
from resp.mix.spectra import (
    WINDOWS,
    check_batch,
    check_windows,
    draw_window,
    mix_spectra,
    waveform_problem,
)
from resp.models.network import Site


@dataclass(frozen=True, slots=True)
class PhaseDraw(MixDraw):
    """The draw of one PhaseMix batch.

    Parameters
    ----------
    window
        Window length of the transform, in samples.
    share
        [batch] in [0, 1]: λ, the share of the own phase.
    """

    window: int
    share: Tensor


class PhaseMix(Mix[PhaseDraw]):
    """PhaseMix: magnitude |X₁|, phase λ·φ₁ + (1 − λ)·φ₂, both phases in (−π, π].

    Every sample has its own λ ~ U[0, 1] and keeps 0.5·λ + 0.5 of its label.

    Parameters
    ----------
    windows
        Window lengths in samples, of which one is drawn for each batch.

    Raises
    ------
    MixError
        A window length that is not a positive multiple of four, or none at all.
    """

    def __init__(self, windows: Sequence[int] = WINDOWS) -> None:
        self.windows = check_windows(windows)

    def problem(self, site: Site) -> str | None:
        """Only waveforms have a phase."""
        return waveform_problem("PhaseMix", site)

    def draw(
        self,
        batch: Tensor,
        site: Site,
        generator: torch.Generator,
        origin: Origin | None = None,  # noqa: ARG002
    ) -> PhaseDraw:
        """Draw the partners, the window and the shares.

        Parameters
        ----------
        batch
            [batch, time] or [batch, 1, time], of any length.
        site
            The waveform.
        generator
            A CPU generator.

        Raises
        ------
        MixError
            Another site, samples that are not floating point, or the generator is not on the CPU.
        """
        check_batch("PhaseMix", batch, site)
        size = batch.shape[0]
        partner = shuffled_partners(size, generator)
        window = draw_window(self.windows, generator)
        share = torch.rand(size, generator=generator)
        return PhaseDraw(partner=partner, weight=0.5 * share + 0.5, window=window, share=share)

    def apply(self, batch: Tensor, draw: PhaseDraw) -> Tensor:
        """Return the waveforms with their mixed phases."""

        def mixed(own: Tensor, partner: Tensor) -> Tensor:
            share = per_sample(draw.share, own).to(own.real.dtype)
            phase = own.angle()
            return torch.polar(own.abs(), share * phase + (1 - share) * phase[partner])

        return mix_spectra(batch, draw.partner, draw.window, mixed)
