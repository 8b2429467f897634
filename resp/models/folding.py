"""Batch normalisation that follows a convolution becomes part of its weights: the same sums with fewer steps."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from resp.models.network import Network

_Convolution = nn.Conv1d | nn.Conv2d
_Normalisation = nn.BatchNorm1d | nn.BatchNorm2d


def folded(network: Network) -> Network:
    """Return a network in evaluation mode that gives the same logits to rounding, and computes less.

    Parameters
    ----------
    network
        It stays as it is; one without such layers is returned itself, in the mode it is in.
    """
    if next(_pairs(network), None) is None:
        return network
    made = deepcopy(network).eval()
    for sequence, place, convolution, normalisation in list(_pairs(made)):
        sequence[place] = fuse_conv_bn_eval(convolution, normalisation)
        sequence[place + 1] = nn.Identity()
    return made


def _pairs(network: nn.Module) -> Iterator[tuple[nn.Sequential, int, _Convolution, _Normalisation]]:
    """Yield at which place of which sequence a convolution is, and the normalisation behind it."""
    for sequence in network.modules():
        if isinstance(sequence, nn.Sequential):
            for place, (one, other) in enumerate(pairwise(sequence)):
                if isinstance(one, _Convolution) and isinstance(other, _Normalisation):
                    yield sequence, place, one, other
