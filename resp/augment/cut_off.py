"""What low-pass and high-pass with a random cut-off share."""

from resp.augment.contract import Span, check_span, check_whole_span
from resp.augment.errors import AugmentError
from resp.augment.seeded_library import LibraryTransform
from resp.augment.spectrum import check_rate

Slopes = tuple[int, int]


class CutOffFilter(LibraryTransform):
    """A causal digital Butterworth filter (audiomentations); cut-offs are uniform on the mel axis.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    cutoff_hz
        (lowest, highest) cut-off, where the gain is −3 dB; below the Nyquist frequency.
    slope_db_per_octave
        (lowest, highest) steepness: multiples of 6, at most 96.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        A cut-off that is not between 0 and the Nyquist frequency, a slope that is no multiple of 6, a rate that is
        not positive, or ``probability`` is not in [0, 1].
    """

    def __init__(self, rate_hz: int, cutoff_hz: Span, slope_db_per_octave: Slopes, probability: float) -> None:
        nyquist_hz = check_rate(rate_hz) / 2
        self.cutoff_hz = check_span("cutoff_hz", cutoff_hz, low=1, high=0.999 * nyquist_hz)
        self.slope_db_per_octave = check_whole_span("slope_db_per_octave", slope_db_per_octave, low=6, high=96)
        if any(slope % 6 for slope in self.slope_db_per_octave):
            raise AugmentError(f"slope_db_per_octave {self.slope_db_per_octave}; expected multiples of 6")
        super().__init__(
            rate_hz,
            probability,
            min_cutoff_freq=self.cutoff_hz[0],
            max_cutoff_freq=self.cutoff_hz[1],
            min_rolloff=self.slope_db_per_octave[0],
            max_rolloff=self.slope_db_per_octave[1],
        )
