"""M18: eighteen weight layers of small kernels on the raw waveform.

Source: Dai et al., "Very deep convolutional neural networks for raw waveforms", ICASSP 2017, table 1.
Input 8 kHz mono of any length from 1024 samples (0.128 s) on; 3 700 402 parameters at 50 classes, 3 679 882 at 10.

======= =============================================== ======================= ========
Stage   Made by                                         Output, T samples       Mix site
======= =============================================== ======================= ========
pool1   convolution of 80 samples, stride 4; max-pool 4 [batch, 64, T / 16]     yes
pool2   4 convolutions of 3; max-pool 4                 [batch, 64, T / 64]     yes
pool3   4 convolutions of 3; max-pool 4                 [batch, 128, T / 256]   yes
pool4   4 convolutions of 3; max-pool 4                 [batch, 256, T / 1024]  yes
conv5   4 convolutions of 3                             [batch, 512, T / 1024]  yes
feature mean over time                                  [batch, 512]            yes
logits  linear                                          [batch, classes]        no
======= =============================================== ======================= ========

Every convolution is followed by batch normalisation and ReLU. Pooled lengths are rounded up: 4 s give 32 steps, as
in the paper. The paper draws weights as Glorot & Bengio (2010) do, this network as He et al. (2015) do for ReLU.
"""

from torch import nn

from resp.models.layers import MeanOverTime, convolution, linear, with_channel
from resp.models.lengths import window_samples
from resp.models.network import Network, Site

RATE_HZ = 8000
LEAST_SAMPLES = 1024

_KERNEL, _STRIDE = 80, 4
_POOL = 4
_DEPTH = 4
# Channels of each group of convolutions.
_WIDTHS = (64, 128, 256, 512)


def build_m18(*, classes: tuple[str, ...], window_s: float | None = None) -> Network:
    """Build the network with random weights.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    window_s
        Length of the input in seconds; None takes any length from 0.128 s on.

    Raises
    ------
    ModelError
        A window that is shorter.
    """
    channels = _WIDTHS[0]
    stages: dict[str, nn.Module] = {
        "pool1": nn.Sequential(
            with_channel(),
            convolution(1, channels, _KERNEL, stride=_STRIDE, padding=(_KERNEL - _STRIDE) // 2),
            _pool(),
        )
    }
    for number, width in enumerate(_WIDTHS, start=2):
        layers = [convolution(before, width, 3, padding=1) for before in (channels, *[width] * (_DEPTH - 1))]
        last = width == _WIDTHS[-1]
        stages[f"conv{number}" if last else f"pool{number}"] = nn.Sequential(*layers, *[_pool()] * (not last))
        channels = width
    sites = [Site(name, ("batch", "channel", "time")) for name in stages]
    return Network(
        {**stages, "feature": MeanOverTime(), "logits": linear(channels, len(classes))},
        sites=[*sites, Site("feature", ("batch", "channel"))],
        classes=classes,
        rate_hz=RATE_HZ,
        input_samples=None if window_s is None else window_samples(window_s, RATE_HZ, LEAST_SAMPLES),
        least_samples=LEAST_SAMPLES,
        feature_size=channels,
    )


def _pool() -> nn.Module:
    return nn.MaxPool1d(_POOL, ceil_mode=True)
