"""Published AST weights, in either layout, into one of our networks.

================  ======================================================  ================================
Layout            Files                                                   Keys
================  ======================================================  ================================
``huggingface``   a folder: config.json + model.safetensors or            ``…embeddings.position_embeddings``,
                  pytorch_model.bin                                       ``…encoder.layer.N.attention…``
``timm``          one .pth of the original code                           ``module.v.blocks.N.attn.qkv…``
================  ======================================================  ================================
"""

import os
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from resp.models.ast import AudioSpectrogramTransformer
from resp.models.ast_files import read_source
from resp.models.ast_keys import HEAD, POSITIONS, Layout, to_own_keys
from resp.models.ast_stages import TOKENS
from resp.models.errors import ModelError
from resp.models.network import Network
from resp.models.positions import AUDIOSET_GRID, Grid, fit_positions
from resp.models.state import load_state

Head = Literal["auto", "require", "skip"]


@dataclass(frozen=True, slots=True)
class AstWeights:
    """What was loaded.

    Parameters
    ----------
    layout
        In which layout the weights came.
    head
        Whether the classification head was taken too.
    grid
        ``(frequency, time)`` on which the positions were learned.
    positions_fitted
        Whether they had to be cut or interpolated.
    """

    layout: Layout
    head: bool
    grid: Grid
    positions_fitted: bool


def load_ast_weights(
    network: Network,
    source: str | os.PathLike[str],
    *,
    head: Head = "auto",
    grid: Grid | None = None,
) -> AstWeights:
    """Fill a network from published AST weights, in place.

    Parameters
    ----------
    network
        Made by `resp.models.ast.build_ast`; its positions are laid out by its ``position_layout``.
    source
        A Hugging Face folder, a file of weights (.pth, .pt, .bin, .safetensors), or ``hub:NAME``, which alone
        reaches the internet: ``hub:MIT/ast-finetuned-audioset-10-10-0.4593``.
    head
        ``auto`` takes the classification head where it has as many classes as the network, ``require``
        refuses another number, ``skip`` leaves the network's own.
    grid
        ``(frequency, time)`` on which the positions were learned. None takes it from the folder's
        config.json; of a file without one, frequency is that of AudioSet's grid (12) or the network's.

    Returns
    -------
    AstWeights
        What was taken.

    Raises
    ------
    ModelError
        No AST, a source that cannot be read, keys of neither layout, missing keys, other shapes, another
        number of classes where the head is required, or positions that fit no grid; it names them.
    """
    if not isinstance(network, AudioSpectrogramTransformer):
        raise ModelError(f"AST weights for a {type(network).__name__}; expected a network made by build_ast")
    if head not in ("auto", "require", "skip"):
        raise ModelError(f"head={head!r}; expected auto, require or skip")
    raw, declared = read_source(source)
    where = f"{os.fspath(source)}: "
    layout, state = to_own_keys(raw, where)
    own = network.state_dict()
    taken = _take_head(state, own, head, where)
    positions, learned, fitted = _fit_positions(state, network, grid or declared, where)
    if positions is not None:
        state[POSITIONS] = positions
    load_state(network, state, where)
    return AstWeights(layout, taken, learned, fitted)


def _take_head(state: dict[str, Tensor], own: dict[str, Tensor], head: Head, where: str) -> bool:
    """Leave in ``state`` the head that is to be loaded; whether it is the published one."""
    keys = [key for key in own if key.startswith(HEAD)]
    bias = f"{HEAD}dense.bias"
    given = len(state[bias]) if bias in state else 0
    expected = len(own[bias])
    if head == "require" and given != expected:
        raise ModelError(
            f"{where}its head has {given or 'no'} classes ({bias}), the network has {expected}; make the "
            f"network with as many classes, or leave the head with head='skip'"
        )
    if head != "skip" and given == expected:
        return True
    for key in [key for key in state if key.startswith(HEAD)]:
        del state[key]
    state.update({key: own[key] for key in keys})
    return False


def _fit_positions(
    state: dict[str, Tensor], network: AudioSpectrogramTransformer, grid: Grid | None, where: str
) -> tuple[Tensor | None, Grid, bool]:
    """Return the positions for the network's grid, the grid they come from, and whether they changed."""
    given = state.get(POSITIONS)
    if given is None or given.ndim != 3 or given.shape[1] <= TOKENS:
        # The check of all keys and shapes names it.
        return None, network.grid, False
    patches = given.shape[1] - TOKENS
    source = grid or _guess_grid(patches, network.grid, where)
    if source[0] * source[1] != patches:
        raise ModelError(
            f"{where}{POSITIONS} holds {patches} patches, but a grid (frequency, time) of {source} has "
            f"{source[0] * source[1]}; give the grid they were learned on"
        )
    same = source == network.grid and network.position_layout == "frequency_time"
    if same:
        return given, source, False
    moved = fit_positions(given[0, TOKENS:].float(), source, network.grid, network.position_layout)
    return torch.cat((given[0, :TOKENS].float(), moved))[None], source, True


def _guess_grid(patches: int, own: Grid, where: str) -> Grid:
    for frequency in (AUDIOSET_GRID[0], own[0]):
        if patches % frequency == 0:
            return frequency, patches // frequency
    raise ModelError(
        f"{where}{POSITIONS} holds {patches} patches, which are no multiple of {AUDIOSET_GRID[0]} or "
        f"{own[0]} frequencies; give grid=(frequency, time)"
    )
