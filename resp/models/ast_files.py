"""Read a file or folder of published AST weights, without executing anything in it."""

import json
import os
from pathlib import Path

from torch import Tensor

from resp.models.checkpoint_file import read_checkpoint
from resp.models.errors import ModelError
from resp.models.positions import Grid

HUB = "hub:"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


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
        return read_checkpoint(weights), _declared_grid(path / "config.json")
    if not path.is_file():
        raise ModelError(f"{name}: no such file or folder; expected AST weights, or {HUB}NAME for the Hugging Face hub")
    return read_checkpoint(path), None


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
