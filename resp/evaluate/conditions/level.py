"""Level: a recording that was made too softly or too loudly."""

import numpy as np
import torch

from resp.audio.recording import Recording
from resp.augment.spectrum import decibels
from resp.evaluate.conditions.contract import Condition, as_batch, with_samples
from resp.evaluate.errors import EvaluationError

_STEPS = 2**15


class Gain(Condition):
    """Another gain of the recorder: clipped at full scale and rounded to 16 bits, as a file holds it.

    A gain alone is taken back where a model levels its recordings; what is lost in the file is not.

    Parameters
    ----------
    gain_db
        The gain, within ±120 dB.

    Raises
    ------
    EvaluationError
        A gain beyond that.
    """

    def __init__(self, gain_db: float) -> None:
        if not -120 <= gain_db <= 120:
            raise EvaluationError(f"gain_db={gain_db}; expected -120 to 120 dB")
        self.gain_db = float(gain_db)

    def change(self, recording: Recording, seed: int) -> Recording:  # noqa: ARG002  # nothing is random
        """Return the recording at its new gain."""
        louder = as_batch(recording) * decibels(torch.tensor(self.gain_db))
        return with_samples(recording, (louder * _STEPS).round().clamp(-_STEPS, _STEPS - 1) / _STEPS)


class Clipping(Condition):
    """Cut off the loudest samples, as an overdriven input does.

    Parameters
    ----------
    share
        Of the samples that reach the limit, 0 to 1.

    Raises
    ------
    EvaluationError
        A share that is not between 0 and 1.
    """

    def __init__(self, share: float) -> None:
        if not 0 < share < 1:
            raise EvaluationError(f"share={share}; expected a share between 0 and 1, such as 0.05")
        self.share = float(share)

    def change(self, recording: Recording, seed: int) -> Recording:  # noqa: ARG002  # nothing is random
        """Return the recording cut off at the limit; its level stays."""
        samples = recording.mono()
        limit = np.float32(np.quantile(np.abs(samples), 1 - self.share))
        return with_samples(recording, np.clip(samples, -limit, limit))
