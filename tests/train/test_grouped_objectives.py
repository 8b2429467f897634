"""Objectives that learn of devices and the like, against a slow version, and as whole runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from resp.datasets import WaveformCache
from resp.losses import reversal_factor, supervised_contrastive
from resp.models.folder import load_model
from resp.models.network import Network
from resp.train import Recipe, TrainError, train
from resp.train.augmentation import Augmentation, AugmentSettings
from resp.train.groups import Groups
from resp.train.loop import Trainer
from resp.train.objectives import (
    DomainAdversarialSettings,
    Objective,
    SupervisedContrastiveSettings,
    create_objective,
)
from resp.train.starting import build_network

LABELS = torch.tensor([0, 1, 2, 3, 1, 0])
GROUPS = torch.tensor([0, 1, -1, 0, 1, 1])
MASKED = AugmentSettings.model_validate(
    {"spectrogram": [{"name": "spec_augment", "settings": {"frequency_width": 8, "time_width": 20}}]}
)


@pytest.fixture
def network(recipe_with: Callable[..., Recipe]) -> Network:
    torch.manual_seed(0)
    return build_network(recipe_with(), ("normal", "crackle", "wheeze", "both"))


@pytest.fixture
def waveform() -> Tensor:
    return torch.randn(6, 4000, generator=torch.Generator().manual_seed(3)) * 0.1


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def make(settings: Any, network: Network) -> Objective:
    objective = create_objective(settings, network, Augmentation(MASKED, network))
    objective.take_groups(Groups(("A", "B"), GROUPS))
    return objective


def masked_features(network: Network, waveform: Tensor) -> tuple[Tensor, Tensor]:
    """Return the features of two augmentations that follow each other."""
    from resp.augment import SpecAugment

    generator, augment = seeded(), SpecAugment(frequency_width=8, time_width=20)
    spectrogram = network.run(waveform, stop="spectrogram")
    first, second = (
        network.run(augment(spectrogram, generator), start="spectrogram", stop="feature") for _ in range(2)
    )
    return first, second


@pytest.mark.parametrize("target", ["project_block", "project_flow"])
@pytest.mark.parametrize("share", [0.0, 0.75, 1.0])
def test_supervised_contrastive(network: Network, waveform: Tensor, target: Any, share: float) -> None:
    settings = SupervisedContrastiveSettings(weight=0.5, temperature=0.2, target=target, class_share=share)
    objective = make(settings, network)
    outcome = objective(waveform, LABELS, seeded(), groups=GROUPS)
    first, second = masked_features(network, waveform)
    assert not torch.allclose(first, second)
    expected = F.cross_entropy(network.run(first, start="feature"), LABELS)
    for name, weight, groups in (("metadata", 1 - share, GROUPS), ("class", share, LABELS)):
        assert (name in objective.projectors) == (weight > 0)
        if weight:
            projector = objective.projectors[name]
            contrast = supervised_contrastive(projector(first), projector(second), groups, 0.2)
            expected = expected + 0.5 * weight * contrast
            torch.testing.assert_close(outcome.parts[f"contrastive_{name}"], contrast.detach())
    torch.testing.assert_close(outcome.loss, expected)
    torch.testing.assert_close(outcome.logits, network.run(first, start="feature"))
    outcome.loss.backward()
    assert all(parameter.grad is not None for parameter in objective.parameters())


def test_a_blocked_view_gives_no_gradient(network: Network, waveform: Tensor) -> None:
    gradients = []
    for target in ("project_block", "project_flow"):
        torch.manual_seed(1)
        objective = make(SupervisedContrastiveSettings(target=target), network)
        network.zero_grad()
        objective(waveform, LABELS, seeded(), groups=GROUPS).loss.backward()
        gradients.append(torch.cat([weight.grad.flatten() for weight in network.parameters()]))
    assert not torch.allclose(*gradients)


@pytest.mark.parametrize("gamma", [10.0, None])
def test_domain_adversarial(network: Network, waveform: Tensor, gamma: float | None) -> None:
    objective = make(DomainAdversarialSettings(weight=0.5, gamma=gamma), network)
    objective.progress = 0.2
    outcome = objective(waveform, LABELS, seeded(), groups=GROUPS)
    feature, _ = masked_features(network, waveform)
    known = GROUPS >= 0
    entropy = F.cross_entropy(network.run(feature, start="feature"), LABELS)
    domain = F.cross_entropy(objective.domain_head(feature[known]), GROUPS[known])
    torch.testing.assert_close(outcome.loss, entropy + 0.5 * domain)
    right = (objective.domain_head(feature).argmax(dim=1) == GROUPS)[known].float().mean()
    assert float(outcome.parts["domain_accuracy"]) == pytest.approx(float(right))

    # The head learns the domains; what stands before it goes the other way, by the factor of the progress.
    trunk, head = list(network.stages["block_1"].parameters()), list(objective.domain_head.parameters())
    factor = 1.0 if gamma is None else reversal_factor(0.2, gamma)
    of_entropy = torch.autograd.grad(entropy, trunk, retain_graph=True)
    of_domain = torch.autograd.grad(domain, [*trunk, *head], retain_graph=True)
    expected = [a - factor * 0.5 * b for a, b in zip(of_entropy, of_domain[: len(trunk)], strict=True)]
    expected += [0.5 * gradient for gradient in of_domain[len(trunk) :]]
    found = torch.autograd.grad(outcome.loss, [*trunk, *head])
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("settings", [SupervisedContrastiveSettings(), DomainAdversarialSettings()])
def test_a_batch_of_unknown_groups_leaves_the_cross_entropy(network: Network, waveform: Tensor, settings: Any) -> None:
    objective = make(settings, network)
    outcome = objective(waveform, LABELS, seeded(), groups=torch.full((6,), -1))
    torch.testing.assert_close(outcome.loss.detach(), outcome.parts["cross_entropy"])
    outcome.loss.backward()
    assert all(parameter.grad is not None for parameter in objective.parameters())
    with pytest.raises(TrainError, match="was given no groups"):
        objective(waveform, LABELS, seeded())


@pytest.mark.parametrize("name", ["supervised_contrastive", "domain_adversarial"])
def test_each_clip_comes_with_its_own_group(
    name: str, recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained and kept without its second head; each batch has the devices of its items, and progress rises."""
    seen: list[bool] = []
    progress: list[float] = []
    own = Trainer._passes

    def passes(self: Trainer, epoch: int, step: int, group: Any) -> Any:
        progress.append(self.objective.progress)
        for batch in group:
            names = [self._data.dataset.items[index].device for index in batch.indices.tolist()]
            given = self.objective.groups.of_item[batch.indices].tolist()
            seen.append(names == [self.objective.groups.names[one] for one in given])
        return own(self, epoch, step, group)

    monkeypatch.setattr(Trainer, "_passes", passes)
    recipe = recipe_with(objective={"name": name}, training={"epochs": 2})
    result = train(recipe, tmp_path / "run", cache=cache)
    assert seen
    assert all(seen)
    steps = len(progress)
    assert progress == pytest.approx([number / steps for number in range(steps)])
    loaded = load_model(result.model)
    assert not any("projector" in key or "domain" in key for key in loaded.network.state_dict())


def test_devices_that_are_not_known_are_told_before_anything_is_trained(
    recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path
) -> None:
    recipe = recipe_with(objective={"name": "domain_adversarial", "by": ["site"]})
    with pytest.raises(TrainError, match="grouped by site: none has one"):
        train(recipe, tmp_path / "run", cache=cache)
    assert not (tmp_path / "run").exists()
