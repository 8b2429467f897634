"""The projector that stands between a feature and the contrastive loss."""

from torch import Tensor, nn

from resp.losses.errors import LossError


class Projector(nn.Module):
    """Linear, BatchNorm, ReLU, Linear, all of one size (Bae et al., Interspeech 2023).

    Parameters
    ----------
    size
        Size of the feature and of what comes out (768 for AST base).

    Raises
    ------
    LossError
        ``size`` is not positive.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        if size < 1:
            raise LossError(f"a projector of size {size}; expected the size of the feature")
        self.size = size
        self.layers = nn.Sequential(nn.Linear(size, size), nn.BatchNorm1d(size), nn.ReLU(), nn.Linear(size, size))

    def forward(self, feature: Tensor) -> Tensor:
        """[batch, size] → [batch, size]; `LossError` for another size or, in training, a batch of one."""
        if feature.ndim != 2 or feature.shape[1] != self.size:
            raise LossError(f"feature {tuple(feature.shape)}; expected [batch, {self.size}]")
        if self.training and feature.shape[0] < 2:
            raise LossError("a batch of one; BatchNorm trains on two samples or more: make batches larger")
        projected: Tensor = self.layers(feature)
        return projected
