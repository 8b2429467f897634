"""Every network of the registry learns with every mix of the registry, wherever the mix fits it.

Two steps each, at one site of every kind that the network has (sites of one kind have the same axes, and patches
whose places are known or not). A network or a mix that is new is taken in by itself.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from resp import mix as mixes
from resp import models
from resp.mix import MixDraw, MixError, mixed_targets
from resp.models.network import FEATURE, INPUT, Network, Site
from resp.train.augmentation import Augmentation, AugmentSettings
from resp.train.objectives import MixedSettings, Objective, Outcome, create_objective
from resp.train.objectives.contract import HIDDEN
from small_networks import CLASSES, made, waves

NETWORKS = [record.name for record in models.REGISTRY]
MIXES = [record.name for record in mixes.REGISTRY]
# Written down, so that a mix that fits nowhere is no mistake: all others fit any network.
NEED_PATCHES = {"patch", "tpatch"}
HAVE_PATCHES = {"ast", "ast_small", "ast_tiny", "ast_conv"}
AT_ANY_SITE = {"mixup", "eat_mixup", "speechmix", "intermix"}
AT_WAVEFORMS_ALONE = {"bc", "freqmix", "phasemix"}

LABELS = torch.tensor([0, 1, 2])
GLOBAL_SEED = 7
# None of the partners that the seeds give is everybody's own.
FIRST, SECOND = 5, 6


@dataclass(frozen=True)
class Subject:
    """A network in training, and what a batch of it gives without a mix."""

    name: str
    network: Network
    start: dict[str, Tensor]
    waveform: Tensor
    plain_logits: Tensor
    plain_state: Tensor

    def reset(self) -> None:
        """Put the network and torch's global generator, from which dropout draws, back to where they began."""
        self.network.load_state_dict(self.start)
        torch.manual_seed(GLOBAL_SEED)

    def kinds_of_sites(self) -> list[str]:
        """Return the first site of each kind."""
        # The name stands for all hidden sites in a recipe.
        assert HIDDEN not in self.network.sites
        kinds: dict[Any, str] = {}
        for site in self.network.sites.values():
            kinds.setdefault((site.axes, site.grid is None), site.name)
        return list(kinds.values())


@pytest.fixture(scope="module", params=NETWORKS)
def subject(request: pytest.FixtureRequest) -> Subject:
    network = made(request.param).train()
    start = {key: value.clone() for key, value in network.state_dict().items()}
    waveform = waves(network, count=len(LABELS))
    torch.manual_seed(GLOBAL_SEED)
    with torch.no_grad():
        plain = network(waveform)
    return Subject(request.param, network, start, waveform, plain, torch.get_rng_state())


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[MixDraw]:
    """What the mixes drew, in the order of the batches."""
    draws: list[MixDraw] = []

    def keep(targets: Tensor, draw: MixDraw) -> Tensor:
        draws.append(draw)
        return mixed_targets(targets, draw)

    monkeypatch.setattr("resp.train.objectives.mixed.mixed_targets", keep)
    return draws


def objective_with(network: Network, mix: str, site: Any) -> Objective:
    settings = MixedSettings.model_validate({"loss": "kl", "mix": {"name": mix, "site": site}})
    return create_objective(settings, network, Augmentation(AugmentSettings(), network))


def outcome_of(objective: Objective, subject: Subject, seed: int) -> Outcome:
    return objective(subject.waveform, LABELS, torch.Generator().manual_seed(seed))


def assert_learns(subject: Subject, mix: str, site: Any, drawn: list[MixDraw]) -> None:
    """Two steps from the beginning; then the first batch again."""
    network, where = subject.network, f"{subject.name} with {mix} at {site}"
    subject.reset()
    objective = objective_with(network, mix, site)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    elsewhere = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    drawn.clear()
    losses = []
    for seed in (FIRST, SECOND):
        outcome = outcome_of(objective, subject, seed)
        losses.append(outcome.loss.item())
        assert np.isfinite(losses[-1]), where
        if seed == FIRST:
            assert_mixed(outcome, subject, drawn[0], where)
            # As much as without a mix: what the network draws itself.
            assert torch.equal(torch.get_rng_state(), subject.plain_state), f"{where}: draws from the global generator"
        optimiser.zero_grad()
        outcome.loss.backward()
        for key, weight in network.named_parameters():
            assert weight.grad is not None, f"{where}: no gradient of {key}"
            assert weight.grad.isfinite().all(), f"{where}: gradient of {key}"
        optimiser.step()
    for key, weight in network.named_parameters():
        assert weight.isfinite().all(), f"{where}: {key}"
        assert not torch.equal(weight, subject.start[key]), f"{where}: {key} has learnt nothing"
    assert elsewhere == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    subject.reset()
    assert outcome_of(objective, subject, FIRST).loss.item() == losses[0], where


def assert_mixed(outcome: Outcome, subject: Subject, draw: MixDraw, where: str) -> None:
    count = len(LABELS)
    assert draw.weight.shape == draw.partner.shape == (count,), where
    assert ((draw.weight >= 0) & (draw.weight <= 1)).all(), where
    assert set(draw.partner.tolist()) <= set(range(count)), where
    own = draw.weight >= 0.5
    assert torch.equal(outcome.truth, torch.where(own, LABELS, LABELS[draw.partner])), where
    assert outcome.logits.shape == (count, len(CLASSES)), where
    changed = (draw.weight < 1) & (draw.partner != torch.arange(count))
    assert torch.equal(outcome.logits, subject.plain_logits) != changed.any(), f"{where}: mixes as its labels say"


@pytest.mark.parametrize("mix", MIXES)
def test_two_steps_at_every_kind_of_site(subject: Subject, mix: str, drawn: list[MixDraw]) -> None:
    acting = mixes.create(mix)
    kinds = subject.kinds_of_sites()
    fitting = [name for name in kinds if acting.problem(subject.network.site(name)) is None]
    assert bool(fitting) == (mix not in NEED_PATCHES or subject.name in HAVE_PATCHES)
    if mix in AT_ANY_SITE:
        assert fitting == kinds
    if mix in AT_WAVEFORMS_ALONE:
        assert fitting == [INPUT]
    for site in fitting:
        assert_learns(subject, mix, site, drawn)
    for site in set(kinds) - set(fitting):
        with pytest.raises(MixError, match=f"{site!r}.*sites of this network: {', '.join(subject.network.sites)}"):
            outcome_of(objective_with(subject.network, mix, site), subject, FIRST)
    if not fitting:
        everywhere = list(subject.network.sites)
        with pytest.raises(MixError, match=f"axis.*sites of this network: {', '.join(everywhere)}"):
            outcome_of(objective_with(subject.network, mix, everywhere), subject, FIRST)


@pytest.mark.parametrize("mix", ["speechmix", "intermix"])
def test_hidden_sites(subject: Subject, mix: str, drawn: list[MixDraw], monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = subject.network.hidden_sites
    assert hidden
    assert not {INPUT, "spectrogram", FEATURE, "logits"} & set(hidden)
    seen: set[str] = set()
    kind = type(mixes.create(mix))
    own_draw: Callable[..., MixDraw] = kind.draw

    def draw(self: Any, batch: Tensor, site: Site, *given: Any) -> MixDraw:
        seen.add(site.name)
        return own_draw(self, batch, site, *given)

    monkeypatch.setattr(kind, "draw", draw)
    assert_learns(subject, mix, HIDDEN, drawn)
    objective = objective_with(subject.network, mix, HIDDEN)
    with torch.no_grad():
        for seed in range(3 if len(hidden) > 1 else 1):
            assert outcome_of(objective, subject, seed).loss.isfinite()
    assert seen <= set(hidden)
    assert len(seen) >= min(2, len(hidden))
