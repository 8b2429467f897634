"""The mixed objective against losses that are written out, and against the plain objective."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resp.mix import Mix, MixDraw, Origin
from resp.models.network import Network, Site
from resp.train import Recipe, TrainError, make_recipe
from resp.train.augmentation import Augmentation, AugmentSettings
from resp.train.data import open_parts
from resp.train.objectives import CrossEntropySettings, Mixed, MixedSettings, create_objective
from resp.train.recipe_file import merge
from resp.train.starting import build_network, build_objective

CLASSES = ("normal", "crackle", "wheeze", "both")
LABELS = torch.tensor([0, 1, 2, 3, 1, 0])
ONE_HOT = F.one_hot(LABELS, 4).float()
SEVERAL = torch.tensor([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 1.0]])
PARTNER = torch.tensor([3, 0, 1, 2, 5, 4])
SHARE = torch.tensor([0.95, 0.6, 0.5, 0.3, 0.9, 0.8])
CLASS_WEIGHTS = torch.tensor([0.1, 0.2, 0.3, 0.4])
MASKED = AugmentSettings.model_validate(
    {"spectrogram": [{"name": "spec_augment", "settings": {"frequency_width": 8, "time_width": 20}}]}
)


class _Shares(Mix[MixDraw]):
    """Every sample with a share of its own; keeps what it was told."""

    def __init__(self) -> None:
        self.origins: list[Origin | None] = []

    def draw(self, batch: Tensor, site: Site, generator: torch.Generator, origin: Origin | None = None) -> MixDraw:
        self.origins.append(origin)
        order = torch.randperm(6, generator=generator)
        return MixDraw(PARTNER, SHARE[order])

    def apply(self, batch: Tensor, draw: MixDraw) -> Tensor:
        share = draw.weight.view(-1, *[1] * (batch.ndim - 1))
        return share * batch + (1 - share) * batch[draw.partner]


@pytest.fixture
def mix(monkeypatch: pytest.MonkeyPatch) -> _Shares:
    made = _Shares()
    monkeypatch.setattr("resp.train.objectives.contract.create_mix", lambda name: made)
    return made


@pytest.fixture
def network(recipe_with: Callable[..., Recipe]) -> Network:
    torch.manual_seed(0)
    return build_network(recipe_with(network={"settings": {"dropout": 0.2}}), CLASSES).eval()


@pytest.fixture
def waveform() -> Tensor:
    return torch.randn(6, 4000, generator=torch.Generator().manual_seed(3)) * 0.1


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def make(network: Network, class_weights: Tensor | None = None, **settings: Any) -> Any:
    given = MixedSettings.model_validate({"mix": {"name": "shares", "site": "block_1"}, **settings})
    return create_objective(given, network, Augmentation(MASKED, network), class_weights)


def by_hand(network: Network, waveform: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits of the mixed batch, and each sample's share."""
    from resp.augment import SpecAugment

    generator = seeded()
    spectrogram = SpecAugment(frequency_width=8, time_width=20)(network.run(waveform, stop="spectrogram"), generator)
    hidden = network.run(spectrogram, start="spectrogram", stop="block_1")
    share = SHARE[torch.randperm(6, generator=generator)]
    mixed = share[:, None, None] * hidden + (1 - share[:, None, None]) * hidden[PARTNER]
    return network.run(mixed, start="block_1"), share


def mixed_labels(targets: Tensor, share: Tensor) -> Tensor:
    return share[:, None] * targets + (1 - share[:, None]) * targets[PARTNER]


def test_each_loss_of_mixed_labels(network: Network, waveform: Tensor, mix: _Shares) -> None:
    logits, share = by_hand(network, waveform)
    targets = mixed_labels(ONE_HOT, share)
    expected = {
        "kl": F.kl_div(logits.log_softmax(1), targets, reduction="batchmean"),
        "cross_entropy": F.cross_entropy(logits, targets),
        "bce": F.binary_cross_entropy_with_logits(logits, targets) * 4,
    }
    for name, value in expected.items():
        outcome = make(network, loss=name)(waveform, LABELS, seeded())
        torch.testing.assert_close(outcome.logits, logits)
        torch.testing.assert_close(outcome.loss, value)
        assert outcome.truth.tolist() == torch.where(share >= 0.5, LABELS, LABELS[PARTNER]).tolist()
        assert outcome.parts.keys() == {"classification"}
        assert torch.equal(outcome.parts["classification"], outcome.loss.detach())


def test_union_gives_both_labels_in_full(network: Network, waveform: Tensor, mix: _Shares) -> None:
    outcome = make(network, loss="bce", targets="union")(waveform, LABELS, seeded())
    logits, share = by_hand(network, waveform)
    targets = ONE_HOT.clone()
    for sample in range(6):
        if share[sample] < 0.9:
            targets[sample, LABELS[PARTNER[sample]]] = 1
    torch.testing.assert_close(outcome.loss, F.binary_cross_entropy_with_logits(logits, targets) * 4)
    assert outcome.truth.shape == (6,)


@pytest.mark.parametrize("targets", ["mixed", "union"])
def test_several_labels_of_an_item(network: Network, waveform: Tensor, mix: _Shares, targets: Any) -> None:
    outcome = make(network, loss="bce", targets=targets)(waveform, SEVERAL, seeded())
    logits, share = by_hand(network, waveform)
    union = torch.where(share[:, None] >= 0.9, SEVERAL, (SEVERAL + SEVERAL[PARTNER]).clamp(max=1))
    expected = union if targets == "union" else mixed_labels(SEVERAL, share)
    torch.testing.assert_close(outcome.loss, F.binary_cross_entropy_with_logits(logits, expected) * 4)
    dominant = torch.where(share[:, None] >= 0.5, SEVERAL, SEVERAL[PARTNER])
    assert torch.equal(outcome.truth, union if targets == "union" else dominant)


def test_several_labels_without_a_mix(network: Network, waveform: Tensor) -> None:
    outcome = make(network, mix=None, loss="bce")(waveform, SEVERAL, seeded())
    torch.testing.assert_close(outcome.loss, F.binary_cross_entropy_with_logits(outcome.logits, SEVERAL) * 4)
    assert outcome.truth is SEVERAL


@pytest.mark.parametrize("labels", [LABELS, SEVERAL])
def test_the_mix_is_told_the_labels(network: Network, waveform: Tensor, mix: _Shares, labels: Tensor) -> None:
    make(network, loss="bce")(waveform, labels, seeded())
    assert mix.origins[0] is not None
    assert mix.origins[0].labels is labels


@pytest.mark.parametrize("loss", ["kl", "cross_entropy"])
@pytest.mark.parametrize("class_weights", [None, CLASS_WEIGHTS])
@pytest.mark.parametrize("settings", [{"probability": 0.0}, {"mix": None}, {"from_epoch": 2}])
def test_without_mixes_it_is_the_plain_objective(
    network: Network, waveform: Tensor, mix: _Shares, loss: Any, class_weights: Tensor | None, settings: dict[str, Any]
) -> None:
    plain = create_objective(CrossEntropySettings(), network, Augmentation(MASKED, network), class_weights)
    expected = plain(waveform, LABELS, seeded())
    outcome = make(network, class_weights, loss=loss, **settings)(waveform, LABELS, seeded())
    torch.testing.assert_close(outcome.logits, expected.logits)
    torch.testing.assert_close(outcome.loss, expected.loss)
    assert outcome.truth is LABELS


def test_only_unmixed_batches_are_smoothed_and_may_have_a_loss_of_their_own(
    network: Network, waveform: Tensor, mix: _Shares
) -> None:
    settings = {"loss": "bce", "unmixed_loss": "cross_entropy", "label_smoothing": 0.1, "from_epoch": 3}
    objective = make(network, **settings)
    objective.begin_epoch(2)
    smoothed = create_objective(CrossEntropySettings(label_smoothing=0.1), network, Augmentation(MASKED, network))(
        waveform, LABELS, seeded()
    )
    torch.testing.assert_close(objective(waveform, LABELS, seeded()).loss, smoothed.loss)
    objective.begin_epoch(3)
    mixed = make(network, loss="bce")(waveform, LABELS, seeded())
    torch.testing.assert_close(objective(waveform, LABELS, seeded()).loss, mixed.loss)


def test_a_share_of_the_batches_is_mixed(mix: _Shares) -> None:
    network = Network(
        {"block_1": nn.Linear(4, 4), "feature": nn.Identity(), "logits": nn.Linear(4, 4)},
        sites=[Site("block_1", ("batch", "channel"))],
        classes=CLASSES,
        rate_hz=4,
        input_samples=4,
        feature_size=4,
    )
    settings = MixedSettings.model_validate({"mix": {"name": "shares", "site": "block_1"}, "probability": 0.3})
    objective = create_objective(settings, network, Augmentation(AugmentSettings(), network))
    generator = seeded()
    for _ in range(400):
        objective(torch.ones(6, 4), LABELS, generator)
    # Of 400 batches 120, standard deviation 9.
    assert abs(len(mix.origins) - 120) < 40


@pytest.mark.parametrize("loss", ["kl", "cross_entropy", "bce"])
def test_weighted_means_of_processes_average_to_the_whole(
    network: Network, waveform: Tensor, mix: _Shares, loss: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process with three times this one's weight: what this one adds is a quarter, of two processes."""
    objective = make(network, CLASS_WEIGHTS, loss=loss)
    alone = objective(waveform, LABELS, seeded()).loss
    seen: list[float] = []

    def all_reduce(value: Tensor) -> None:
        seen.append(float(value))
        value.mul_(4)

    monkeypatch.setattr("resp.train.objectives.contract._processes", lambda: 2)
    monkeypatch.setattr(torch.distributed, "all_reduce", all_reduce)
    torch.testing.assert_close(objective(waveform, LABELS, seeded()).loss, alone * 2 / 4)
    _, share = by_hand(network, waveform)
    counted = 6 * 0.25 if loss == "bce" else float((mixed_labels(ONE_HOT, share) * CLASS_WEIGHTS).sum())
    assert seen == [pytest.approx(counted)]


def teacher_of(network: Network) -> Network:
    """Return a network with other weights, in training mode."""
    teacher = deepcopy(network).train()
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for weight in teacher.parameters():
            weight.add_(0.3 * torch.randn(weight.shape, generator=generator))
    return teacher


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("several", [True, False])
def test_distillation_from_the_average(
    network: Network, waveform: Tensor, mix: _Shares, mixed: bool, several: bool
) -> None:
    """The teacher mixes its own hidden values, by the very draw of the network."""
    labels = SEVERAL if several else LABELS
    settings: dict[str, Any] = {"loss": "bce"} if mixed else {"loss": "bce", "mix": None}
    distillation = {"weight": 0.7, "temperature": 2.0, "from_epoch": 2}
    objective = make(network, **settings, distillation=distillation)
    plain = make(network, **settings)(waveform, labels, seeded())
    teacher = teacher_of(network)
    before = {key: value.clone() for key, value in teacher.state_dict().items()}
    objective.take_teacher(teacher)

    first = objective(waveform, labels, seeded())
    torch.testing.assert_close(first.loss, plain.loss)
    assert float(first.parts["distillation"]) == 0

    objective.begin_epoch(2)
    objective.train()
    network.eval()
    outcome = objective(waveform, labels, seeded())
    if mixed:
        theirs, _ = by_hand(teacher, waveform)
    else:
        theirs = make(teacher, mix=None, loss="bce")(waveform, labels, seeded()).logits
    own, theirs = plain.logits.detach() / 2, theirs.detach() / 2
    if several:
        p, q = theirs.sigmoid(), own.sigmoid()
        divergence = (p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()).sum(1).mean()
    else:
        p, q = theirs.softmax(1), own.softmax(1)
        divergence = (p * (p / q).log()).sum(1).mean()
    assert float(divergence) > 0.01
    torch.testing.assert_close(outcome.parts["distillation"], 4 * divergence)
    torch.testing.assert_close(outcome.parts["classification"], plain.loss.detach())
    torch.testing.assert_close(outcome.loss.detach(), plain.loss.detach() + 0.7 * 4 * divergence)
    outcome.loss.backward()
    assert all(weight.grad is None for weight in teacher.parameters())
    assert all(torch.equal(value, before[key]) for key, value in teacher.state_dict().items())
    assert objective.state_dict().keys() == {f"network.{key}" for key in before}


def test_what_several_labels_ask_for(network: Network, recipe_with: Callable[..., Recipe]) -> None:
    def problem(**settings: Any) -> str | None:
        return make(network, mix=None, **settings).problem("multi_label")

    assert problem(loss="bce") is None
    assert problem(loss="bce", unmixed_loss="bce") is None
    assert "kl takes one label of each item" in str(problem())
    assert "cross_entropy takes one label" in str(problem(loss="bce", unmixed_loss="cross_entropy"))
    assert "use label_smoothing: 0" in str(problem(loss="bce", label_smoothing=0.1))
    assert make(network, mix=None, label_smoothing=0.1).problem("single_label") is None

    parts = open_parts(recipe_with())
    several = parts._replace(dataset=_Several(parts.dataset))
    for name in ("cross_entropy", "patch_mix_ce", "patch_mix_cl"):
        with pytest.raises(TrainError, match=rf"objective {name} cannot learn .*use objective mixed with loss: bce"):
            build_objective(recipe_with(objective={"name": name}), several, network)
    recipe = recipe_with(objective={"name": "mixed", "loss": "bce", "class_weights": "inverse_frequency"})
    assert isinstance(build_objective(recipe, several, network), Mixed)


class _Several:
    """A data set that says that its items have several labels."""

    task = "multi_label"

    def __init__(self, dataset: Any) -> None:
        self.name, self.items, self.classes = dataset.name, dataset.items, dataset.classes


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ({"targets": "union"}, r"objective: targets: union .*which kl cannot learn; take loss: bce"),
        ({"distillation": {}}, r"averaging.name is none; take averaging.name=ema"),
        ({"probability": 1.5}, r"objective.probability: input should be less than or equal to 1"),
        ({"from_epoch": 0}, r"objective.from_epoch: input should be greater than or equal to 1"),
        ({"distillation": {"weigth": 1}}, r"objective.distillation.weigth: no such setting; did you mean 'weight'"),
        ({"loss": "mse"}, r"objective.loss: input should be 'kl', 'cross_entropy' or 'bce'"),
    ],
)
def test_recipes_that_are_refused(values: dict[str, Any], objective: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainError, match=message):
        make_recipe(merge(values, {"objective": {"name": "mixed", **objective}}))
    live = {"objective": {"name": "mixed", "distillation": {}}, "averaging": {"name": "live"}}
    with pytest.raises(TrainError, match=r"averaging\.name is live"):
        make_recipe(merge(values, live))
    assert make_recipe(merge(values, {**live, "averaging": {"name": "ema"}}))
