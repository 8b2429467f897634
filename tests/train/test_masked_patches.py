"""Masked spectrogram patches against their formulas."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from resp.errors import RespError
from resp.train import Recipe
from resp.train.augmentation import Augmentation
from resp.train.objectives import create_objective
from resp.train.objectives.masked_patches import hidden_patches, spectrogram_patches
from resp.train.starting import build_network

Make = Callable[..., Recipe]


def objective_of(recipe_with: Make, stride: tuple[int, int] = (8, 8), **settings: Any) -> Any:
    recipe = recipe_with(
        objective={"name": "masked_patches", **settings}, network={"settings": {"stride": list(stride)}}
    )
    torch.manual_seed(0)
    network = build_network(recipe, ("sound",))
    return create_objective(recipe.objective, network, Augmentation(recipe.augment, network)).eval()


def waveform(count: int = 3) -> Tensor:
    return 0.1 * torch.randn(count, 4000, generator=torch.Generator().manual_seed(3))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


@pytest.mark.parametrize("stride", [(8, 8), (5, 6)])
def test_patches_are_those_that_the_network_reads(stride: tuple[int, int], recipe_with: Make) -> None:
    objective = objective_of(recipe_with, stride)
    network = objective.network
    spectrogram = network.run(waveform(), stop="spectrogram")
    patches = spectrogram_patches(spectrogram, (8, 8), stride)
    projection = network.stages["patches"].projection
    by_hand = patches @ projection.weight.flatten(1).T + projection.bias
    torch.testing.assert_close(by_hand, network.run(spectrogram, start="spectrogram", stop="patches"))


@pytest.mark.parametrize("cluster", [1, 2, 3])
def test_so_many_patches_are_hidden_and_they_lie_together(cluster: int) -> None:
    grid, count = (6, 9), 18
    place = hidden_patches(40, grid, count, cluster, seeded())
    assert place.shape == (40, count)
    assert all(len(set(row)) == count for row in place.tolist())
    mask = torch.zeros(40, 54).scatter_(1, place, 1.0).view(40, *grid)
    neighbours = (mask[:, 1:] * mask[:, :-1]).mean() + (mask[:, :, 1:] * mask[:, :, :-1]).mean()
    by_chance = 2 * (count / 54) * (count - 1) / 53
    assert float(neighbours) == pytest.approx(by_chance, abs=0.04) if cluster == 1 else float(neighbours) > 0.4
    assert not torch.equal(place, hidden_patches(40, grid, count, cluster, torch.Generator().manual_seed(6)))
    # Everywhere alike, so that no patch is never learned.
    shares = torch.bincount(hidden_patches(4000, grid, count, 1, seeded()).flatten()) / 4000
    torch.testing.assert_close(shares, torch.full((54,), 1 / 3), atol=0.05, rtol=0)


@pytest.mark.parametrize("normalise", [True, False])
def test_the_loss_is_that_of_the_hidden_patches(normalise: bool, recipe_with: Make) -> None:
    objective = objective_of(recipe_with, share=0.5, cluster=1, normalise=normalise)
    network, sound = objective.network, waveform()
    outcome = objective(sound, torch.zeros(3, dtype=torch.int64), seeded())
    spectrogram = network.run(sound, stop="spectrogram")
    vectors = network.run(spectrogram, start="spectrogram", stop="patches").clone()
    patches = spectrogram_patches(spectrogram, (8, 8), (8, 8))
    place = hidden_patches(3, network.grid, objective.hidden, 1, seeded())
    assert objective.hidden == round(0.5 * patches.shape[1])
    for sample, row in enumerate(place):
        vectors[sample, row] = objective.mask_vector
    tokens = network.run(vectors, start="patches", stop="block_1")
    squares, entropies = [], []
    for sample, row in enumerate(place):
        told = network.stages["feature"].norm(tokens[sample, 2 + row])
        truth = patches[sample, row]
        if normalise:
            truth = (truth - truth.mean(1, keepdim=True)) / (truth.var(1, keepdim=True, correction=0) + 1e-6).sqrt()
        squares.append(((objective.reconstruct(told) - truth) ** 2).mean())
        likeness = (objective.tell_apart(told) @ truth.T).softmax(dim=1)
        entropies.append(-likeness.diagonal().log().mean())
    reconstruction, contrastive = torch.stack(squares).mean(), torch.stack(entropies).mean()
    torch.testing.assert_close(outcome.parts["reconstruction"], reconstruction.detach())
    torch.testing.assert_close(outcome.parts["contrastive"], contrastive.detach(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(outcome.loss, 10 * reconstruction + contrastive, rtol=1e-4, atol=1e-4)


def test_what_is_hidden_does_not_reach_the_network(recipe_with: Make) -> None:
    objective = objective_of(recipe_with, contrastive_weight=0)
    seen: list[Tensor] = []
    objective.network.stages["tokens"].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    for sound in (waveform(), waveform() * 0.3):
        objective(sound, torch.zeros(3, dtype=torch.int64), seeded())
    place = hidden_patches(3, objective.grid, objective.hidden, 3, seeded())
    rows = torch.arange(3)[:, None]
    assert torch.equal(seen[0][rows, place], objective.mask_vector.expand(3, objective.hidden, -1))
    assert (seen[0] == seen[1]).all(dim=2).sum() == 3 * objective.hidden


@pytest.mark.parametrize("weights", [(10.0, 1.0), (1.0, 0.0), (0.0, 1.0)])
def test_all_that_may_learn_gets_a_gradient(weights: tuple[float, float], recipe_with: Make) -> None:
    objective = objective_of(recipe_with, reconstruction_weight=weights[0], contrastive_weight=weights[1])
    objective(waveform(), torch.zeros(3, dtype=torch.int64), seeded()).loss.backward()
    for name, parameter in objective.named_parameters():
        assert (parameter.grad is not None) == (not name.startswith("network.stages.logits.")), name


def test_other_networks_and_settings_are_refused(recipe_with: Make) -> None:
    for name, settings in (("ast_conv", {"width": 16, "window_s": 1.0, "rate_hz": 4000, "heads": 2}), ("m18", {})):
        recipe = recipe_with(objective={"name": "masked_patches"})
        network = recipe.network.model_copy(update={"name": name, "settings": settings})
        changed = recipe.model_copy(update={"network": network})
        built = build_network(changed, ("sound",))
        with pytest.raises(RespError, match=r"take network\.name ast"):
            create_objective(changed.objective, built, Augmentation(changed.augment, built))
    with pytest.raises(RespError, match="nothing is learned"):
        recipe_with(objective={"name": "masked_patches", "reconstruction_weight": 0, "contrastive_weight": 0})
