"""How long the input of a network is, and what is left of it behind its layers."""

from collections.abc import Sequence
from typing import NamedTuple

from resp.models.checks import check_number


class Slide(NamedTuple):
    """How a convolution or a pooling moves along time.

    Parameters
    ----------
    kernel
        Steps that it sees at once.
    stride
        Steps from one place to the next.
    padding
        Zeros at each end.
    """

    kernel: int
    stride: int = 1
    padding: int = 0


def length_behind(length: int, slides: Sequence[Slide]) -> int:
    """Return how many steps ``slides``, one after the other, make of ``length`` steps."""
    for kernel, stride, padding in slides:
        length = (length + 2 * padding - kernel) // stride + 1
    return length


def least_length(slides: Sequence[Slide]) -> int:
    """Return the fewest steps of which ``slides``, one after the other, leave one."""
    length = 1
    for kernel, stride, padding in reversed(slides):
        length = max(1, (length - 1) * stride + kernel - 2 * padding)
    return length


def window_samples(window_s: float, rate_hz: int, least_samples: int) -> int:
    """Return a window in samples.

    Parameters
    ----------
    window_s
        Length in seconds.
    rate_hz
        The network's rate.
    least_samples
        The fewest samples that the network can take.

    Raises
    ------
    ModelError
        A window that is shorter, or no number.
    """
    least_s = least_samples / rate_hz
    check_number("window_s", window_s, f"at least {least_s:g} seconds", least=least_s)
    return round(window_s * rate_hz)
