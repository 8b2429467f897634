"""Additive coloured noise: rooms, friction, amplifiers."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.errors import AugmentError
from resp.augment.spectrum import add_at_ratio, filter_spectrum

Colour = Literal["white", "pink", "red", "blue", "violet"]

EXPONENTS: dict[Colour, float] = {"white": 0.0, "pink": 1.0, "red": 2.0, "blue": -1.0, "violet": -2.0}


@dataclass(frozen=True, slots=True)
class NoiseDraw:
    """Noise of a batch.

    Parameters
    ----------
    white
        [batch, time] standard normal numbers.
    snr_db
        [batch, 1] signal-to-noise ratios.
    exponent
        [batch, 1] exponents of the power spectrum 1 / f^exponent.
    """

    white: Tensor
    snr_db: Tensor
    exponent: Tensor


class ColouredNoise(WaveformTransform[NoiseDraw]):
    """Add noise of a random colour at a random signal-to-noise ratio.

    The ratio is of mean powers over the whole clip, so silence stays silent.

    Parameters
    ----------
    snr_db
        (lowest, highest) signal-to-noise ratio.
    exponent
        (lowest, highest) exponent of the power spectrum 1 / f^exponent; None for 0 to 2, from white to red, unless
        ``colours`` are given.
    probability
        Chance of each sample of a batch.
    colours
        In place of a span of exponents: names of which one is drawn for each sample. The exponents are 0 for
        ``white``, 1 ``pink``, 2 ``red`` (also called brown), −1 ``blue``, −2 ``violet``: −3.01 dB per octave each.

    Raises
    ------
    AugmentError
        A span runs backwards or is not finite, exponents and colours at once, an unknown colour or none, or
        ``probability`` is not in [0, 1].
    """

    def __init__(
        self,
        snr_db: Span = (10.0, 40.0),
        exponent: Span | None = None,
        probability: float = 1.0,
        *,
        colours: tuple[Colour, ...] | None = None,
    ) -> None:
        super().__init__(probability)
        self.snr_db = check_span("snr_db", snr_db)
        self.exponent = check_span("exponent", exponent or (0.0, 2.0))
        if colours is not None:
            if exponent is not None:
                raise AugmentError(f"exponent {exponent} and colours {colours}; expected only one of them")
            if isinstance(colours, str) or not colours or not set(colours) <= set(EXPONENTS):
                raise AugmentError(f"colours {colours!r}; expected a list of some of {', '.join(EXPONENTS)}")
        self.colours = colours

    def draw(self, waveform: Tensor, generator: torch.Generator) -> NoiseDraw:
        """Draw white noise, ratios and exponents."""
        white = torch.randn(waveform.shape, generator=generator, device=generator.device)
        return NoiseDraw(
            white.to(waveform.device),
            uniform(waveform, self.snr_db, generator),
            self._draw_exponents(waveform, generator),
        )

    def apply(self, waveform: Tensor, drawn: NoiseDraw) -> Tensor:
        """Return the batch with its noise added."""
        bins = torch.arange(waveform.shape[1] // 2 + 1, device=waveform.device)
        # Bin 0 is a constant offset, which is no noise: a clip has none to add.
        gain = torch.where(bins > 0, (bins.clamp(min=1).log() * (-drawn.exponent / 2)).exp(), 0.0)
        noise = filter_spectrum(drawn.white.to(waveform.dtype), gain)
        return add_at_ratio(waveform, noise, drawn.snr_db)

    def _draw_exponents(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        if self.colours is None:
            return uniform(waveform, self.exponent, generator)
        named = torch.tensor([EXPONENTS[colour] for colour in self.colours])
        chosen = torch.randint(len(named), (len(waveform), 1), generator=generator, device=generator.device)
        return named[chosen.cpu()].to(waveform.device)
