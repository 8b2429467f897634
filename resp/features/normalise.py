"""Normalisation of features to a common scale, with statistics that are fitted once and kept.

===================  ======================================================================
Statistics over      Meaning
===================  ======================================================================
``patch``            each picture (the last two axes) by itself
``batch``            everything in the call: a result depends on what else is in the batch
``bin``              each frequency bin, fitted on the training part
``dataset``          one pair of numbers, fitted on the training part
===================  ======================================================================
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args

import torch
from torch import Tensor, nn

from resp.features.errors import FeatureError
from resp.features.statistics import Statistics

Over = Literal["patch", "batch", "bin", "dataset"]
FITTED: tuple[Over, ...] = ("bin", "dataset")


class Normaliser(ABC):
    """Subtracts an offset and divides by a scale, both statistics of the data.

    Parameters
    ----------
    over
        What the statistics are taken over; see the table above.
    bin_axis
        Which axis holds the frequency bins; only ``over="bin"`` asks.
    epsilon
        The smallest scale that is divided by; data without any spread becomes 0.

    Raises
    ------
    FeatureError
        No such ``over``, or ``epsilon`` is not positive.
    """

    kind: ClassVar[str]

    def __init__(self, over: Over, *, bin_axis: int = -1, epsilon: float = 1e-8) -> None:
        if over not in get_args(Over):
            raise FeatureError(f"normalisation over {over!r}; expected one of {', '.join(get_args(Over))}")
        if not epsilon > 0:
            raise FeatureError(f"epsilon {epsilon}; expected a positive number")
        self.over: Over = over
        self.bin_axis = bin_axis
        self.epsilon = epsilon
        self.offset: Tensor | None = None
        self.scale: Tensor | None = None

    def fit(self, values: Tensor | Iterable[Tensor]) -> Self:
        """Take the statistics of the training part; they replace earlier ones.

        Parameters
        ----------
        values
            One tensor, or as many batches of it as there are: they are read once and never held together.

        Returns
        -------
        Normaliser
            Itself. Over ``patch`` or ``batch`` there is nothing to fit, and nothing is read.

        Raises
        ------
        FeatureError
            No values, values that are not finite, or batches with different numbers of bins.
        """
        if self.over in FITTED:
            statistics = Statistics()
            for batch in [values] if isinstance(values, Tensor) else values:
                statistics.add(self._columns(batch))
            statistics.check()
            self.offset, self.scale = self._fitted(statistics)
        return self

    def __call__(self, values: Tensor) -> Tensor:
        """Return the normalised values, of the shape, type and device of ``values``.

        Raises
        ------
        FeatureError
            Not fitted, or fitted to another number of bins.
        """
        self._check_axes(values)
        if self.over == "patch":
            offset, scale = self._taken(values, (-2, -1))
        elif self.over == "batch":
            offset, scale = self._taken(values, tuple(range(values.ndim)))
        else:
            offset, scale = self._kept(values)
        return (values - offset) / scale.clamp(min=self.epsilon)

    def to_dict(self) -> dict[str, Any]:
        """Return settings and statistics as plain values, for a model's ``config.json``."""
        return {
            "kind": self.kind,
            "over": self.over,
            "bin_axis": self.bin_axis,
            "epsilon": self.epsilon,
            "offset": None if self.offset is None else self.offset.tolist(),
            "scale": None if self.scale is None else self.scale.tolist(),
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "Normaliser":
        """Make the normaliser that `to_dict` described; `FeatureError` where ``values`` is no such thing."""
        try:
            made = KINDS[values["kind"]](
                values["over"], bin_axis=int(values["bin_axis"]), epsilon=float(values["epsilon"])
            )
            if values["offset"] is not None:
                made.offset = torch.tensor(values["offset"], dtype=torch.float64)
                made.scale = torch.tensor(values["scale"], dtype=torch.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise FeatureError(f"not a saved normalisation: {type(error).__name__}: {error}") from error
        if made.offset is not None and made.scale is not None:
            finite = bool(made.offset.isfinite().all() and made.scale.isfinite().all())
            if made.offset.ndim != 1 or made.offset.shape != made.scale.shape or not finite:
                raise FeatureError("not a saved normalisation: offset and scale must be equally many finite numbers")
        return made

    def save(self, path: str | Path) -> None:
        """Write `to_dict` as JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: str | Path) -> "Normaliser":
        """Read what `save` wrote; `FeatureError` where the file is missing or holds something else."""
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise FeatureError(f"{path}: no saved normalisation could be read: {error}") from error
        if not isinstance(values, dict):
            raise FeatureError(f"{path}: not a saved normalisation; expected what `save` wrote")
        return Normaliser.from_dict(values)

    @abstractmethod
    def _fitted(self, statistics: Statistics) -> tuple[Tensor, Tensor]:
        """Return offset and scale of fitted statistics, [bins] or [1]."""

    @abstractmethod
    def _taken(self, values: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Return offset and scale of ``values`` over ``axes``, which are kept with size 1."""

    def _kept(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the fitted offset and scale, shaped so that they meet the right axis."""
        if self.offset is None or self.scale is None:
            raise FeatureError(f"normalisation over {self.over!r} is not fitted; call fit on the training part")
        shape = [1] * values.ndim
        if self.over == "bin":
            bins = values.shape[self.bin_axis]
            if bins != len(self.offset):
                raise FeatureError(f"{bins} bins on axis {self.bin_axis}; fitted to {len(self.offset)}")
            shape[self.bin_axis] = bins
        return self.offset.to(values).reshape(shape), self.scale.to(values).reshape(shape)

    def _check_axes(self, values: Tensor) -> None:
        if self.over == "patch" and values.ndim < 2:
            raise FeatureError(f"values of shape {tuple(values.shape)}; expected pictures [..., rows, columns]")
        if self.over == "bin" and not -values.ndim <= self.bin_axis < values.ndim:
            raise FeatureError(f"values of shape {tuple(values.shape)} have no axis {self.bin_axis} for the bins")

    def _columns(self, values: Tensor) -> Tensor:
        """Return ``values`` as [rows, bins], or as [rows, 1] over the whole data set."""
        self._check_axes(values)
        if self.over == "dataset":
            return values.reshape(-1, 1)
        return values.movedim(self.bin_axis, -1).reshape(-1, values.shape[self.bin_axis])


class MinMax(Normaliser):
    """Brings values to [0, 1]: (x − min) / (max − min); values outside the fitted range go beyond.

    Equal to scikit-learn's ``MinMaxScaler`` over ``bin``. See `Normaliser` for the parameters.
    """

    kind = "min_max"

    def _fitted(self, statistics: Statistics) -> tuple[Tensor, Tensor]:
        return statistics.minimum, statistics.maximum - statistics.minimum

    def _taken(self, values: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        minimum = values.amin(axes, keepdim=True)
        return minimum, values.amax(axes, keepdim=True) - minimum


class ZScore(Normaliser):
    """Brings values to mean 0 and standard deviation 1: (x − mean) / std, std over N.

    Equal to scikit-learn's ``StandardScaler`` over ``bin``. See `Normaliser` for the parameters.
    """

    kind = "z_score"

    def _fitted(self, statistics: Statistics) -> tuple[Tensor, Tensor]:
        return statistics.mean, statistics.variance.sqrt()

    def _taken(self, values: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        # Relative to the minimum, so that rounding leaves equal values (digital silence) no spread at all.
        minimum = values.amin(axes, keepdim=True)
        above = values - minimum
        return minimum + above.mean(axes, keepdim=True), above.std(axes, correction=0, keepdim=True)


KINDS: dict[str, type[Normaliser]] = {made.kind: made for made in (MinMax, ZScore)}


class FixedNormalise(nn.Module):
    """Subtracts a given mean and divides by a multiple of a given standard deviation.

    AST divides by twice the standard deviation (Gong et al., Interspeech 2021), which is the default.

    Parameters
    ----------
    mean, std
        Statistics of the data set; AudioSet's are −4.2677393 and 4.5689974.
    divisor
        How many standard deviations become 1.

    Raises
    ------
    FeatureError
        ``std`` or ``divisor`` is not positive.
    """

    def __init__(self, mean: float, std: float, divisor: float = 2.0) -> None:
        super().__init__()
        if not (std > 0 and divisor > 0):
            raise FeatureError(f"std {std} and divisor {divisor}; expected positive numbers")
        self.mean = mean
        self.std = std
        self.divisor = divisor

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Return ``(spectrogram − mean) / (divisor · std)``, of the same shape."""
        return (spectrogram - self.mean) / (self.divisor * self.std)

    def extra_repr(self) -> str:
        """Return what ``print`` shows beside the name."""
        return f"mean={self.mean:g}, std={self.std:g}, divisor={self.divisor:g}"
