"""A file of weights read without executing anything in it."""

import struct
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from resp.models.errors import ModelError

# Under which a training script may have put the weights in its checkpoint.
_WRAPPERS = ("model", "state_dict")
# What torch.load raises for bytes that are damaged, or that would run code.
_DAMAGED = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    struct.error,
    SafetensorError,
    UnpicklingError,
)


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file, or a .pth, .pt or .bin file that holds tensors alone.

    Returns
    -------
    dict
        Key → tensor on the CPU; taken out of a checkpoint's ``model`` or ``state_dict``.

    Raises
    ------
    ModelError
        The file is missing, damaged, or holds anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        values: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file; expected a file of weights") from error
    except _DAMAGED as error:
        first = str(error).partition("\n")[0] or type(error).__name__
        raise ModelError(f"{path}: damaged, or not a file of tensors alone ({first})") from error
    for wrapper in _WRAPPERS:
        if isinstance(values, Mapping) and isinstance(values.get(wrapper), Mapping):
            values = values[wrapper]
    if not isinstance(values, Mapping) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in values.items()
    ):
        raise ModelError(f"{path}: holds a {type(values).__name__}; expected a mapping from key to tensor")
    return dict(values)
