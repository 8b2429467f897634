"""SoundNet5: five convolutions of long, strided kernels on the raw waveform.

Source: Aytar, Vondrick & Torralba, "SoundNet: learning sound representations from unlabeled video", NeurIPS 2016,
the network of five layers.
Input 22.05 kHz mono of any length from 222 samples (10 ms) on; 260 626 parameters at 50 classes, 250 346 at 10.

======= =========================================== ======================= ========
Stage   Made by                                     Output, T samples       Mix site
======= =========================================== ======================= ========
pool1   convolution of 64, stride 2; max-pool 8     [batch, 16, T / 16]     yes
pool2   convolution of 32, stride 2; max-pool 8     [batch, 32, T / 256]    yes
conv3   convolution of 16, stride 2                 [batch, 64, T / 512]    yes
conv4   convolution of 8, stride 2                  [batch, 128, T / 1024]  yes
conv5   convolution of 4, stride 2                  [batch, 256, T / 2048]  yes
feature mean over time                              [batch, 256]            yes
logits  linear                                      [batch, classes]        no
======= =========================================== ======================= ========

Every convolution is padded by half its kernel and followed by batch normalisation and ReLU. The paper's last
convolution, which imitates image networks on videos, is left out: a mean over time and a linear layer are in its
place, as where the network is trained on labels.
"""

from torch import nn

from resp.models.layers import MeanOverTime, convolution, linear, with_channel
from resp.models.lengths import Slide, least_length, window_samples
from resp.models.network import Network, Site

RATE_HZ = 22_050

_STRIDE = 2
_POOL = 8
# Channels and kernel of each convolution; the first two are pooled.
_CONVOLUTIONS = ((16, 64), (32, 32), (64, 16), (128, 8), (256, 4))
_POOLED = 2


def build_soundnet5(*, classes: tuple[str, ...], window_s: float | None = None) -> Network:
    """Build the network with random weights.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    window_s
        Length of the input in seconds; None takes any length from 10 ms on.

    Raises
    ------
    ModelError
        A window that is shorter.
    """
    stages: dict[str, nn.Module] = {}
    slides: list[Slide] = []
    channels = 1
    for number, (width, kernel) in enumerate(_CONVOLUTIONS, start=1):
        layers: list[nn.Module] = [with_channel()] if number == 1 else []
        layers.append(convolution(channels, width, kernel, stride=_STRIDE, padding=kernel // 2))
        slides.append(Slide(kernel, _STRIDE, kernel // 2))
        if number <= _POOLED:
            layers.append(nn.MaxPool1d(_POOL))
            slides.append(Slide(_POOL, _POOL))
        stages[f"pool{number}" if number <= _POOLED else f"conv{number}"] = nn.Sequential(*layers)
        channels = width
    sites = [Site(name, ("batch", "channel", "time")) for name in stages]
    least = least_length(slides)
    return Network(
        {**stages, "feature": MeanOverTime(), "logits": linear(channels, len(classes))},
        sites=[*sites, Site("feature", ("batch", "channel"))],
        classes=classes,
        rate_hz=RATE_HZ,
        input_samples=None if window_s is None else window_samples(window_s, RATE_HZ, least),
        least_samples=least,
        feature_size=channels,
    )
