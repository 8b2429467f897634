"""A linear classifier over what EfficientAT's trunk makes of a sound at several playing speeds.

Few patients teach few weights: here the mean over time of every channel, band and speed of the pretrained trunk
(`resp.models.mn04_speeds`) is standardised and goes straight into the classes. Linear classification of frozen
features: Alain & Bengio, "Understanding intermediate layers using linear classifier probes", ICLR workshop 2017.

=========== ============================================ ================================
Stage       Output                                       Mix site
=========== ============================================ ================================
spectrogram [batch, frames, 128], normalised             yes
map         [batch, channels, 4, frames / 32]            yes, halves rounded up
feature     [batch, speeds × channels × 4], standardised yes
logits      [batch, classes]                             no
=========== ============================================ ================================
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from resp.models.checks import check_dropout
from resp.models.errors import ModelError
from resp.models.lengths import window_samples
from resp.models.mn04_speeds import MAP, SpeedSpectrograms, SpeedTrunk
from resp.models.network import Network, Site

INITIAL_STD = 0.001


class MeanOverTime(nn.Module):
    """Maps [batch, channels, bands, columns of all speeds] → standardised means [batch, speeds × channels × bands].

    Parameters
    ----------
    columns
        How many columns each speed has, in order.
    size
        Channels times bands times speeds.
    """

    def __init__(self, columns: Sequence[int], size: int) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.standardise = nn.BatchNorm1d(size, affine=False)

    def forward(self, value: Tensor) -> Tensor:
        """Return the means over time, each speed by itself, by the running statistics of their training."""
        if self.training and len(value) < 2:
            raise ModelError("a training batch of one; expected two or more, or the network in evaluation mode")
        means = [part.mean(3).flatten(1) for part in torch.split(value, list(self.columns), dim=3)]
        standard: Tensor = self.standardise(torch.cat(means, dim=1))
        return standard


def build_mn04_linear(
    *,
    classes: tuple[str, ...],
    window_s: float = 4.0,
    rate_hz: int = 4000,
    speeds: Sequence[int] = (1, 2, 4),
    last_block: int = 15,
    dropout: float = 0.3,
) -> Network:
    """Build the network with random weights.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    window_s
        Length of the input in seconds.
    rate_hz
        Rate of the waveform: 32 000 divided by 1, 2, 4 or 8.
    speeds
        Playing speeds at which the trunk hears the sound.
    last_block
        Behind which block of the trunk its map is taken, 13 to 16.
    dropout
        Of the standardised means.

    Raises
    ------
    ModelError
        A setting out of its range.
    """
    check_dropout(dropout)
    spectrogram = SpeedSpectrograms(rate_hz, speeds)
    samples = window_samples(window_s, rate_hz, spectrogram.least_samples)
    trunk = SpeedTrunk(spectrogram.frames(samples), last_block)
    size = trunk.channels * trunk.bands * len(trunk.columns)
    classifier = nn.Linear(size, len(classes))
    # Every class starts about as probable as the next: the usual weights of so many features would prefer one.
    nn.init.normal_(classifier.weight, 0.0, INITIAL_STD)
    nn.init.zeros_(classifier.bias)
    return Network(
        {
            "spectrogram": spectrogram,
            MAP: trunk,
            "feature": MeanOverTime(trunk.columns, size),
            "logits": nn.Sequential(nn.Dropout(dropout), classifier),
        },
        sites=[
            Site("spectrogram", ("batch", "frame", "bin")),
            Site(MAP, ("batch", "channel", "bin", "frame")),
            Site("feature", ("batch", "channel")),
        ],
        classes=classes,
        rate_hz=rate_hz,
        input_samples=samples,
        feature_size=size,
    )
