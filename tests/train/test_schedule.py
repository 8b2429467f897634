"""Schedules against closed forms and PyTorch's own."""

from itertools import pairwise

import pytest
import torch

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
