"""Random band limits: another stethoscope, or another of its filters."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, check_whole, uniform
from resp.augment.errors import AugmentError
from resp.augment.spectrum import check_rate, filter_spectrum, frequencies_hz


@dataclass(frozen=True, slots=True)
class Band:
    """Corner frequencies of a batch, [batch, 1] each, in Hz."""

    low_cut_hz: Tensor
    high_cut_hz: Tensor


class BandFilter(WaveformTransform[Band]):
    """Keep a random band, with the magnitude of a Butterworth filter and without its phase.

    The defaults leave alone what the labels stand on: crackles and wheezes lie between about 100 Hz and
    2 kHz, and some stethoscopes end at 2 kHz.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    low_cut_hz, high_cut_hz
        (lowest, highest) lower and upper corner, where the gain is −3 dB; an upper corner above the Nyquist
        frequency cuts nothing but a little of the top.
    order
        Steepness: 6 dB per octave each.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        A span runs backwards, the lower corners reach the upper ones, a rate or order is not positive, or
        ``probability`` is not in [0, 1].
    """

    def __init__(
        self,
        rate_hz: int,
        low_cut_hz: Span = (20.0, 100.0),
        high_cut_hz: Span = (1800.0, 8000.0),
        *,
        order: int = 4,
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.rate_hz = check_rate(rate_hz)
        self.low_cut_hz = check_span("low_cut_hz", low_cut_hz, low=0.1)
        self.high_cut_hz = check_span("high_cut_hz", high_cut_hz, low=0.1)
        if self.low_cut_hz[1] >= self.high_cut_hz[0]:
            raise AugmentError(
                f"low_cut_hz up to {self.low_cut_hz[1]:g} and high_cut_hz from {self.high_cut_hz[0]:g}; "
                f"expected every lower corner below every upper one"
            )
        self.order = check_whole("order", order, low=1)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Band:
        """Draw the corners, uniform on a logarithmic axis."""
        low, high = (
            uniform(waveform, (math.log2(span[0]), math.log2(span[1])), generator)
            for span in (self.low_cut_hz, self.high_cut_hz)
        )
        return Band(low.exp2(), high.exp2())

    def apply(self, waveform: Tensor, drawn: Band) -> Tensor:
        """Return the filtered batch."""
        # The constant offset, at 0 Hz, would divide by zero; the first bin's distance stands in for it.
        frequency_hz = frequencies_hz(waveform, self.rate_hz).clamp(min=1e-3)
        power = 2 * self.order
        gain = (1 + (drawn.low_cut_hz / frequency_hz) ** power).rsqrt()
        return filter_spectrum(waveform, gain * (1 + (frequency_hz / drawn.high_cut_hz) ** power).rsqrt())
