"""Coding: what files and sampling rates do to a recording on its way."""

from resp.audio.mp3 import BIT_RATES, through_mp3
from resp.audio.recording import Recording
from resp.audio.resampling import resample
from resp.evaluate.conditions.contract import Condition, with_samples
from resp.evaluate.errors import EvaluationError


class Mp3(Condition):
    """Encode as MP3 at a constant bit rate, and decode again.

    Parameters
    ----------
    kbit_s
        Bit rate of one channel; one of `resp.audio.mp3.BIT_RATES`.

    Raises
    ------
    EvaluationError
        Another one.
    """

    def __init__(self, kbit_s: int = 32) -> None:
        if kbit_s not in BIT_RATES:
            raise EvaluationError(f"kbit_s={kbit_s}; expected one of {', '.join(map(str, BIT_RATES))}")
        self.kbit_s = kbit_s

    def change(self, recording: Recording, seed: int) -> Recording:  # noqa: ARG002  # nothing is random
        """Return what the decoder gives, at a rate that MP3 has."""
        return through_mp3(recording, self.kbit_s)


class OtherRate(Condition):
    """Keep the recording at another sampling rate, from which the model then resamples to its own.

    Parameters
    ----------
    rate_hz
        That rate, at least 1000 Hz.

    Raises
    ------
    EvaluationError
        A lower one.
    """

    def __init__(self, rate_hz: int) -> None:
        if rate_hz < 1000:
            raise EvaluationError(f"rate_hz={rate_hz}; expected at least 1000 Hz")
        self.rate_hz = int(rate_hz)

    def change(self, recording: Recording, seed: int) -> Recording:  # noqa: ARG002  # nothing is random
        """Return the recording at that rate."""
        samples = resample(recording.mono(), recording.rate_hz, self.rate_hz)
        return with_samples(recording, samples).with_known(rate_hz=self.rate_hz)
