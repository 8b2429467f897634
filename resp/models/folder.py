"""Model folders: ``config.json`` + ``model.safetensors`` + ``README.md`` (the model card).

The configuration holds everything that scoring needs, so a folder can be moved or sent as it is. Nothing in
it is executed: weights are safetensors, and the network is one of those that are registered.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from resp.errors import RespError
from resp.models import create
from resp.models.config import FORMAT_VERSION, ModelConfig
from resp.models.errors import ModelError
from resp.models.initialise import SkipInitialisation
from resp.models.network import Network
from resp.models.state import fit_state

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
CARD = "README.md"

SHIPPED = Path(__file__).parent / "shipped"
DEFAULT_MODEL = "lungs"
"""The installed model that is used where none is named."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A model that is ready to score.

    Parameters
    ----------
    network
        With its weights, in evaluation mode.
    config
        What ``config.json`` says.
    sha256
        Checksum over ``config.json`` and ``model.safetensors``, in hexadecimal.
    card
        The model card, Markdown; empty where there is none.
    folder
        Where it was read from.
    """

    network: Network
    config: ModelConfig
    sha256: str
    card: str
    folder: Path


def installed_models() -> tuple[str, ...]:
    """Return the names of the models that came with resp."""
    if not SHIPPED.is_dir():
        return ()
    return tuple(sorted(entry.name for entry in SHIPPED.iterdir() if (entry / CONFIG).is_file()))


def find_model(model: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of a model.

    Parameters
    ----------
    model
        Name of an installed model, or a folder; None for the default model.

    Raises
    ------
    ModelError
        Neither an installed model nor a folder with a ``config.json``.
    """
    name = DEFAULT_MODEL if model is None else model
    known = installed_models()
    if isinstance(name, str) and name in known:
        return SHIPPED / name
    folder = Path(name)
    if (folder / CONFIG).is_file():
        return folder
    given = f"the default model {name!r}" if model is None else f"model {os.fspath(name)!r}"
    why = f"that folder has no {CONFIG}" if folder.is_dir() else "there is no such model or folder"
    close = get_close_matches(os.fspath(name), known, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    listed = ", ".join(known) or "none is installed"
    raise ModelError(f"{given}: {why}{hint} Expected a model folder or an installed model ({listed})")


def read_config(folder: str | os.PathLike[str]) -> ModelConfig:
    """Read a model folder's ``config.json``.

    Raises
    ------
    ModelError
        It is missing, no JSON, of another format version, or a field is wrong or unknown.
    """
    path = Path(folder) / CONFIG
    try:
        return _parse_config(path.read_bytes(), path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); expected a model folder") from error


def read_weights(folder: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Read a model folder's weights: stage and parameter name → tensor on the CPU.

    Raises
    ------
    ModelError
        The file is missing or damaged.
    """
    path = Path(folder) / WEIGHTS
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise ModelError(
            f"{path}: missing; a model folder holds {CONFIG} and {WEIGHTS} (what resp export wrote only scores)"
        ) from error
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: damaged or no safetensors file ({error}); copy or download it again") from error


def load_model(model: str | os.PathLike[str] | None = None, device: str = "cpu") -> LoadedModel:
    """Load a model folder.

    Parameters
    ----------
    model
        Name of an installed model, or a folder; None for the default model.
    device
        Where the network shall run.

    Returns
    -------
    LoadedModel
        Its network in evaluation mode.

    Raises
    ------
    ModelError
        No such model, a folder that is incomplete or damaged, a network that is not registered, settings that
        it does not take, or weights that do not fit it; the message names the file and the weights.
    """
    folder = find_model(model)
    config = read_config(folder)
    path = folder / CONFIG
    network = build_network(config, f"{path}: ")
    weights = fit_state(read_weights(folder), network.state_dict(), f"{folder / WEIGHTS}: ")
    network.load_state_dict(weights, assign=True)
    card = folder / CARD
    return LoadedModel(
        network=network.to(device).eval(),
        config=config,
        sha256=model_checksum(folder),
        card=card.read_text(encoding="utf-8") if card.is_file() else "",
        folder=folder,
    )


def save_model(
    folder: str | os.PathLike[str],
    network: Network,
    config: ModelConfig,
    card: str = "",
    *,
    half: bool = False,
) -> None:
    """Write a model folder that `load_model` reads back.

    Each file appears only when it is complete; a folder that is there already is brought up to date.

    Parameters
    ----------
    folder
        Made where it is missing.
    network, config
        They must belong together: the network is what ``config`` makes, and the classes are equal.
    card
        The model card, Markdown. Where empty, none is written and one that is there stays.
    half
        Store trainable weights in half precision: half the size, three decimal digits.

    Raises
    ------
    ModelError
        The configuration makes another network, or the folder cannot be written.
    """
    target = Path(folder)
    if config.classes != network.classes:
        raise ModelError(
            f"{target}: the configuration's classes {list(config.classes)} are not the network's "
            f"{list(network.classes)}; write the network's, in its order"
        )
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    expected = build_network(config, f"{target}: ").state_dict()
    fit_state(state, expected, f"{target}: the network is not the one that the configuration makes: ")
    if half:
        trainable = {name for name, _ in network.named_parameters()}
        state = {name: tensor.half() if name in trainable else tensor for name, tensor in state.items()}
    try:
        target.mkdir(parents=True, exist_ok=True)
        _write_weights(target / WEIGHTS, state)
    except OSError as error:
        raise _unwritable(target, error) from error
    write_config(target, config)
    if card:
        write_card(target, card)


def write_config(folder: str | os.PathLike[str], config: ModelConfig) -> None:
    """Write a model folder's ``config.json``, which appears only when it is complete; weights and card stay.

    Raises
    ------
    ModelError
        The folder cannot be written.
    """
    _write_text(Path(folder) / CONFIG, _config_text(config))


def write_card(folder: str | os.PathLike[str], card: str) -> None:
    """Write a model folder's card, which appears only when it is complete.

    Raises
    ------
    ModelError
        The folder cannot be written.
    """
    _write_text(Path(folder) / CARD, card)


def model_checksum(folder: str | os.PathLike[str], config: ModelConfig | None = None) -> str:
    """Return the checksum that reports name: SHA-256 over ``config.json`` and ``model.safetensors``, hexadecimal.

    Parameters
    ----------
    folder
        The model folder.
    config
        The checksum there would be after `write_config` with this; None for the file that is there.

    Raises
    ------
    ModelError
        One of the files cannot be read.
    """
    place = Path(folder)
    said = _read(place / CONFIG) if config is None else _config_text(config).encode()
    return sha256(said + _read(place / WEIGHTS)).hexdigest()


def weights_checksum(folder: str | os.PathLike[str]) -> str:
    """Return SHA-256 over ``model.safetensors`` alone, hexadecimal; `ModelError` where it cannot be read."""
    return sha256(_read(Path(folder) / WEIGHTS)).hexdigest()


def _parse_config(raw: bytes, path: Path) -> ModelConfig:
    try:
        values = json.loads(raw)
    except ValueError as error:
        raise ModelError(f"{path}: no JSON ({error}); expected a model's configuration") from error
    version = values.get("format_version", FORMAT_VERSION) if isinstance(values, dict) else None
    if version is None or "network" not in values:
        raise ModelError(f'{path}: no configuration of a resp model; expected "network", "classes" and more')
    if version != FORMAT_VERSION:
        raise ModelError(f"{path}: format version {version!r}; this resp reads {FORMAT_VERSION}: update resp")
    try:
        return ModelConfig.model_validate_json(raw)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ModelError(f"{path}: {wrong}") from error


def build_network(config: ModelConfig, where: str) -> Network:
    """Make the network of a configuration, its weights not yet set; `ModelError` begins with ``where``."""
    try:
        with SkipInitialisation():
            return create(config.network, classes=config.classes, **config.settings)
    except (RespError, TypeError) as error:
        raise ModelError(f"{where}{error}") from error


def _config_text(config: ModelConfig) -> str:
    return json.dumps(config.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); expected a model folder") from error


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise _unwritable(path.parent, error) from error


def _unwritable(folder: Path, error: OSError) -> ModelError:
    return ModelError(f"{folder}: cannot be written ({error.strerror}); choose another folder")


def _write_weights(path: Path, state: Mapping[str, Tensor]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    save_file(dict(state), partial, metadata={"format": "pt"})
    # safetensors writes files that only their owner may read; a model is meant to be shared.
    umask = os.umask(0)
    os.umask(umask)
    partial.chmod(0o666 & ~umask)
    partial.replace(path)
