"""What a run starts from: the network, its first weights, the objective, the optimiser's groups."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from resp.losses import inverse_frequency_weights
from resp.models import create
from resp.models.network import OUTPUT, Network
from resp.train.augmentation import Augmentation
from resp.train.data import Parts
from resp.train.errors import TrainError
from resp.train.objectives import Objective, create_objective
from resp.train.recipe import Recipe
from resp.train.sections import OptimiserSettings

HEAD = f"stages.{OUTPUT}."
POSITIONS = "stages.tokens.positions"


def build_network(recipe: Recipe, classes: tuple[str, ...]) -> Network:
    """Make a recipe's network with its first weights; random ones come from torch's global generator.

    Raises
    ------
    RespError
        No such network or settings, weights that do not fit, or clips of another length than the network's.
    """
    try:
        network = create(recipe.network.name, classes=classes, **recipe.network.settings)
    except (TypeError, ValueError) as error:
        raise TrainError(f"network.settings {recipe.network.settings}: {error}") from error
    samples = recipe.clip.window_samples(network.rate_hz)
    if network.input_samples is not None and network.input_samples != samples:
        raise TrainError(
            f"clip.window_s is {recipe.clip.window_s:g} s ({samples} samples at {network.rate_hz} Hz), "
            f"but the network takes {network.input_samples}; "
            "give clip.window_s and the network's own setting of its length one value"
        )
    if samples < network.least_samples:
        raise TrainError(
            f"clip.window_s is {recipe.clip.window_s:g} s ({samples} samples at {network.rate_hz} Hz); the network "
            f"takes {network.least_samples} or more"
        )
    if recipe.network.weights is not None:
        load_weights(network, recipe.network.name, recipe.network.weights)
    network.freeze(*recipe.network.frozen)
    return network


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

    if source in installed_models() or _is_model_folder(Path(source)):
        _load_backbone(network, name, source)
    elif name == "ast_conv":
        from resp.models.conv_ast import load_conv_ast_trunk

        load_conv_ast_trunk(network, Path(source))
    elif name.startswith("ast"):
        from resp.models.ast_weights import load_ast_weights

        load_ast_weights(network, source)
    elif name == "mn04":
        from resp.models.mobilenet import load_mn04_weights

        load_mn04_weights(network, Path(source))
    else:
        raise TrainError(f"network.weights {source!r}: {name} can start only from a resp model folder")


def build_objective(recipe: Recipe, parts: Parts, network: Network) -> Objective:
    """Make a recipe's objective for the items that it learns from.

    Raises
    ------
    RespError
        The objective cannot learn what the data set asks for; or a mix or a site that is not there.
    """
    settings, dataset = recipe.objective, parts.dataset
    weights = None
    if settings.class_weights == "inverse_frequency":
        items = [dataset.items[index] for index in parts.split.train]
        labels = [label for item in items for label in (item.label, *item.more_labels)]
        weights = inverse_frequency_weights(labels, len(dataset.classes))
    objective = create_objective(settings, network, Augmentation(recipe.augment, network), weights)
    if problem := objective.problem(dataset.task):
        raise TrainError(f"objective {settings.name} cannot learn {dataset.name}: {problem}")
    return objective


def parameter_groups(objective: Objective, settings: OptimiserSettings) -> list[dict[str, Any]]:
    """Return what learns at which rate: the network without its last stage, and the rest."""
    body: list[Tensor] = []
    head: list[Tensor] = []
    for name, parameter in objective.named_parameters():
        if parameter.requires_grad:
            inside = name.startswith("network.") and not name.startswith(f"network.{HEAD}")
            (body if inside else head).append(parameter)
    groups = [
        {"params": body, "lr": settings.lr, "base_lr": settings.lr},
        {
            "params": head,
            "lr": settings.lr * settings.head_lr_factor,
            "base_lr": settings.lr * settings.head_lr_factor,
        },
    ]
    return [group for group in groups if group["params"]]


def create_optimiser(objective: Objective, settings: OptimiserSettings) -> torch.optim.Optimizer:
    """Make the optimiser of an objective; `TrainError` where nothing is left to learn."""
    groups = parameter_groups(objective, settings)
    if not groups:
        raise TrainError("network.frozen names every stage that has weights; leave at least one to learn")
    if settings.name == "adamw":
        return torch.optim.AdamW(groups, lr=settings.lr, weight_decay=settings.weight_decay)
    if settings.name == "sgd":
        return torch.optim.SGD(
            groups,
            lr=settings.lr,
            momentum=settings.momentum,
            nesterov=settings.momentum > 0,
            weight_decay=settings.weight_decay,
        )
    return torch.optim.Adam(groups, lr=settings.lr, weight_decay=settings.weight_decay)


def _is_model_folder(folder: Path) -> bool:
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
