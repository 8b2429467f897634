"""What every waveform augmentation shares: a probability, one place to draw, and a pure change."""

import math
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import torch
from torch import Tensor

from resp.augment.errors import AugmentError

Drawn = TypeVar("Drawn")
Span = tuple[float, float]


class WaveformTransform(ABC, Generic[Drawn]):
    """A change of a waveform that leaves its label as it is.

    Parameters
    ----------
    probability
        Chance of each sample of a batch to be changed.

    Raises
    ------
    AugmentError
        ``probability`` is not in [0, 1].
    """

    def __init__(self, probability: float) -> None:
        self.probability = check_probability(probability)

    def __call__(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Change each sample of a batch with the probability, each in its own way.

        Parameters
        ----------
        waveform
            [batch, time] floating-point samples; left as they are.
        generator
            Source of all randomness; a CPU generator, so that every device draws alike. As much is drawn
            whether or not a sample is changed.

        Returns
        -------
        Tensor
            [batch, time], a new tensor of the same type and device.

        Raises
        ------
        AugmentError
            Not [batch, time] floating-point samples, or none of them.
        """
        if waveform.ndim != 2 or not waveform.is_floating_point() or 0 in waveform.shape:
            raise AugmentError(
                f"samples of shape {tuple(waveform.shape)} and type {waveform.dtype}; "
                f"expected [batch, time] of floating point, at least one sample of one clip"
            )
        chosen = torch.rand(len(waveform), generator=generator, device=generator.device) < self.probability
        drawn = self.draw(waveform, generator)
        # Half precision has no Fourier transform on a CPU, and too few digits for noise at 40 dB.
        samples = waveform if waveform.dtype == torch.float64 else waveform.float()
        return self.apply_where(chosen, samples, drawn).to(waveform.dtype)

    @abstractmethod
    def draw(self, waveform: Tensor, generator: torch.Generator) -> Drawn:
        """Draw the random numbers for a batch [batch, time], on the waveform's device."""

    @abstractmethod
    def apply(self, waveform: Tensor, drawn: Drawn) -> Tensor:
        """Return the changed batch; ``waveform`` itself is left as it was."""

    def apply_where(self, chosen: Tensor, waveform: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch with the samples changed that are ``chosen``, [batch] of True and False."""
        changed = self.apply(waveform, drawn)
        return changed if chosen.all() else torch.where(chosen.to(waveform.device)[:, None], changed, waveform)


def check_probability(probability: float) -> float:
    """Return ``probability``; `AugmentError` where it is not in [0, 1]."""
    if not is_number(probability) or not 0 <= probability <= 1:
        raise AugmentError(f"probability {probability!r}; expected a number from 0 to 1")
    return probability


def check_span(name: str, span: Span, *, low: float = -math.inf, high: float = math.inf) -> Span:
    """Return ``span`` as (lowest, highest).

    Raises
    ------
    AugmentError
        It is no pair of numbers, runs backwards, is not finite, or leaves ``low`` to ``high``.
    """
    if not isinstance(span, tuple | list) or len(span) != 2 or not all(map(is_number, span)):
        raise AugmentError(f"{name} {span!r}; expected two numbers, (lowest, highest)")
    first, last = float(span[0]), float(span[1])
    if not (math.isfinite(first) and math.isfinite(last) and low <= first <= last <= high):
        bounds = "" if math.isinf(low) and math.isinf(high) else f" within {low:g} to {high:g}"
        raise AugmentError(f"{name} ({first:g}, {last:g}); expected (lowest, highest){bounds}")
    return first, last


def check_whole_span(name: str, span: tuple[int, int], *, low: int, high: int) -> tuple[int, int]:
    """Return ``span`` as (lowest, highest) whole numbers; `AugmentError` as of `check_span`."""
    first, last = check_span(name, span, low=low, high=high)
    if not (first.is_integer() and last.is_integer()):
        raise AugmentError(f"{name} ({first:g}, {last:g}); expected whole numbers")
    return int(first), int(last)


def check_whole(name: str, value: int, *, low: int) -> int:
    """Return ``value``; `AugmentError` where it is no whole number from ``low`` on."""
    if type(value) is not int or value < low:
        raise AugmentError(f"{name} {value!r}; expected a whole number of at least {low}")
    return value


def is_number(value: object) -> bool:
    """Say whether a value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def uniform(waveform: Tensor, span: Span, generator: torch.Generator) -> Tensor:
    """Draw one number of ``span`` for each sample of a batch: float32 [batch, 1] on its device."""
    drawn = torch.rand(len(waveform), 1, generator=generator, device=generator.device)
    numbers: Tensor = span[0] + (span[1] - span[0]) * drawn
    return numbers.to(waveform.device)
