"""How often a key may ask."""

import time
from collections.abc import Callable


class RateLimit:
    """A bucket of tokens for each key, filled evenly: the generic cell rate algorithm (ITU-T I.371, annex A).

    Parameters
    ----------
    per_min
        Requests in the long run.
    burst
        Requests at once.
    clock
        Seconds that only go forward.
    """

    def __init__(self, per_min: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 60.0 / per_min
        self._ahead_s = self._interval_s * (burst - 1)
        self._clock = clock
        # When the next request of a key would come if it asked evenly.
        self._due: dict[str, float] = {}

    def wait_s(self, key: str) -> float:
        """Count a request and return 0, or return how many seconds too early it is."""
        now = self._clock()
        due = max(self._due.get(key, now), now)
        early = due - self._ahead_s - now
        if early > 0:
            return early
        self._due[key] = due + self._interval_s
        return 0.0
