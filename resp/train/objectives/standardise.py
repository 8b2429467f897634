"""Standardisation by statistics that are gathered while training."""

import torch
from torch import Tensor, nn

_LEAST_VARIANCE = 1e-6


class RunningStandardise(nn.Module):
    """(x − mean) / deviation of each channel, over all that was seen in training so far, the present batch included.

    Batches are joined as in Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances", 1979. Unlike batch normalisation it treats a batch by statistics of many, and never forgets.

    Parameters
    ----------
    size
        Number of channels.
    """

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, values: Tensor) -> Tensor:
        """[batch, size] → [batch, size]; in training the batch is taken in first."""
        if self.training:
            self._take_in(values.detach())
        return (values - self.mean) / self.deviation

    def undo(self, standardised: Tensor) -> Tensor:
        """[batch, size] standardised values → values."""
        return standardised * self.deviation + self.mean

    @property
    def deviation(self) -> Tensor:
        """[size] standard deviation, never 0."""
        return self.variance.clamp(min=_LEAST_VARIANCE).sqrt()

    @torch.no_grad()
    def _take_in(self, values: Tensor) -> None:
        total = self.count + len(values)
        share = (len(values) / total).to(self.mean)
        away = values.mean(dim=0) - self.mean
        spread = values.var(dim=0, correction=0)
        # No weight is left of the values that stand there first.
        self.variance += share * (spread - self.variance) + share * (1 - share) * away.square()
        self.mean += share * away
        self.count += len(values)
