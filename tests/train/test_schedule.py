"""Schedules against closed forms and PyTorch's own."""

from itertools import pairwise

import pytest
import torch
from pydantic import ValidationError

from resp.train.schedule import ScheduleSettings, rate_factor


def test_constant() -> None:
    assert rate_factor(ScheduleSettings(), epoch=3, step=1, epochs=5, steps=9) == 1.0


def test_cosine_is_torchs_one_epoch_ahead() -> None:
    epochs, lr, final = 50, 5e-5, 0.1**3
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=lr)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs, eta_min=lr * final)
    settings = ScheduleSettings(name="cosine", final_factor=final)
    for epoch in range(1, epochs + 1):
        optimiser.step()
        reference.step()
        for step in (0, 7):
            ours = lr * rate_factor(settings, epoch=epoch, step=step, epochs=epochs, steps=8)
            assert ours == pytest.approx(reference.get_last_lr()[0], rel=1e-6)


def test_warmup_rises_to_one_and_ends_near_the_final_factor() -> None:
    settings = ScheduleSettings(name="warmup_cosine", warmup_share=0.25, final_factor=0.01)
    factors = [
        rate_factor(settings, epoch=epoch, step=step, epochs=10, steps=10)
        for epoch in range(1, 11)
        for step in range(10)
    ]
    assert factors[:25] == pytest.approx([(step + 1) / 25 for step in range(25)])
    assert factors[25] == pytest.approx(1.0)
    assert all(later < earlier for earlier, later in pairwise(factors[25:]))
    assert factors[-1] == pytest.approx(0.01, abs=1e-3)


def test_no_warmup() -> None:
    settings = ScheduleSettings(name="warmup_cosine", warmup_share=0)
    assert rate_factor(settings, epoch=1, step=0, epochs=1, steps=1) == pytest.approx(1.0)


@pytest.mark.parametrize(("epochs", "steps", "share"), [(10, 10, 0.1), (7, 9, 0.3), (3, 5, 0.25)])
def test_one_cycle_is_torchs(epochs: int, steps: int, share: float) -> None:
    lr = 5e-4
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=lr, momentum=0.9)
    reference = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=lr, epochs=epochs, steps_per_epoch=steps, pct_start=share
    )
    settings = ScheduleSettings(name="one_cycle", warmup_share=share)
    for epoch in range(1, epochs + 1):
        for step in range(steps):
            ours = lr * rate_factor(settings, epoch=epoch, step=step, epochs=epochs, steps=steps)
            assert ours == pytest.approx(reference.get_last_lr()[0], rel=1e-9)
            optimiser.step()
            if (epoch, step) != (epochs, steps - 1):
                reference.step()


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1])
def test_one_cycle_of_few_steps_only_falls(share: float) -> None:
    settings = ScheduleSettings(name="one_cycle", warmup_share=share)
    factors = [rate_factor(settings, epoch=1, step=step, epochs=1, steps=10) for step in range(10)]
    assert factors[0] == 1.0
    assert all(later < earlier for earlier, later in pairwise(factors))
    assert factors[-1] == pytest.approx(4e-6)
    assert rate_factor(settings, epoch=1, step=0, epochs=1, steps=1) == 1.0


def test_step_is_that_of_envnet_v2() -> None:
    """1000 epochs, 10 of warm-up at a tenth, divided by ten after the 300th, the 600th and the 900th."""
    settings = ScheduleSettings(name="step", drops=(0.3, 0.6, 0.9), warmup_epochs=10)
    factors = [rate_factor(settings, epoch=epoch, step=epoch % 5, epochs=1000, steps=5) for epoch in range(1, 1001)]
    expected = [0.1] * 10 + [1.0] * 290 + [0.1] * 300 + [0.01] * 300 + [0.001] * 100
    assert factors == pytest.approx(expected)


def test_step_takes_other_factors_and_shares_that_are_no_round_numbers() -> None:
    settings = ScheduleSettings(name="step", drops=(0.29,), drop_factor=4, warmup_epochs=3, warmup_factor=0.5)
    factors = [rate_factor(settings, epoch=epoch, step=0, epochs=100, steps=1) for epoch in range(1, 101)]
    assert factors == pytest.approx([0.5] * 3 + [1.0] * 26 + [0.25] * 71)
    # The last of three epochs lies behind 0.75 of them, though 0.75 · 3 is no whole number.
    odd = ScheduleSettings(name="step", drops=(0.75,))
    assert [rate_factor(odd, epoch=epoch, step=0, epochs=3, steps=1) for epoch in (1, 2, 3)] == [1.0, 1.0, 0.1]


@pytest.mark.parametrize("drops", [(0.6, 0.3), (0.3, 0.3), (0.0,), (1.0,)])
def test_drops_that_are_refused(drops: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match=r"expected shares of training that grow|greater than 0|less than 1"):
        ScheduleSettings(name="step", drops=drops)
