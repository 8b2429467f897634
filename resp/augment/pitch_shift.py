"""Pitch shift: higher or lower at the clip's own speed."""

from resp.augment.contract import Span, check_span
from resp.augment.seeded_library import STRETCH_LEAST_RATE_HZ, LibraryTransform


class PitchShift(LibraryTransform):
    """Move the pitch of each clip without changing its speed (Signalsmith Stretch, by audiomentations).

    A tone comes out within about 2 Hz of where it should.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    semitones
        (lowest, highest) shift, drawn uniformly within −24 to 24; above 0 is higher.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        Shifts out of −24 to 24, a rate below 100 Hz, or ``probability`` is not in [0, 1].
    """

    library_class = "PitchShift"
    least_rate_hz = STRETCH_LEAST_RATE_HZ

    def __init__(self, rate_hz: int, semitones: Span = (-4.0, 4.0), probability: float = 1.0) -> None:
        self.semitones = check_span("semitones", semitones, low=-24, high=24)
        super().__init__(
            rate_hz,
            probability,
            min_semitones=self.semitones[0],
            max_semitones=self.semitones[1],
            method="signalsmith_stretch",
        )
