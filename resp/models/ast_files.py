"""Read a file or folder of published AST weights, without executing anything in it."""

import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from resp.models.errors import ModelError
from resp.models.positions import Grid

HUB = "hub:"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
# Under which a training script may have put the weights in its checkpoint.
_WRAPPERS = ("model", "state_dict")


def read_source(source: str | os.PathLike[str]) -> tuple[dict[str, Tensor], Grid | None]:
    """Read weights.

    Parameters
    ----------
    source
        A Hugging Face folder, a file, or ``hub:NAME``.

    Returns
    -------
    tuple
        Key → tensor, and the grid ``(frequency, time)`` that a config.json beside them declares.

    Raises
    ------
    ModelError
        It is missing, damaged, or holds anything but tensors.
    """
    name = os.fspath(source)
    path = _download(name.removeprefix(HUB)) if name.startswith(HUB) else Path(source)
    if path.is_dir():
        weights = next((path / file for file in _WEIGHTS if (path / file).is_file()), None)
        if weights is None:
            raise ModelError(f"{path}: no weights in this folder; expected {' or '.join(_WEIGHTS)}")
        return _read_file(weights), _declared_grid(path / "config.json")
    if not path.is_file():
        raise ModelError(f"{name}: no such file or folder; expected AST weights, or {HUB}NAME for the Hugging Face hub")
    return _read_file(path), None


def _read_file(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        values: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, SafetensorError, pickle.UnpicklingError) as error:
        first = str(error).partition("\n")[0]
        raise ModelError(f"{path}: damaged, or not a file of tensors alone ({first})") from error
    for wrapper in _WRAPPERS:
        if isinstance(values, Mapping) and isinstance(values.get(wrapper), Mapping):
            values = values[wrapper]
    if not isinstance(values, Mapping) or not all(isinstance(value, Tensor) for value in values.values()):
        raise ModelError(f"{path}: holds a {type(values).__name__}; expected a mapping from key to tensor")
    return dict(values)


def _declared_grid(path: Path) -> Grid | None:
    """Return the patch grid of a Hugging Face config.json; fields that it leaves out have AST's values."""
    try:
        values = json.loads(path.read_bytes())
        patch = values.get("patch_size", 16)
        frequency = (values.get("num_mel_bins", 128) - patch) // values.get("frequency_stride", 10) + 1
        time = (values.get("max_length", 1024) - patch) // values.get("time_stride", 10) + 1
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise ModelError(f"{path}: no configuration of an AST ({error})") from error
    return int(frequency), int(time)


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=["config.json", _WEIGHTS[0]]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).partition("\n")[0]
        raise ModelError(
            f"{HUB}{name}: cannot be had from the Hugging Face hub ({first}); "
            "check the name and the connection, or give a folder that was downloaded before"
        ) from error
