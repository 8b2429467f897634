"""What each published layout calls the weights that our AST has."""

import re
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from resp.models.errors import ModelError

Layout = Literal["huggingface", "timm"]

POSITIONS = "stages.tokens.positions"
HEAD = "stages.logits."

_HUGGINGFACE = {
    "embeddings.patch_embeddings.projection": "stages.patches.projection",
    "embeddings.cls_token": "stages.tokens.class_token",
    "embeddings.distillation_token": "stages.tokens.distillation_token",
    "embeddings.position_embeddings": POSITIONS,
    "layernorm": "stages.feature.norm",
    "classifier.layernorm": f"{HEAD}layernorm",
    "classifier.dense": f"{HEAD}dense",
}
# Files keep the names of transformers 4; modules in memory have those of transformers 5. Both are read.
_HUGGINGFACE_BLOCK = {
    "attention.attention.query": "attention.q_proj",
    "attention.attention.key": "attention.k_proj",
    "attention.attention.value": "attention.v_proj",
    "attention.output.dense": "attention.o_proj",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
}
_TIMM = {
    "v.patch_embed.proj": "stages.patches.projection",
    "v.cls_token": "stages.tokens.class_token",
    "v.dist_token": "stages.tokens.distillation_token",
    "v.pos_embed": POSITIONS,
    "v.norm": "stages.feature.norm",
    "mlp_head.0": f"{HEAD}layernorm",
    "mlp_head.1": f"{HEAD}dense",
}
_TIMM_BLOCK = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "attn.proj": "attention.o_proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}
_TIMM_QKV = "attn.qkv"
_PARTS = ("q_proj", "k_proj", "v_proj")

_HUGGINGFACE_NUMBERED = re.compile(r"(?:encoder\.layer|layers)\.(\d+)\.(.+)")
_TIMM_NUMBERED = re.compile(r"v\.blocks\.(\d+)\.(.+)")


def to_own_keys(raw: Mapping[str, Tensor], where: str) -> tuple[Layout, dict[str, Tensor]]:
    """Give published weights the names that our network has.

    A key that our network has no name for keeps its own, so that the check that follows names it as it
    stands in the file. The ImageNet heads inside a timm file (``v.head*``) are left out.

    Parameters
    ----------
    raw
        Key → tensor, as read from the file.
    where
        What a message begins with.

    Raises
    ------
    ModelError
        The keys are of neither layout, or a joined query, key and value has a size that is no multiple of 3.
    """
    keys = {re.sub(r"^module\.", "", key): tensor for key, tensor in raw.items()}
    if any(key.startswith("v.") for key in keys):
        return "timm", _from_timm(keys, where)
    keys = {re.sub(r"^audio_spectrogram_transformer\.", "", key): tensor for key, tensor in keys.items()}
    if any(key.startswith("embeddings.") for key in keys):
        return "huggingface", {_from_huggingface(key): tensor for key, tensor in keys.items()}
    shown = ", ".join(list(raw)[:4]) or "none"
    raise ModelError(
        f"{where}keys of no AST ({shown} …); expected a Hugging Face AST (embeddings.*, encoder.layer.*) or "
        "the original one (module.v.*)"
    )


def _from_huggingface(key: str) -> str:
    numbered = _HUGGINGFACE_NUMBERED.fullmatch(key)
    if numbered:
        number, rest = numbered.groups()
        return f"stages.block_{int(number) + 1}.{_renamed(rest, _HUGGINGFACE_BLOCK) or rest}"
    return _renamed(key, _HUGGINGFACE) or key


def _from_timm(keys: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    for key, tensor in keys.items():
        if key.startswith("v.head"):
            continue
        numbered = _TIMM_NUMBERED.fullmatch(key)
        if not numbered:
            state[_renamed(key, _TIMM) or key] = tensor
            continue
        block, rest = f"stages.block_{int(numbered[1]) + 1}", numbered[2]
        stem, _, kind = rest.rpartition(".")
        if stem != _TIMM_QKV:
            own = _renamed(rest, _TIMM_BLOCK)
            state[f"{block}.{own}" if own else key] = tensor
            continue
        if tensor.ndim < 1 or len(tensor) % len(_PARTS):
            raise ModelError(f"{where}{key} of shape {tuple(tensor.shape)}; expected 3 · width rows")
        for part, rows in zip(_PARTS, torch.chunk(tensor, len(_PARTS)), strict=True):
            state[f"{block}.attention.{part}.{kind}"] = rows
    return state


def _renamed(key: str, names: Mapping[str, str]) -> str | None:
    """Return our name of a key, with or without ``.weight`` or ``.bias`` behind it; None without one."""
    if key in names:
        return names[key]
    stem, _, kind = key.rpartition(".")
    return f"{names[stem]}.{kind}" if stem in names and kind in ("weight", "bias") else None
