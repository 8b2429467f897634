"""What the tests of augmentations share."""

import pytest
import torch


@pytest.fixture
def seeded():
    """Make a generator with a seed."""

    def make(seed: int = 0) -> torch.Generator:
        return torch.Generator().manual_seed(seed)

    return make


@pytest.fixture
def waveform(seeded) -> torch.Tensor:
    """Two seconds of noise at 4 kHz, each row at its own level, [6, 8000]."""
    levels = torch.tensor([0.01, 0.1, 0.2, 0.3, 0.5, 1.0])[:, None]
    return levels * torch.randn(6, 8000, generator=seeded(1))
