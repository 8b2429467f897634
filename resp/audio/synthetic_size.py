"""How long synthetic sounds may be, and at which rates they are made."""

from resp.audio.errors import AudioError
from resp.audio.limits import Limits


def synthetic_size(duration_s: float, rate_hz: int) -> int:
    """Return the number of samples of a synthetic sound.

    Parameters
    ----------
    duration_s
        Length in seconds, 0.1 to 3600.
    rate_hz
        Sampling rate in Hz, 4000 to 192 000.

    Raises
    ------
    AudioError
        One of them out of its range.
    """
    # Those of what is taken in, so that every synthetic sound could have been a file.
    limits = Limits()
    if not limits.min_duration_s <= duration_s <= limits.max_duration_s:
        raise AudioError(
            f"duration_s is {duration_s}; expected {limits.min_duration_s:g} to {limits.max_duration_s:g} s"
        )
    if not limits.min_rate_hz <= rate_hz <= limits.max_rate_hz:
        raise AudioError(f"rate_hz is {rate_hz}; expected {limits.min_rate_hz} to {limits.max_rate_hz} Hz")
    return round(duration_s * rate_hz)
