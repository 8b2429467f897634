"""What a run ran on: written beside its results."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from resp import __version__
from resp.models.devices import processor
from resp.train.errors import TrainError
from resp.train.sections import TrainingSettings

_PACKAGES = ("torch", "accelerate", "transformers", "numpy", "soxr", "soundfile", "scikit-learn")


def create_accelerator(training: TrainingSettings) -> Accelerator:
    """Make the accelerator of a run: device, precision, and the processes that torchrun started.

    Raises
    ------
    TrainError
        CUDA is asked for and not there, or fp16 without it.
    """
    cuda = torch.cuda.is_available()
    if training.device == "cuda" and not cuda:
        raise TrainError("training.device is cuda, but there is no CUDA device; take training.device=cpu")
    on_cpu = training.device == "cpu" or not cuda
    precision = training.precision
    if precision == "auto":
        precision = "none" if on_cpu else "fp16"
    if precision == "fp16" and on_cpu:
        raise TrainError("training.precision is fp16, which needs CUDA; take none or bf16 on a CPU")
    # accelerate keeps the settings of the process's first run; a second one may want others.
    AcceleratorState._reset_state(reset_partial_state=not torch.distributed.is_initialized())
    return Accelerator(cpu=on_cpu, mixed_precision="no" if precision == "none" else precision)


def describe_environment(accelerator: Accelerator, seed: int) -> dict[str, Any]:
    """Return versions, machine, device, precision and processes as plain values."""
    device = accelerator.device
    return {
        "resp": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "processor": processor(),
        "cpu_count": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "precision": accelerator.mixed_precision,
        "processes": accelerator.num_processes,
        "seed": seed,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
