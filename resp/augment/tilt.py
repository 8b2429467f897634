"""Random spectral tilt: stethoscopes and chest walls weigh high and low frequencies differently."""

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.spectrum import check_rate, decibels, filter_spectrum, frequencies_hz


class SpectralTilt(WaveformTransform[Tensor]):
    """Raise or lower high frequencies against low ones by a straight line in dB per octave.

    The gain is 0 dB at ``pivot_hz`` and constant below ``floor_hz``, where a line would grow without end.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    tilt_db_per_octave
        (lowest, highest) slope.
    pivot_hz
        Where the gain is 0 dB; most of a lung sound's energy lies around 200 Hz.
    floor_hz
        Below it the gain stays what it is there.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        The slopes run backwards, a frequency is not positive, or ``probability`` is not in [0, 1].
    """

    def __init__(
        self,
        rate_hz: int,
        tilt_db_per_octave: Span = (-3.0, 3.0),
        *,
        pivot_hz: float = 200.0,
        floor_hz: float = 25.0,
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.rate_hz = check_rate(rate_hz)
        self.tilt_db_per_octave = check_span("tilt_db_per_octave", tilt_db_per_octave)
        self.floor_hz, self.pivot_hz = check_span("(floor_hz, pivot_hz)", (floor_hz, pivot_hz), low=1e-3)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the slopes in dB per octave, [batch, 1]."""
        return uniform(waveform, self.tilt_db_per_octave, generator)

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the tilted batch."""
        octaves = (frequencies_hz(waveform, self.rate_hz).clamp(min=self.floor_hz) / self.pivot_hz).log2()
        return filter_spectrum(waveform, decibels(drawn * octaves))
