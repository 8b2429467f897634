"""PiczakCNN: a small network over log-mel segments and their deltas, whose probabilities are averaged over a clip.

Source: Piczak, "Environmental sound classification with convolutional neural networks", MLSP 2015 (short segments,
probability voting).
Input 22.05 kHz mono of any length from 21 504 samples (one segment, 0.98 s) on; 26 534 130 parameters at 50 classes,
26 334 090 at 10. A segment is 41 frames of 46 ms every 23 ms, and begins 20 frames behind the one before it.

=========== ========================================= ========================= ========
Stage       Made by                                   Output, S segments        Mix site
=========== ========================================= ========================= ========
spectrogram 60 log-mel bands, normalised              [batch, frames, 60]       yes
segments    deltas as second channel, cut             [batch, S, 2, 60, 41]     yes
pool1       convolution of 57 × 6; max-pool 4 × 3,    [batch, S, 80, 1, 12]     yes
            stride 1 × 3; dropout
pool2       convolution of 1 × 3; max-pool 1 × 3      [batch, S, 80, 1, 3]      yes
hidden1     linear, ReLU, dropout                     [batch, S, 5000]          yes
feature     linear, ReLU, dropout                     [batch, S, 5000]          yes
logits      linear, softmax, mean over segments, log  [batch, classes]          no
=========== ========================================= ========================= ========

The softmax of the logits is the mean of the segments' probabilities. Other than in the paper, silent segments are
kept, all segments of a clip are trained at once and on its one label, the mel bands are Kaldi's, and the spectrogram
and its deltas are normalised by one mean and standard deviation each (round figures of ESC-10's) instead of those of
the training set.
"""

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

from resp.features import FilterBankSettings, FixedNormalise, LogMel, deltas
from resp.models.ast_stages import SpectrogramFrontEnd
from resp.models.checks import check_dropout, check_number, check_whole
from resp.models.layers import dense, initialise, linear
from resp.models.lengths import window_samples
from resp.models.network import Network, Site

RATE_HZ = 22_050
BANDS = 60
SEGMENT_FRAMES = 41
SEGMENT_HOP = 20
ESC10_MEAN, ESC10_STD = -3.3, 6.7
# Standard deviation of the deltas of spectrograms that were normalised so.
DELTA_STD = 0.06

_CHANNELS = 80
# Bands × frames that are left behind the second pooling: 1 × 3.
_FLATTENED = _CHANNELS * 3


class Segments(nn.Module):
    """Spectrogram [batch, frames, bands] → segments with deltas [batch, S, 2, bands, 41], half of each in the next.

    Only whole segments are cut. Deltas are taken before that, so that they do not end at a segment's ends, and are
    brought to the spectrogram's scale: as they are, they would be too small to be learned from.
    """

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Return the segments."""
        both = torch.stack((spectrogram, deltas(spectrogram) / DELTA_STD), dim=1)
        return both.unfold(2, SEGMENT_FRAMES, SEGMENT_HOP).permute(0, 2, 1, 3, 4)


class EachSegment(nn.Module):
    """Apply a module to every segment by itself: [batch, S, …] → [batch, S, …].

    Parameters
    ----------
    module
        Takes and gives [batch, …].
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, value: Tensor) -> Tensor:
        """Return what the module makes of the segments."""
        made: Tensor = self.module(value.flatten(0, 1))
        return made.reshape(*value.shape[:2], *made.shape[1:])


class MeanProbability(nn.Module):
    """Logits of segments [batch, S, classes] → ln of their mean probabilities, [batch, classes]."""

    def forward(self, logits: Tensor) -> Tensor:
        """Return the logarithms; their softmax is the mean."""
        # In one sum of exponentials, so that no probability is rounded to 0 before its logarithm is taken.
        return logits.log_softmax(2).logsumexp(1) - math.log(logits.shape[1])


def build_piczak_cnn(
    *,
    classes: tuple[str, ...],
    window_s: float | None = None,
    hidden: int = 5000,
    dropout: float = 0.5,
    mean: float = ESC10_MEAN,
    std: float = ESC10_STD,
) -> Network:
    """Build the network with random weights.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    window_s
        Length of the input in seconds; None takes any length from one segment on.
    hidden
        Size of both hidden linear layers.
    dropout
        Behind the first pooling and both hidden linear layers.
    mean, std
        The spectrogram, a natural logarithm, becomes ``(x − mean) / std``.

    Raises
    ------
    ModelError
        A window shorter than one segment, a dropout outside 0 to below 1 or a deviation that is not positive.
    """
    check_whole("hidden", hidden, 1)
    check_dropout(dropout)
    check_number("mean", mean, "a number")
    check_number("std", std, "a positive number", above=0)
    # 1024 samples every 512.
    bank = FilterBankSettings(
        rate_hz=RATE_HZ,
        bins=BANDS,
        frame_length_ms=46.44,
        frame_shift_ms=23.22,
        low_hz=0.0,
        pre_emphasis=0.0,
        remove_dc=False,
    )
    least = bank.frame_length + (SEGMENT_FRAMES - 1) * bank.frame_shift
    pool1 = nn.Sequential(_convolution(2, (57, 6)), nn.ReLU(), nn.MaxPool2d((4, 3), stride=(1, 3)), nn.Dropout(dropout))
    pool2 = nn.Sequential(_convolution(_CHANNELS, (1, 3)), nn.ReLU(), nn.MaxPool2d((1, 3)))
    last = OrderedDict(segments=linear(hidden, len(classes)), mean=MeanProbability())
    picture, vectors = ("batch", "segment", "channel", "bin", "frame"), ("batch", "segment", "channel")
    return Network(
        {
            "spectrogram": SpectrogramFrontEnd(LogMel(bank), FixedNormalise(mean, std, 1.0), subtract_mean=False),
            "segments": Segments(),
            "pool1": EachSegment(pool1),
            "pool2": EachSegment(pool2),
            "hidden1": nn.Sequential(nn.Flatten(2), *dense(_FLATTENED, hidden, dropout)),
            "feature": dense(hidden, hidden, dropout),
            "logits": nn.Sequential(last),
        },
        sites=[
            Site("spectrogram", ("batch", "frame", "bin")),
            *(Site(name, picture) for name in ("segments", "pool1", "pool2")),
            *(Site(name, vectors) for name in ("hidden1", "feature")),
        ],
        classes=classes,
        rate_hz=RATE_HZ,
        input_samples=None if window_s is None else window_samples(window_s, RATE_HZ, least),
        least_samples=least,
        feature_size=hidden,
    )


def _convolution(inputs: int, kernel: tuple[int, int]) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, _CHANNELS, kernel)
    initialise(layer, 2.0)
    return layer
