"""Random high-pass: a small microphone, a filter against rumble."""

from resp.augment.contract import Span
from resp.augment.cut_off import CutOffFilter, Slopes
from resp.augment.spectrum import check_rate


class HighPass(CutOffFilter):
    """A Butterworth high-pass with a random cut-off.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    cutoff_hz
        (lowest, highest) cut-off, where the gain is −3 dB; None for 20 Hz to a
        quarter of the Nyquist frequency, which is the upper bound of EAT's implementation.
    slope_db_per_octave
        (lowest, highest) steepness: multiples of 6, at most 96.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        See `CutOffFilter`.
    """

    library_class = "HighPassFilter"

    def __init__(
        self,
        rate_hz: int,
        cutoff_hz: Span | None = None,
        slope_db_per_octave: Slopes = (12, 24),
        probability: float = 1.0,
    ) -> None:
        check_rate(rate_hz)
        super().__init__(rate_hz, cutoff_hz or (min(20.0, rate_hz / 8), rate_hz / 8), slope_db_per_octave, probability)
