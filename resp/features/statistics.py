"""Minimum, maximum, mean and variance of columns of numbers, gathered batch by batch."""

import torch
from torch import Tensor

from resp.features.errors import FeatureError


class Statistics:
    """Statistics of [rows, columns], as many rows as come, in float64 on the CPU.

    Mean and variance of two parts are joined by the formula of Chan, Golub and LeVeque (1979), which stays
    exact where a sum of squares would cancel.
    """

    def __init__(self) -> None:
        self.count = 0
        self.minimum = self.maximum = self.mean = self._squares = torch.empty(0, dtype=torch.float64)

    def add(self, rows: Tensor) -> None:
        """Take in ``rows`` [rows, columns]; `FeatureError` where not finite or of other columns."""
        if not len(rows):
            return
        rows = rows.detach().double().cpu()
        if not rows.isfinite().all():
            raise FeatureError("values that are not finite (NaN or infinite); leave those clips out")
        minimum, maximum = rows.amin(0), rows.amax(0)
        mean = rows.mean(0)
        squares = (rows - mean).square().sum(0)
        if not self.count:
            self.minimum, self.maximum, self.mean, self._squares = minimum, maximum, mean, squares
        elif mean.shape != self.mean.shape:
            raise FeatureError(f"a batch of {len(mean)} bins after one of {len(self.mean)}; expected the same")
        else:
            total = self.count + len(rows)
            step = mean - self.mean
            self.minimum, self.maximum = self.minimum.minimum(minimum), self.maximum.maximum(maximum)
            self._squares = self._squares + squares + step.square() * (self.count * len(rows) / total)
            self.mean = self.mean + step * (len(rows) / total)
        self.count += len(rows)

    def check(self) -> None:
        """Raise `FeatureError` where nothing was taken in."""
        if not self.count:
            raise FeatureError("no values to fit to; give the training part")

    @property
    def variance(self) -> Tensor:
        """Variance of each column over N rows, [columns]."""
        return self._squares / self.count
