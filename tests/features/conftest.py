"""What the tests of features share: the reference implementation and some real clips."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
import soxr
import torch
from numpy.typing import NDArray


@pytest.fixture(scope="session")
def kaldi() -> ModuleType:
    """``torchaudio.compliance.kaldi``, where torchaudio can be imported."""
    try:
        return import_module("torchaudio.compliance.kaldi")
    except (ImportError, OSError) as error:
        pytest.skip(f"torchaudio cannot be imported: {error}")


@pytest.fixture(scope="session")
def real_clips(data_dir: Path) -> list[tuple[NDArray[np.float32], int]]:
    """Four KAUH and four ICBHI recordings, one channel each, with their rates."""
    paths = [
        *sorted((data_dir / "kauh").glob("*.wav"))[::75],
        *sorted((data_dir / "icbhi/audio").glob("*.wav"))[::6],
    ]
    clips = []
    for path in paths:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        clips.append((samples[:, 0], rate_hz))
    return clips


@pytest.fixture(scope="session")
def resampled(real_clips):
    """Give the real clips at a rate."""

    def at(rate_hz: int) -> list[NDArray[np.float32]]:
        return [soxr.resample(samples, own_hz, rate_hz) for samples, own_hz in real_clips]

    return at


@pytest.fixture
def noise() -> torch.Tensor:
    """Three seconds of quiet noise at 16 kHz in a batch of two, [2, 48000]."""
    return 0.1 * torch.randn(2, 48000, generator=torch.Generator().manual_seed(0))
