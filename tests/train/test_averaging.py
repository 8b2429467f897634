"""Averages against slow versions over state dictionaries."""

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch

from resp.train import Recipe
from resp.train.augmentation import Augmentation
from resp.train.averaging import create_averaging
from resp.train.objectives import Objective, create_objective
from resp.train.sections import AveragingSettings
from resp.train.starting import build_network, create_optimiser


@pytest.fixture
def objective(recipe_with: Callable[..., Recipe]) -> Objective:
    torch.manual_seed(0)
    recipe = recipe_with(objective={"name": "patch_mix_cl"}, optimiser={"lr": 0.05})
    network = build_network(recipe, ("a", "b", "c", "d"))
    return create_objective(recipe.objective, network, Augmentation(recipe.augment, network))


def step(objective: Objective, optimiser: torch.optim.Optimizer, number: int) -> None:
    generator = torch.Generator().manual_seed(number)
    waveform = torch.randn(6, 4000, generator=generator)
    labels = torch.randint(4, (6,), generator=generator)
    optimiser.zero_grad()
    objective(waveform, labels, generator).loss.backward()
    optimiser.step()


def test_live_averaging_writes_half_of_what_was_before_into_all_weights(objective: Objective) -> None:
    reference = deepcopy(objective)
    # Not Adam, which makes whole steps of gradients that are nothing but rounding.
    ours, theirs = (torch.optim.SGD(one.parameters(), lr=0.1) for one in (objective, reference))
    averaging = create_averaging(AveragingSettings(name="live", beta=0.5), objective)
    for number in range(4):
        step(objective, ours, number)
        averaging.after_step()
        before = {key: value.clone() for key, value in reference.state_dict().items()}
        step(reference, theirs, number)
        after = reference.state_dict()
        reference.load_state_dict(
            {
                key: 0.5 * before[key] + 0.5 * value if value.is_floating_point() else value
                for key, value in after.items()
            }
        )
    assert averaging.network is objective.network
    assert averaging.state() is None
    found, expected = objective.state_dict(), reference.state_dict()
    assert any("running_mean" in key for key in expected)
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, msg=key)


def test_ema_is_beside_the_weights(objective: Objective, recipe_with: Callable[..., Recipe]) -> None:
    optimiser = create_optimiser(objective, recipe_with().optimiser)
    averaging = create_averaging(AveragingSettings(name="ema", decay=0.9), objective)
    expected = None
    for number in range(4):
        step(objective, optimiser, number)
        averaging.after_step()
        now = {key: value.detach().clone() for key, value in objective.network.named_parameters()}
        # The first update copies; then decay · average + (1 − decay) · weights.
        expected = now if expected is None else {k: 0.9 * expected[k] + 0.1 * now[k] for k in now}
    for key, value in averaging.network.named_parameters():
        torch.testing.assert_close(value, expected[key], msg=key)
        assert not torch.equal(value, now[key]) or now[key].abs().sum() == 0

    other = create_averaging(AveragingSettings(name="ema", decay=0.9), deepcopy(objective))
    other.load(averaging.state())
    for one, two in zip(averaging.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(one, two)


def test_none(objective: Objective) -> None:
    averaging = create_averaging(AveragingSettings(), objective)
    averaging.after_step()
    averaging.load(None)
    assert averaging.network is objective.network
