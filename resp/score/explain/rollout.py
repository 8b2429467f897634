"""Attention rollout (Abnar & Zuidema, "Quantifying attention flow in transformers", ACL 2020).

Attention weights, averaged over heads and mixed half and half with the identity that stands for the skip
connection, are multiplied block by block. The rows of the two tokens from which the class is read say how much of
each patch reached them. They say nothing about the class: the picture is the same for every one.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resp.models.ast_layers import ASTLayer
from resp.models.ast_stages import TOKENS
from resp.models.errors import ModelError
from resp.models.network import Network
from resp.models.patch_extents import patch_extents
from resp.score.explain.errors import MethodNotApplicable
from resp.score.explain.explanation import edges
from resp.score.explain.heard import Heard

_BLOCK = "block_"


def attention_rollout(heard: Heard) -> NDArray[np.float32]:
    """Return how much of each cell reached the class, [frames, bins]; none below 0.

    Raises
    ------
    MethodNotApplicable
        A network without transformer blocks over patches, or whose patches have no known place in s and Hz.
    """
    blocks = _blocks(heard.network)
    whole = torch.ones(1, *heard.shape, device=heard.samples.device)
    with torch.no_grad():
        waveform = heard.masked(whole)
        flow = token_flow(heard.network, waveform, blocks)
    try:
        extents = patch_extents(heard.network, waveform.shape[1])
    except ModelError as error:
        raise MethodNotApplicable(f"attention rollout: {error}") from error
    seen = flow[:TOKENS, TOKENS:].mean(dim=0).double().cpu().numpy()
    if len(seen) != len(extents):
        raise MethodNotApplicable(f"attention rollout: {len(seen)} tokens of patches, but {len(extents)} patches")
    return _painted(seen, extents, heard)


def token_flow(network: Network, waveform: Tensor, blocks: list[str]) -> Tensor:
    """Return how much of each token (column) is in each token (row) behind the last block, [tokens, tokens].

    Parameters
    ----------
    network
        Its stages ``blocks`` follow each other behind ``tokens``.
    waveform
        [1, time].
    blocks
        Names of ASTLayers.
    """
    value, before = network.run(waveform, stop="tokens"), "tokens"
    same = torch.eye(value.shape[1], device=value.device)
    flow = same
    for name in blocks:
        flow = (0.5 * attention(network.stages[name], value)[0].mean(dim=0) + 0.5 * same) @ flow
        value, before = network.run(value, start=before, stop=name), name
    return flow


def attention(block: Any, tokens: Tensor) -> Tensor:
    """Return the attention weights of an ASTLayer, [batch, heads, tokens, tokens]; each row sums to one.

    Computed here from queries and keys: the fast way to run attention never has them.
    """
    part = block.attention
    normed = block.layernorm_before(tokens)
    queries, keys = (
        made.view(*normed.shape[:2], -1, part.head_dim).transpose(1, 2)
        for made in (part.q_proj(normed), part.k_proj(normed))
    )
    weights: Tensor = (queries @ keys.transpose(2, 3) * part.scaling).softmax(dim=-1)
    return weights


def _blocks(network: Network) -> list[str]:
    blocks = [name for name in network.stage_names if name.startswith(_BLOCK)]
    layers = all(isinstance(network.stages[name], ASTLayer) for name in blocks)
    if not blocks or not layers or "tokens" not in network.stage_names:
        raise MethodNotApplicable(
            "attention rollout needs transformer blocks over patches, as ast and ast_conv have them; "
            f"this network has the stages {', '.join(network.stage_names)}"
        )
    return blocks


def _painted(seen: NDArray[np.float64], extents: NDArray[np.float64], heard: Heard) -> NDArray[np.float32]:
    """Share each patch out to the cells that it was made of; of a repeated stretch, wherever it was heard."""
    times, bands = edges(heard.times_s), edges(heard.frequencies_hz)
    length_s = len(heard.samples) / heard.rate_hz
    copies = int(np.ceil(heard.clip.window_s / length_s)) if heard.clip.fit == "repeat" else 1
    starts, ends = extents[:, 0:1], extents[:, 1:2]
    low, high = extents[:, 2:3], extents[:, 3:4]
    in_time = np.zeros((len(seen), heard.shape[0]))
    for copy in range(copies):
        here = times + copy * length_s
        in_time += np.clip(np.minimum(ends, here[1:]) - np.maximum(starts, here[:-1]), 0, None)
    in_band = np.clip(np.minimum(high, bands[1:]) - np.maximum(low, bands[:-1]), 0, None)
    for shares in (in_time, in_band):
        sums = shares.sum(axis=1, keepdims=True)
        shares /= np.where(sums > 0, sums, 1)
    return np.asarray((in_time * seen[:, None]).T @ in_band, dtype=np.float32)
