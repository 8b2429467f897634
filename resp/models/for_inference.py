"""A network that is only to answer: the same logits and pooled outputs to rounding, with less to compute.

- Batch normalisation that follows a convolution becomes part of its weights.
- Of an AST only the class and the distillation token are read behind the last block (Gong et al., Interspeech 2021),
  so that the last block makes only these: they still attend to all tokens.
"""

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from resp.models.ast_stages import TOKENS, Feature
from resp.models.network import OUTPUT, Network

_Convolution = nn.Conv1d | nn.Conv2d
_Normalisation = nn.BatchNorm1d | nn.BatchNorm2d


def with_folded_normalisation(network: Network) -> Network:
    """Return a network in evaluation mode whose convolutions hold the normalisation behind them.

    For torch alone: what runs exported graphs does this itself, and OpenVINO is slower where it was done before.

    Parameters
    ----------
    network
        It stays as it is, and shares the weights that are the same in both. One without such layers is returned itself,
        in the mode it is in.
    """
    if next(_pairs(network), None) is None:
        return network
    made = _sharing_copy(network)
    for sequence, place, convolution, normalisation in list(_pairs(made)):
        sequence[place] = fuse_conv_bn_eval(convolution, normalisation)
        sequence[place + 1] = nn.Identity()
    return made


def with_read_tokens_alone(network: Network, whole: str = OUTPUT) -> Network:
    """Return a network in evaluation mode, the last block of which makes only the tokens that are read.

    Parameters
    ----------
    network
        It stays as it is, and shares its weights with what is returned. One without such a block is returned itself, in
        the mode it is in.
    whole
        A stage whose output is looked at, and so stays whole.
    """
    last = next((name for name, behind in pairwise(network.stages) if isinstance(network.stages[behind], Feature)), "")
    if not last.startswith("block_") or last == whole:
        return network
    made = _sharing_copy(network)
    made.stages[last] = _FirstTokens(made.stages[last])
    return made


def _sharing_copy(network: Network) -> Network:
    return deepcopy(network, {id(one): one for one in (*network.parameters(), *network.buffers())}).eval()


def _pairs(network: nn.Module) -> Iterator[tuple[nn.Sequential, int, _Convolution, _Normalisation]]:
    """Yield at which place of which sequence a convolution is, and the normalisation behind it."""
    for sequence in network.modules():
        if isinstance(sequence, nn.Sequential):
            for place, (one, other) in enumerate(pairwise(sequence)):
                if isinstance(one, _Convolution) and isinstance(other, _Normalisation):
                    yield sequence, place, one, other


class _FirstTokens(nn.Module):
    """What an encoder block of AST makes of the tokens that `Feature` reads: [batch, n, width] → [batch, 2, width]."""

    block: Any

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, tokens: Tensor) -> Tensor:
        block, attention = self.block, self.block.attention
        normed, first = block.layernorm_before(tokens), tokens[:, :TOKENS]
        query, key, value = (
            # [batch, heads, tokens, width of a head]
            made.unflatten(-1, (attention.num_attention_heads, -1)).transpose(1, 2)
            for made in (attention.q_proj(normed[:, :TOKENS]), attention.k_proj(normed), attention.v_proj(normed))
        )
        heard = torch.nn.functional.scaled_dot_product_attention(query, key, value, scale=attention.scaling)
        first = first + attention.o_proj(heard.transpose(1, 2).flatten(2))
        made: Tensor = first + block.mlp(block.layernorm_after(first))
        return made
