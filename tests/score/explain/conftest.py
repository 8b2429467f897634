import numpy as np
import pytest
import torch
from torch import nn

from resp.models.config import ClipSettings
from resp.models.network import Network
from resp.score.explain.heard import Heard

RATE_HZ = 1000


class Linear(nn.Module):
    """Logits [w · x, 0]: the log-odds of the first class are linear in the waveform."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, waveform):
        value = waveform @ self.weights
        return torch.stack((value, torch.zeros_like(value)), dim=1)


class BandPower(nn.Module):
    """The first logit is the power between 500 and 700 Hz in dB, the second stays where it is."""

    def __init__(self, rate_hz):
        super().__init__()
        self.rate_hz = rate_hz
        self.idle = nn.Parameter(torch.zeros(1))

    def forward(self, waveform):
        power = torch.fft.rfft(waveform).abs().square()
        hz = torch.fft.rfftfreq(waveform.shape[1], 1 / self.rate_hz)
        level = 4 * power[:, (hz > 500) & (hz < 700)].mean(dim=1).add(1e-3).log10()
        return torch.stack((level, self.idle.expand_as(level)), dim=1)


def one_stage(module, rate_hz, samples):
    return Network(
        {"logits": module},
        sites=[],
        classes=("tone", "other"),
        rate_hz=rate_hz,
        input_samples=samples,
        feature_size=1,
    ).eval()


@pytest.fixture(scope="session")
def band_power():
    """A network that hears a band: rate, samples of its window → network."""
    return lambda rate_hz, samples: one_stage(BandPower(rate_hz), rate_hz, samples)


@pytest.fixture
def linear():
    """A stretch of noise with a loud middle, shorter than the window, before a linear network."""
    generator = torch.Generator().manual_seed(0)
    length, window = 300, 500
    samples = 0.01 * torch.randn(length, generator=generator)
    samples[100:150] += torch.sin(2 * np.pi * 200 * torch.arange(50) / RATE_HZ)
    network = one_stage(Linear(torch.randn(window, generator=generator)), RATE_HZ, window)
    clip = ClipSettings(window_s=window / RATE_HZ, fade_samples=20)
    return Heard(network, samples, clip, 0, "respiratory", 10.0, 10.3)
