"""Networks made without the cost of random weights that are overwritten at once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch.overrides import TorchFunctionMode

from resp.models import create

_RANDOM = ("normal_", "uniform_")


class SkipInitialisation(TorchFunctionMode):
    """Inside this context new parameters keep whatever was in memory, and no random number is drawn.

    For a network whose weights are loaded, or only counted. It holds for the current thread alone.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Turn an initialisation into nothing, and let everything else through."""
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        if getattr(func, "__name__", "") in _RANDOM:
            # Zero, not nothing: a truncated normal draws again until every value lies within its bounds.
            return args[0].zero_()
        return func(*args, **kwargs)


class Outline(NamedTuple):
    """What a network takes and how large it is, at its own settings.

    Parameters
    ----------
    parameters
        How many weights it has.
    rate_hz
        Sampling rate of the waveform.
    input_samples
        Length of the waveform, or None where any is taken.
    """

    parameters: int
    rate_hz: int
    input_samples: int | None


def outline(name: str, classes: int | Sequence[str], **settings: Any) -> Outline:
    """Return what the network called ``name`` takes and how large it is with so many classes, or with these.

    Raises
    ------
    ModelError
        No such network, or settings that it does not take.
    """
    with SkipInitialisation():
        network = create(name, classes=classes, **settings)
    count = sum(parameter.numel() for parameter in network.parameters())
    return Outline(count, network.rate_hz, network.input_samples)
