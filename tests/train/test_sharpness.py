"""Sharpness-aware minimisation against the formula, and what the second pass must leave alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from resp.datasets import WaveformCache
from resp.train import Recipe, train
from resp.train.loop import Trainer
from resp.train.sharpness import SharpnessAware

SCALES = torch.tensor([1.0, 4.0])


def loss(weight: Tensor) -> Tensor:
    """A quadratic, whose gradient is 2 · scales · weight."""
    return (SCALES * weight**2).sum()


def test_the_gradient_is_that_of_the_worst_place_near_by() -> None:
    weight = nn.Parameter(torch.tensor([3.0, -0.5]))
    was, idle = weight.detach().clone(), nn.Parameter(torch.ones(2))
    loss(weight).backward()
    gradient = 2 * SCALES * was
    worst = was + 0.05 * gradient / gradient.norm()
    sharpness = SharpnessAware([weight, idle], nn.Module(), 0.05)
    with sharpness.moved():
        torch.testing.assert_close(weight.detach(), worst)
        assert weight.grad is None
        loss(weight).backward()
    assert torch.equal(weight.detach(), was)
    torch.testing.assert_close(weight.grad, 2 * SCALES * worst)
    assert idle.grad is None
    assert torch.equal(idle, torch.ones(2))


def test_the_norm_runs_over_all_weights() -> None:
    weights = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
    for weight, gradient in zip(weights, (3.0, 4.0), strict=True):
        weight.grad = torch.tensor([gradient])
    with SharpnessAware(list(weights), nn.Module(), 0.5).moved():
        assert [float(weight.detach()) for weight in weights] == pytest.approx([0.3, 0.4])


def test_a_scaled_gradient_moves_alike_and_an_overflown_one_not_at_all() -> None:
    places = []
    for scale in (1.0, 65536.0, float("inf"), float("nan")):
        weight = nn.Parameter(torch.tensor([3.0, -0.5]))
        (loss(weight) * scale).backward()
        with SharpnessAware([weight], nn.Module(), 0.05).moved():
            places.append(weight.detach().clone())
        assert torch.equal(weight.detach(), torch.tensor([3.0, -0.5]))
    torch.testing.assert_close(places[0], places[1])
    assert torch.equal(places[2], torch.tensor([3.0, -0.5]))
    assert torch.equal(places[3], places[2])


def test_weights_come_back_and_counting_goes_on_after_an_error() -> None:
    layer = nn.BatchNorm1d(3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, 2.0, 3.0]))
    batch = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    layer(batch).pow(3).sum().backward()
    state = {name: value.clone() for name, value in layer.state_dict().items()}

    def pass_and_fail() -> None:
        with SharpnessAware(list(layer.parameters()), layer, 0.1).moved():
            # It normalises by the batch, as in the first pass, and counts nothing.
            shift, scale = layer.bias.detach(), layer.weight.detach()
            expected = (batch - batch.mean(0)) / (batch.var(0, unbiased=False) + layer.eps).sqrt() * scale + shift
            torch.testing.assert_close(layer(batch).detach(), expected)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        pass_and_fail()
    assert all(torch.equal(value, state[name]) for name, value in layer.state_dict().items())
    layer(batch)
    assert layer.num_batches_tracked == 2


def test_both_passes_of_a_step_hear_the_same(
    recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same augmentation, mix and dropout: without a move, the second pass has the loss of the first."""
    losses: list[list[float]] = []
    own = Trainer._passes

    def passes(self: Trainer, *given: object) -> object:
        outcomes = list(own(self, *given))  # type: ignore[arg-type]
        losses.append([float(outcome.loss.detach()) for outcome in outcomes])
        return iter(outcomes)

    monkeypatch.setattr(Trainer, "_passes", passes)
    monkeypatch.setattr(SharpnessAware, "_move", lambda self, learning: None)
    recipe = recipe_with(
        network={"settings": {"dropout": 0.3}},
        objective={"name": "patch_mix_cl"},
        augment={"waveform": [{"name": "any_noise"}]},
        optimiser={"sam_rho": 0.05},
        training={"epochs": 1, "accumulate": 2},
    )
    train(recipe, tmp_path / "run", cache=cache)
    assert len(losses) > 2
    assert losses[0::2] == losses[1::2]
    assert len(losses[0]) == 2


def test_it_is_another_run_and_measures_the_loss_of_the_weights_themselves(
    recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path
) -> None:
    plain = recipe_with(training={"epochs": 1})
    sharp = recipe_with(training={"epochs": 1}, optimiser={"sam_rho": 1e-9})
    far = recipe_with(training={"epochs": 1}, optimiser={"sam_rho": 0.5})
    rows = []
    for name, recipe in (("plain", plain), ("sharp", sharp), ("far", far)):
        train(recipe, tmp_path / name, cache=cache)
        rows.append(json.loads((tmp_path / name / "metrics.jsonl").read_text()))
    assert rows[1]["train"]["loss"] == pytest.approx(rows[0]["train"]["loss"], rel=1e-4)
    assert rows[2]["train"]["loss"] != pytest.approx(rows[0]["train"]["loss"], rel=1e-4)
