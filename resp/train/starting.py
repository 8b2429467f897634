"""What a run starts from: the network, its first weights, the objective, the optimiser's groups."""

from typing import Any

import torch
from torch import Tensor

from resp.losses import inverse_frequency_weights
from resp.models import create
from resp.models.network import Network
from resp.train.augmentation import Augmentation
from resp.train.data import Parts
from resp.train.errors import TrainError
from resp.train.first_weights import HEAD, load_weights
from resp.train.groups import find_groups
from resp.train.objectives import Objective, create_objective
from resp.train.recipe import Recipe
from resp.train.sections import OptimiserSettings


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
    if recipe.first_weights is not None:
        load_weights(network, recipe.network.name, recipe.first_weights)
    network.freeze(*recipe.network.frozen)
    return network


def build_objective(recipe: Recipe, parts: Parts, network: Network) -> Objective:
    """Make a recipe's objective for the items that it learns from.

    Raises
    ------
    RespError
        The objective cannot learn what the data set asks for; or a mix or a site that is not there.
    """
    settings, dataset = recipe.fold_objective, parts.dataset
    weights = None
    if settings.class_weights == "inverse_frequency":
        items = [dataset.items[index] for index in parts.split.train]
        labels = [label for item in items for label in (item.label, *item.more_labels)]
        weights = inverse_frequency_weights(labels, len(dataset.classes))
    objective = create_objective(settings, network, Augmentation(recipe.augment, network), weights)
    if (dataset.task == "unlabelled") == objective.needs_labels:
        raise TrainError(
            f"objective {settings.name} learns from labels, and {dataset.name} has none; take distil or masked_patches"
            if objective.needs_labels
            else f"objective {settings.name} learns no labels, and {dataset.name} is measured by them; "
            "pre-train with data.dataset=unlabelled, whose root may be the same folder"
        )
    if problem := objective.problem(dataset.task):
        raise TrainError(f"objective {settings.name} cannot learn {dataset.name}: {problem}")
    if settings.grouped_by:
        objective.take_groups(find_groups(dataset, parts.split.train, settings.grouped_by))
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
