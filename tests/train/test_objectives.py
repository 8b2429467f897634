"""Objectives against a slow version that is written out step by step."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resp.errors import RespError
from resp.mix import Mix, MixDraw, Origin
from resp.models.network import Network, Site
from resp.train import Recipe
from resp.train.augmentation import Augmentation, AugmentSettings
from resp.train.objectives import (
    CrossEntropySettings,
    MixSettings,
    PatchMixCESettings,
    PatchMixCLSettings,
    create_objective,
)
from resp.train.objectives.contract import SitedMix
from resp.train.starting import build_network

LABELS = torch.tensor([0, 1, 2, 3, 1, 0])
CLASSES = ("normal", "crackle", "wheeze", "both")
MASKED = AugmentSettings.model_validate(
    {"spectrogram": [{"name": "spec_augment", "settings": {"frequency_width": 8, "time_width": 20}}]}
)


@pytest.fixture
def network(recipe_with: Callable[..., Recipe]) -> Network:
    torch.manual_seed(0)
    return build_network(recipe_with(), CLASSES)


@pytest.fixture
def waveform() -> Tensor:
    return torch.randn(6, 4000, generator=torch.Generator().manual_seed(3)) * 0.1


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def by_hand(network: Network, waveform: Tensor) -> tuple[Tensor, Tensor, MixDraw]:
    """Return spectrogram and patches of the masked batch, and the Patch-Mix draw that follows."""
    from resp.augment import SpecAugment
    from resp.mix import create

    generator = seeded()
    spectrogram = SpecAugment(frequency_width=8, time_width=20)(network.run(waveform, stop="spectrogram"), generator)
    patches = network.run(spectrogram, start="spectrogram", stop="patches")
    draw = create("patch").draw(patches, network.site("patches"), generator)
    return spectrogram, patches, draw


def mixed_by_hand(patches: Tensor, draw: Any) -> Tensor:
    mixed = patches.clone()
    for sample in range(len(patches)):
        for position in draw.positions.tolist():
            mixed[sample, position] = patches[draw.partner[sample], position]
    return mixed


def test_cross_entropy_with_weights_and_smoothing(network: Network, waveform: Tensor) -> None:
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4])
    settings = CrossEntropySettings(label_smoothing=0.1)
    objective = create_objective(settings, network, Augmentation(MASKED, network), weights)
    outcome = objective(waveform, LABELS, seeded())
    spectrogram, _, _ = by_hand(network, waveform)
    logits = network.run(spectrogram, start="spectrogram")
    torch.testing.assert_close(outcome.logits, logits)
    torch.testing.assert_close(outcome.loss, F.cross_entropy(logits, LABELS, weights, label_smoothing=0.1))
    assert outcome.truth is LABELS
    assert "class_weights" not in objective.state_dict()


def test_patch_mix_ce(network: Network, waveform: Tensor) -> None:
    objective = create_objective(PatchMixCESettings(), network, Augmentation(MASKED, network))
    outcome = objective(waveform, LABELS, seeded())
    _, patches, draw = by_hand(network, waveform)
    logits = network.run(mixed_by_hand(patches, draw), start="patches")
    share = float(draw.weight[0])
    expected = share * F.cross_entropy(logits, LABELS) + (1 - share) * F.cross_entropy(logits, LABELS[draw.partner])
    torch.testing.assert_close(outcome.loss, expected)
    assert torch.equal(outcome.truth, LABELS if share >= 0.5 else LABELS[draw.partner])


@pytest.mark.parametrize("settings", [CrossEntropySettings(), PatchMixCESettings()])
def test_weighted_means_of_processes_average_to_the_whole(
    network: Network, waveform: Tensor, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process with three times this one's weight: what this one adds is a quarter, of two processes."""
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4])
    objective = create_objective(settings, network, Augmentation(MASKED, network), weights)
    alone = objective(waveform, LABELS, seeded()).loss
    seen: list[float] = []

    def all_reduce(value: Tensor) -> None:
        seen.append(float(value))
        value.mul_(4)

    monkeypatch.setattr("resp.train.objectives.contract._processes", lambda: 2)
    monkeypatch.setattr(torch.distributed, "all_reduce", all_reduce)
    torch.testing.assert_close(objective(waveform, LABELS, seeded()).loss, alone * 2 / 4)
    own = weights[LABELS]
    if isinstance(settings, PatchMixCESettings):
        _, _, draw = by_hand(network, waveform)
        own = draw.weight * own + (1 - draw.weight) * own[draw.partner]
    assert seen == [pytest.approx(float(own.sum()))]


@pytest.mark.parametrize("target", ["grad_block", "grad_flow", "project_block", "project_flow"])
def test_patch_mix_cl(network: Network, waveform: Tensor, target: Any) -> None:
    settings = PatchMixCLSettings(weight=0.7, temperature=0.2, target=target)
    objective = create_objective(settings, network, Augmentation(MASKED, network))
    outcome = objective(waveform, LABELS, seeded())
    spectrogram, patches, draw = by_hand(network, waveform)
    feature = network.run(spectrogram, start="spectrogram", stop="feature")
    query = objective.projector(network.run(mixed_by_hand(patches, draw), start="patches", stop="feature"))
    other = objective.projector(feature) if target.startswith("project") else feature
    total = torch.zeros(())
    for row in range(6):
        similarity = [F.cosine_similarity(query[row], other[column], dim=0) / 0.2 for column in range(6)]
        log_all = torch.stack(similarity).logsumexp(0)
        share = draw.weight[row]
        total += share * (log_all - similarity[row])
        total += (1 - share) * (log_all - similarity[int(draw.partner[row])])
    entropy = F.cross_entropy(network.run(feature, start="feature"), LABELS)
    torch.testing.assert_close(outcome.loss, entropy + 0.7 * total / 6)
    assert set(outcome.parts) == {"cross_entropy", "contrastive"}
    assert not any(part.requires_grad for part in outcome.parts.values())
    outcome.loss.backward()
    assert all(parameter.grad is not None for parameter in objective.parameters())


def test_only_negatives_of_another_class_changes_the_loss(network: Network, waveform: Tensor) -> None:
    every, other = (
        create_objective(PatchMixCLSettings(negatives=negatives), network, Augmentation(AugmentSettings(), network))
        for negatives in ("all", "other_class")
    )
    other.projector = every.projector
    same = LABELS * 0
    assert every(waveform, same, seeded()).loss > other(waveform, same, seeded()).loss


class _Halves(Mix[MixDraw]):
    """Half of each, anywhere."""

    def draw(self, batch: Tensor, site: Site, generator: torch.Generator, origin: Origin | None = None) -> MixDraw:
        return MixDraw(torch.randperm(len(batch), generator=generator), torch.full((len(batch),), 0.5))

    def apply(self, batch: Tensor, draw: MixDraw) -> Tensor:
        return 0.5 * (batch + batch[draw.partner])


@pytest.mark.parametrize("site", ["waveform", "spectrogram", "patches", "feature"])
def test_any_mix_acts_at_any_site(
    network: Network, waveform: Tensor, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resp.train.objectives.contract.create_mix", lambda name: _Halves())
    settings = PatchMixCLSettings(mix=MixSettings(name="halves", site=site))
    objective = create_objective(settings, network, Augmentation(MASKED, network))
    features: list[Tensor] = []
    objective.projector.register_forward_hook(lambda module, given, result: features.append(given[0]))
    objective(waveform, LABELS, seeded())

    from resp.augment import SpecAugment

    generator, augment = seeded(), SpecAugment(frequency_width=8, time_width=20)
    plain = network.run(waveform, stop="spectrogram")
    masks = augment.draw(plain, generator)
    partner = torch.randperm(6, generator=generator)
    if site == "waveform":
        sound = 0.5 * (waveform + waveform[partner])
        spectrogram = augment.apply(network.run(sound, stop="spectrogram"), masks)
        expected = network.run(spectrogram, start="spectrogram", stop="feature")
    else:
        value = network.run(augment.apply(plain, masks), start="spectrogram", stop=site)
        expected = network.run(0.5 * (value + value[partner]), start=site, stop="feature")
    torch.testing.assert_close(features[0], expected)


@pytest.mark.parametrize("site", ["waveform", "spectrogram", "patches", "feature"])
def test_both_views_are_those_of_two_passes(
    network: Network, waveform: Tensor, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resp.train.objectives.contract.create_mix", lambda name: _Halves())
    objective = create_objective(CrossEntropySettings(), network, Augmentation(MASKED, network))
    mix = SitedMix(MixSettings(name="halves", site=site), network)
    runs = Counter[str]()
    for name, stage in network.stages.items():
        stage.register_forward_hook(lambda module, given, result, name=name: runs.update([name]))

    one = seeded()
    batch = objective.augmented(waveform, one)
    runs.clear()
    plain, mixed, draw = objective.views(batch, mix, one, stop="feature")
    shared_runs, after = dict(runs), one.get_state()

    two = seeded()
    again = objective.augmented(waveform, two)
    torch.testing.assert_close(objective.unmixed(again, stop="feature"), plain)
    separate, its_draw = objective.mixed(again, mix, two, stop="feature")
    torch.testing.assert_close(separate, mixed)
    assert torch.equal(draw.partner, its_draw.partner)
    assert torch.equal(after, two.get_state())
    assert not torch.allclose(plain, mixed)

    order = network.stage_names
    for name in order[order.index("spectrogram") + 1 : order.index("feature") + 1]:
        # A mix of the waveform shares nothing behind the spectrogram; else what lies before the mix is run once.
        once = site != "waveform" and order.index(name) <= order.index(site)
        assert shared_runs[name] == (1 if once else 2), name
    assert shared_runs.get("spectrogram", 0) == (1 if site == "waveform" else 0)
    assert "logits" not in shared_runs


def test_a_network_without_spectrogram_starts_at_the_waveform(waveform: Tensor) -> None:
    network = Network(
        {"feature": nn.Linear(4000, 8), "logits": nn.Linear(8, 4)},
        sites=[Site("feature", ("batch", "channel"))],
        classes=CLASSES,
        rate_hz=4000,
        input_samples=4000,
        feature_size=8,
    )
    augmentation = Augmentation(AugmentSettings.model_validate({"waveform": [{"name": "gain"}]}), network)
    outcome = create_objective(CrossEntropySettings(), network, augmentation)(waveform, LABELS, seeded())
    assert outcome.logits.shape == (6, 4)
    assert not torch.equal(outcome.logits, network(waveform))
    with pytest.raises(RespError, match="no mix site 'spectrogram'"):
        Augmentation(MASKED, network)
    with pytest.raises(RespError, match="no mix site 'patches'"):
        create_objective(PatchMixCLSettings(), network, augmentation)
