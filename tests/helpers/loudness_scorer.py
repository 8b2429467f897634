"""A scorer by loudness, whose logits can be recomputed by hand, and noise for it."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from resp.audio import Recording
from resp.models.config import Calibration, ClipSettings, ModelConfig
from resp.models.network import Network
from resp.score import Scorer

CLASSES = ("normal", "crackle", "wheeze", "both")
RATE_HZ = 8000
WINDOW_S = 4.0


class Loudness(nn.Module):
    """Logits that can be recomputed by hand: RMS, peak, mean absolute value, 0."""

    def forward(self, waveform):
        return torch.stack(
            [
                10 * waveform.square().mean(-1).sqrt(),
                waveform.abs().amax(-1),
                10 * waveform.abs().mean(-1),
                torch.zeros(len(waveform)),
            ],
            dim=-1,
        )


def make_scorer(network=None, **settings):
    """Return a scorer of windows of 4 s; ``settings`` are those of its model."""
    clip = ClipSettings(window_s=WINDOW_S, hop_s=2.0, fade_samples=100, **settings.pop("clip", {}))
    config = ModelConfig(
        name="loudness",
        network="ast",
        classes=CLASSES,
        clip=clip,
        calibration=Calibration(**settings.pop("calibration", {})),
        **settings,
    )
    network = network or Network(
        {"logits": Loudness()},
        sites=[],
        classes=CLASSES,
        rate_hz=RATE_HZ,
        input_samples=int(WINDOW_S * RATE_HZ),
        feature_size=1,
    )
    return Scorer(SimpleNamespace(network=network, config=config, sha256="ab" * 32, card="A card.", folder=None))


def noise(seconds, rate_hz=RATE_HZ, channels=1, seed=0):
    """Return a recording of noise."""
    samples = np.random.default_rng(seed).normal(scale=0.05, size=(channels, int(seconds * rate_hz)))
    return Recording(samples, rate_hz, source="noise.wav")
