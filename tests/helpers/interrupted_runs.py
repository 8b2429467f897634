"""Runs that are interrupted in the middle."""

import signal
from typing import Any

import pytest

from resp.train.loop import Trainer


def interrupt_after(monkeypatch: pytest.MonkeyPatch, *steps: int) -> None:
    """Send this process SIGINT after these steps of training, counted over all runs of a test."""
    own_step, done = Trainer._step, 0

    def step(self: Trainer, *arguments: Any) -> None:
        nonlocal done
        done += 1
        own_step(self, *arguments)
        if done in steps:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Trainer, "_step", step)
