"""A random equaliser: another stethoscope, another chest."""

import math

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, check_whole, is_number
from resp.augment.errors import AugmentError
from resp.augment.spectrum import check_rate, decibels, filter_spectrum, frequencies_hz


class Equaliser(WaveformTransform[Tensor]):
    """Raise and lower bands at random, as devices and chest walls do.

    The gain in dB is drawn from a normal distribution at ``bands`` frequencies, evenly spaced on a logarithmic axis
    over ``band_hz``; straight lines join them (in dB over the logarithm of the frequency), and beyond the first and
    the last it stays what it is there. No phase changes.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    deviation_db
        Standard deviation of the gains.
    bands
        How many gains are drawn.
    band_hz
        (lowest, highest) of their frequencies.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        A negative deviation, fewer than two bands, frequencies that run backwards or are not positive, or a
        ``probability`` that is not in [0, 1].
    """

    def __init__(
        self,
        rate_hz: int,
        deviation_db: float = 3.0,
        *,
        bands: int = 7,
        band_hz: Span = (31.25, 2000.0),
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.rate_hz = check_rate(rate_hz)
        if not is_number(deviation_db) or not 0 <= deviation_db < math.inf:
            raise AugmentError(f"deviation_db {deviation_db!r}; expected a number of dB from 0 on")
        self.deviation_db = deviation_db
        self.bands = check_whole("bands", bands, low=2)
        self.band_hz = check_span("band_hz", band_hz, low=1e-3)
        if self.band_hz[0] == self.band_hz[1]:
            raise AugmentError(f"band_hz {list(self.band_hz)}; expected two frequencies, the lower first")

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the gains in dB, [batch, bands]."""
        shape = (len(waveform), self.bands)
        drawn = torch.randn(shape, generator=generator, device=generator.device) * self.deviation_db
        return drawn.to(waveform)

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the equalised batch."""
        low, high = (math.log2(frequency) for frequency in self.band_hz)
        octave = frequencies_hz(waveform, self.rate_hz).clamp(min=1e-3).log2()
        place = ((octave - low) / (high - low)).clamp(0, 1) * (self.bands - 1)
        left = place.floor().long().clamp(max=self.bands - 2)
        share = (place - left).to(drawn.dtype)
        gain_db = drawn[:, left] * (1 - share) + drawn[:, left + 1] * share
        return filter_spectrum(waveform, decibels(gain_db))
