"""Filling a network with pretrained weights, whatever they are kept in."""

from pathlib import Path

from resp.models.network import OUTPUT, Network
from resp.train.errors import TrainError

HEAD = f"stages.{OUTPUT}."
POSITIONS = "stages.tokens.positions"


def load_weights(network: Network, name: str, source: str) -> None:
    """Fill a network with pretrained weights, in place.

    Parameters
    ----------
    network, name
        The network and its name in the registry.
    source
        A resp model folder or an installed model: all but the last stage is taken. Otherwise what the
        network's own loader reads.

    Raises
    ------
    RespError
        Weights that are not there or do not fit; the message names what does not.
    """
    from resp.models.folder import installed_models

    if source in installed_models() or is_model_folder(Path(source)):
        _load_backbone(network, name, source)
    elif name in ("ast_conv", "mn04_linear"):
        from resp.models.mn04_speeds import load_trunk

        load_trunk(network, Path(source))
    elif name.startswith("ast"):
        from resp.models.ast_weights import load_ast_weights

        load_ast_weights(network, source)
    elif name == "mn04":
        from resp.models.mobilenet import load_mn04_weights

        load_mn04_weights(network, Path(source))
    else:
        raise TrainError(f"network.weights {source!r}: {name} can start only from a resp model folder")


def is_model_folder(folder: Path) -> bool:
    """Whether a folder is ours: a Hugging Face folder has a config.json too."""
    import json

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and "format_version" in config and "network" in config


def _load_backbone(network: Network, name: str, source: str) -> None:
    from resp.models.errors import ModelError
    from resp.models.folder import find_model, read_config, read_weights
    from resp.models.positions import fit_token_positions
    from resp.models.state import fit_state

    folder = find_model(source)
    own = network.state_dict()
    given = {key: value for key, value in read_weights(folder).items() if not key.startswith(HEAD)}
    if name.startswith("eat") and POSITIONS in given and POSITIONS in own:
        given[POSITIONS] = fit_token_positions(given[POSITIONS], own[POSITIONS].shape[1])
    head = {key: value for key, value in own.items() if key.startswith(HEAD)}
    try:
        network.load_state_dict(fit_state({**given, **head}, own, f"network.weights {source}: "))
    except ModelError as error:
        held = read_config(folder)
        raise TrainError(
            f"{error}. The folder holds network {held.network} with settings {held.settings}, and network.name is "
            f"{name}; give a folder of {name} with the recipe's settings, or take the folder's network and settings"
        ) from error
