"""Time mask: a part of the clip is silent."""

import math

from resp.augment.contract import Span, check_span, is_number
from resp.augment.errors import AugmentError
from resp.augment.seeded_library import LibraryTransform


class TimeMask(LibraryTransform):
    """Silence a random part of each clip (audiomentations): SpecAugment's time mask, on the waveform.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    share
        (lowest, highest) length of the part, as a share of the clip; its place is uniform among those where it fits.
    fade_s
        Length of the fades at its ends, inside the part; 0 for hard edges, which the library takes for the paper's.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        Shares out of [0, 1], a fade that is neither 0 nor at least 0.25 ms, a rate that is not positive, or
        ``probability`` is not in [0, 1].
    """

    library_class = "TimeMask"

    def __init__(self, rate_hz: int, share: Span = (0.01, 0.2), fade_s: float = 0.0, probability: float = 1.0) -> None:
        self.share = check_span("share", share, low=0, high=1)
        if not is_number(fade_s) or (fade_s != 0 and not 0.00025 <= fade_s < math.inf):
            raise AugmentError(f"fade_s {fade_s!r}; expected 0, or at least 0.00025 seconds")
        self.fade_s = fade_s
        super().__init__(
            rate_hz, probability, min_band_part=self.share[0], max_band_part=self.share[1], fade_duration=fade_s
        )
