"""How much sound is taken in: what a header may declare and what a decoder may deliver."""

from dataclasses import dataclass

from resp.audio.errors import AudioError, TooLongError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a recording, checked on the header before decoding and again while samples arrive.

    Parameters
    ----------
    max_duration_s, min_duration_s
        Longest and shortest recording, in seconds.
    min_rate_hz, max_rate_hz
        Lowest and highest sampling rate, both allowed.
    max_channels
        Most channels.
    max_samples
        Most samples over all channels: a bound on memory (4 bytes each); one hour at 192 kHz by default.

    Raises
    ------
    AudioError
        Bounds that let nothing through.
    """

    max_duration_s: float = 3600.0
    min_duration_s: float = 0.1
    min_rate_hz: int = 4000
    max_rate_hz: int = 192_000
    max_channels: int = 16
    max_samples: int = 3600 * 192_000

    def __post_init__(self) -> None:
        if not 0 <= self.min_duration_s < self.max_duration_s:
            raise AudioError(f"limits of {self.min_duration_s} s to {self.max_duration_s} s let no recording through")
        if not 0 < self.min_rate_hz <= self.max_rate_hz:
            raise AudioError(f"limits of {self.min_rate_hz} Hz to {self.max_rate_hz} Hz let no recording through")
        if self.max_channels < 1 or self.max_samples < 1:
            raise AudioError("limits of no channels or no samples let no recording through")

    def max_frames(self, rate_hz: int, channels: int) -> int:
        """Return how many frames (samples of one channel) a recording may have."""
        return min(int(self.max_duration_s * rate_hz), self.max_samples // channels)

    def check_format(self, name: str, rate_hz: int, channels: int) -> None:
        """Refuse a rate or a number of channels out of bounds."""
        if not self.min_rate_hz <= rate_hz <= self.max_rate_hz:
            raise AudioError(
                f"{name}: a sampling rate of {rate_hz} Hz; expected {self.min_rate_hz} to {self.max_rate_hz} Hz"
            )
        if not 1 <= channels <= self.max_channels:
            raise AudioError(f"{name}: {channels} channels; expected 1 to {self.max_channels}")

    def check_frames(self, name: str, frames: int, rate_hz: int, channels: int, verb: str = "declares") -> None:
        """Refuse a recording that is, or declares to be, too long, with a `TooLongError`."""
        if frames <= self.max_frames(rate_hz, channels):
            return
        duration_s = frames / rate_hz
        if duration_s > self.max_duration_s:
            bound = f"at most {self.max_duration_s:g} s are taken"
        else:
            bound = f"at most {self.max_samples} samples over all channels are taken"
        raise TooLongError(f"{name}: {verb} {duration_s:.1f} s of sound; {bound}; cut it or raise the limit")

    def check_short(self, name: str, frames: int, rate_hz: int) -> None:
        """Refuse a recording that is empty or too short."""
        if frames == 0:
            raise AudioError(f"{name}: holds no samples; the recording is empty")
        if frames < self.min_duration_s * rate_hz:
            raise AudioError(
                f"{name}: only {frames / rate_hz:.3f} s of sound; expected at least {self.min_duration_s:g} s"
            )


def check_whole(name: str, declared_s: float, there_s: float, slack_s: float = 0.0) -> None:
    """Refuse a file that holds less sound than it declares, by more than a slack."""
    if there_s < declared_s - slack_s:
        raise AudioError(
            f"{name}: truncated: its header declares {declared_s:.3f} s of sound, {there_s:.3f} s are there; "
            "copy it again from where it was recorded"
        )
