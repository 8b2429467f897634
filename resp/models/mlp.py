"""Multi-layer perceptron over what the frames of a sound are on average: the baseline of all networks.

Sources: rectified layers as Nair & Hinton, ICML 2010; self-normalising ones as Klambauer et al., NeurIPS 2017.
Input 16 kHz mono of any length from one frame (25 ms) on; with its own settings 85 554 parameters at 50 classes,
75 274 at 10. Other rates are a setting of the filter bank.

=========== ======================================== ======================= ========
Stage       Made by                                  Output                  Mix site
=========== ======================================== ======================= ========
cepstrum    13 MFCC of each frame                    [batch, frames, 13]     yes
statistics  mean and standard deviation over frames, [batch, 26]             yes
            each standardised
hidden1 …   linear, activation, dropout              [batch, 256]            yes
feature     linear, activation, dropout              [batch, 256]            yes
logits      linear                                   [batch, classes]        no
=========== ======================================== ======================= ========

With ``features="log_mel"`` the first stage is ``spectrogram`` [batch, frames, bins]. The logits are linear whatever
the task: `resp.losses.heads` has what follows them.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from resp.features import FilterBankSettings, LogMel, mfcc
from resp.models.checks import check_dropout, check_whole
from resp.models.errors import ModelError
from resp.models.layers import linear
from resp.models.lengths import window_samples
from resp.models.network import Network, Site

Features = Literal["mfcc", "log_mel"]
Activation = Literal["relu", "selu"]

# Mel bins where the filter bank is not given.
_BINS: dict[str, int] = {"mfcc": 23, "log_mel": 64}
# Smaller variances count as this one: the slope of a root at 0 is infinite.
_LEAST_VARIANCE = 1e-8


class Cepstrum(nn.Module):
    """Waveform [batch, time] → MFCC [batch, frames, coefficients].

    Parameters
    ----------
    settings
        The filter bank.
    coefficients
        How many are kept.
    """

    def __init__(self, settings: FilterBankSettings, coefficients: int) -> None:
        super().__init__()
        self.settings = settings
        self.coefficients = coefficients

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the coefficients."""
        return mfcc(waveform, self.settings.rate_hz, self.coefficients, settings=self.settings)


class FrameStatistics(nn.Module):
    """Frames [batch, frames, features] → mean and standard deviation over frames, [batch, 2 · features].

    Each of them is then standardised (z-score) by running statistics of the training batches.

    Parameters
    ----------
    features
        Of a frame.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm1d(2 * features, affine=False)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the statistics."""
        mean = frames.mean(1)
        variance = frames.var(1, correction=0).clamp(min=_LEAST_VARIANCE)
        statistics: Tensor = self.standardise(torch.cat((mean, variance.sqrt()), dim=1))
        return statistics


def build_mlp(
    *,
    classes: tuple[str, ...],
    features: Features = "mfcc",
    coefficients: int = 13,
    front_end: FilterBankSettings | Mapping[str, Any] | None = None,
    window_s: float | None = None,
    width: int = 256,
    depth: int = 2,
    activation: Activation = "relu",
    dropout: float = 0.1,
) -> Network:
    """Build the network with random weights.

    Parameters
    ----------
    classes
        Class names (or names of the quantities to regress), in the order of the logits.
    features
        What a frame is described by: ``mfcc`` or ``log_mel``.
    coefficients
        How many MFCC.
    front_end
        The filter bank; frames of 25 ms every 10 ms at 16 kHz, with 23 bins for MFCC and 64 for log-mel, where None.
    window_s
        Length of the input in seconds; None takes any length from one frame on.
    width, depth
        Size and number of the hidden layers, the feature among them.
    activation
        ``relu``, with dropout; ``selu``, with alpha dropout and the starting weights that self-normalising networks
        ask for.
    dropout
        Behind each activation.

    Raises
    ------
    ModelError
        A setting out of its range.
    FeatureError
        Filter bank settings that are refused.
    """
    for name, value in (("width", width), ("depth", depth), ("coefficients", coefficients)):
        check_whole(name, value, 1)
    check_dropout(dropout)
    for name, chosen, known in (
        ("features", features, get_args(Features)),
        ("activation", activation, get_args(Activation)),
    ):
        if chosen not in known:
            raise ModelError(f"{name}={chosen!r}; expected {' or '.join(known)}")
    if not isinstance(front_end, FilterBankSettings | Mapping | None):
        raise ModelError(f"front_end={front_end!r}; expected settings of the filter bank, such as {{bins: 64}}")
    bank = FilterBankSettings.read({"bins": _BINS[features]} if front_end is None else front_end)
    if features == "mfcc" and coefficients > bank.bins:
        raise ModelError(f"coefficients={coefficients}; expected at most one for each of {bank.bins} mel bins")
    stages: dict[str, nn.Module]
    if features == "mfcc":
        stages, described = {"cepstrum": Cepstrum(bank, coefficients)}, coefficients
        frames = Site("cepstrum", ("batch", "frame", "channel"))
    else:
        stages, described = {"spectrogram": LogMel(bank)}, bank.bins
        frames = Site("spectrogram", ("batch", "frame", "bin"))
    stages["statistics"] = FrameStatistics(described)
    inputs = 2 * described
    for number in range(1, depth + 1):
        stages["feature" if number == depth else f"hidden{number}"] = _dense(inputs, width, activation, dropout)
        inputs = width
    vectors = [Site(name, ("batch", "channel")) for name in stages if name != frames.name]
    stages["logits"] = linear(width, len(classes))
    return Network(
        stages,
        sites=[frames, *vectors],
        classes=classes,
        rate_hz=bank.rate_hz,
        input_samples=None if window_s is None else window_samples(window_s, bank.rate_hz, bank.frame_length),
        least_samples=bank.frame_length,
        feature_size=width,
    )


def _dense(inputs: int, outputs: int, activation: Activation, dropout: float) -> nn.Module:
    if activation == "selu":
        return nn.Sequential(linear(inputs, outputs), nn.SELU(), nn.AlphaDropout(dropout))
    return nn.Sequential(linear(inputs, outputs, "relu"), nn.ReLU(), nn.Dropout(dropout))
