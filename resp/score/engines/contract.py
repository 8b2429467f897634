"""The engine contract: windows of sound in, logits and a pooled feature out, whatever multiplies the matrices."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

EngineName = Literal["torch", "onnx", "openvino"]
Precision = Literal["fp32", "bf16", "int8"]
Choice = Literal["torch", "onnx", "openvino", "auto"]

Floats = NDArray[np.float32]


class Answer(NamedTuple):
    """What a network says of n windows.

    Parameters
    ----------
    logits
        float32 [n, classes].
    pooled
        float32 [n, channels]: the output of the stage that familiarity is judged by, averaged over all axes but its
        channels; the logits themselves where no stage is.
    """

    logits: Floats
    pooled: Floats


class Engine(ABC):
    """What runs a model's network.

    Parameters
    ----------
    precision
        What its matrix products compute in.
    rate_hz
        Rate of the windows.
    input_samples
        Their length; None where any is taken.
    stage
        Whose pooled output is given beside the logits; ``logits`` where nothing else is needed.
    reason
        Why it is this one, for a log; empty where it was simply asked for.
    """

    name: ClassVar[EngineName]

    def __init__(
        self, *, precision: Precision, rate_hz: int, input_samples: int | None, stage: str, reason: str = ""
    ) -> None:
        self.precision: Precision = precision
        self.stage = stage
        self.rate_hz = rate_hz
        self.input_samples = input_samples
        self.reason = reason

    @abstractmethod
    def run(self, windows: NDArray[Any]) -> Answer:
        """Return what the network says of float32 ``windows`` [n, samples], n at least 1."""

    def told(self) -> str:
        """Return in words what runs, and why."""
        return f"{self.name} {self.precision}" + (f": {self.reason}" if self.reason else "")
