"""Time stretch: faster or slower at the clip's own pitch."""

from resp.augment.contract import Span, check_span
from resp.augment.seeded_library import STRETCH_LEAST_RATE_HZ, LibraryTransform


class TimeStretch(LibraryTransform):
    """Play each clip faster or slower without changing its pitch (Signalsmith Stretch, by audiomentations).

    The clip keeps its first sample and its length: what a slower one has too much is cut off, what a faster one
    lacks is silence.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    speed
        (lowest, highest) speed, drawn uniformly within 0.5 to 2; above 1 is faster and shorter. Slower than half,
        the library draws what no seed can tell.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        Speeds out of 0.5 to 2, a rate below 100 Hz, or ``probability`` is not in [0, 1].
    """

    library_class = "TimeStretch"
    least_rate_hz = STRETCH_LEAST_RATE_HZ

    def __init__(self, rate_hz: int, speed: Span = (0.8, 1.25), probability: float = 1.0) -> None:
        self.speed = check_span("speed", speed, low=0.5, high=2)
        super().__init__(
            rate_hz,
            probability,
            min_rate=self.speed[0],
            max_rate=self.speed[1],
            leave_length_unchanged=True,
            method="signalsmith_stretch",
        )
