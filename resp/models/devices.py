"""Where a network runs: whether it can, and what that is."""

import platform
from pathlib import Path


def device_problem(device: str) -> str | None:
    """Return why this machine cannot use a device such as ``cpu`` or ``cuda:1``, or None where it can."""
    import torch

    try:
        torch.empty(0, device=device)
    # An unknown kind is a RuntimeError, a missing one an AssertionError or NotImplementedError.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).partition("\n")[0]
        return f"device {device!r} cannot be used here ({first}); expected cpu or cuda"
    return None


def processor() -> str:
    """Return the processor's name as Linux gives it, else what Python knows."""
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        known = []
    names = [line.partition(":")[2].strip() for line in known if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
