"""EAT: convolutions that shorten the waveform without aliasing, then a transformer.

Source: Gazneli et al., "End-to-end audio strikes back: boosting augmentations towards an efficient audio
classification network", arXiv:2204.11479, 2022.
Input 22.05 kHz mono, 114 688 samples (5.2 s); 5 226 626 parameters (EAT-S) or 25 388 754 (EAT-M) at 50 classes, of
which the last layer has 129 or 257 a class. Other rates, lengths and factors are settings: 90 112 samples for
UrbanSound8K, 221 184 for AudioSet, and 16 384 at 16 kHz with ``factors=[4, 4, 4]`` for Speech Commands.

=========== ============================================== ========================== ========
Stage       Made by                                        Output of EAT-S            Mix site
=========== ============================================== ========================== ========
stem        convolution of 7                               [batch, 16, 114 688]       yes
down1       ÷ 4, residual block                            [batch, 32, 28 672]        yes
down2       ÷ 4                                            [batch, 64, 7168]          yes
down3       ÷ 4, residual block                            [batch, 128, 1792]         yes
down4       ÷ 4                                            [batch, 256, 448]          yes
context1    residual blocks of dilation 1, 3 and 9; ÷ 2    [batch, 512, 224]          yes
context2    residual blocks of dilation 1, 3 and 9; ÷ 2    [batch, 1024, 112]         yes
embedding   convolution of 1                               [batch, 128, 112]          yes
tokens      class token in front, positions added          [batch, 113, 128]          yes
block_1 …   transformer layers                             [batch, 113, 128]          yes
feature     class token, normalised                        [batch, 128]               yes
logits      linear                                         [batch, classes]           no
=========== ============================================== ========================== ========

Convolutions are followed by batch normalisation and leaky ReLU of slope 0.2, but for ``embedding`` and the shortcuts:
maps are signed. Positions are learned for four times as many tokens as there are (448 at 5.2 s) and interpolated, as in
the public implementation; the paper names 5.3 and 25.5 million parameters. Starting values are those of that
implementation, except that class token and positions are random instead of zero.

``hears`` is appendix A of the paper: in front of the stem a stage ``heard`` [batch, 1 or 2, samples], no mix site,
makes the ``phase`` waveform, the ``magnitude`` waveform, or ``both`` as two channels, by
`resp.features.phase_magnitude` with e^{−jφ}, as in the paper's eq. 3. The window, which the paper does not name here,
has 1024 samples and moves by 256, what it calls typical at 22.05 kHz. It trains these without noise and mixes.
"""

import math
from collections.abc import Sequence
from typing import Literal, get_args

from torch import nn

from resp.features.stft import check_stft_window
from resp.models.checks import check_dropout, check_whole
from resp.models.eat_layers import (
    ClassFeature,
    ClassToken,
    Down,
    Heard,
    PlainResidual,
    Residual,
    SoundPart,
    convolved,
    initialise,
)
from resp.models.errors import ModelError
from resp.models.layers import MeanOverTime, with_channel
from resp.models.network import Network, Site

ResidualKind = Literal["modified", "plain"]
Hears = Literal["sound", "phase", "magnitude", "both"]

# What takes the place of the sound, a channel each.
_HEARD: dict[Hears, tuple[SoundPart, ...]] = {
    "sound": (),
    "phase": ("phase",),
    "magnitude": ("magnitude",),
    "both": ("phase", "magnitude"),
}
_STEM_KERNEL = 7
# Behind the factors that are a setting, every network halves twice more.
_CONTEXTS = (2, 2)
_DILATIONS = (1, 3, 9)


def build_eat(
    *,
    classes: tuple[str, ...],
    rate_hz: int = 22_050,
    input_samples: int = 114_688,
    factors: Sequence[int] = (4, 4, 4, 4),
    channels: int = 16,
    embedding: int = 128,
    depth: int = 4,
    heads: int = 8,
    feed_forward: int = 512,
    dropout: float = 0.1,
    residual: ResidualKind = "modified",
    dilated: bool = True,
    transformer: bool = True,
    hears: Hears = "sound",
    heard_window: int = 1024,
) -> Network:
    """Build the network with random weights; the defaults are those of EAT-S on ESC-50.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    rate_hz
        Rate of the waveform.
    input_samples
        Length of the input in samples.
    factors
        By how much each ``down`` stage shortens its map; each doubles the channels.
    channels
        Of the stem.
    embedding
        Size of a token.
    depth, heads, feed_forward
        Of the transformer: layers, heads, hidden size of a layer's two linear layers.
    dropout
        Within every transformer layer.
    residual
        ``modified``: EAT's block; ``plain``: the common one, two convolutions of 3, which the ablation of blocks
        starts from.
    dilated
        Whether the blocks of the ``context`` stages are dilated; otherwise all of them see neighbouring steps.
    transformer
        Without it a convolution of 3 (stage ``convolution``) and its mean over time make the feature.
    hears
        What the stem is given: the ``sound`` itself, its ``phase`` waveform, its ``magnitude`` waveform, or ``both``
        of these as two channels.
    heard_window
        Window in samples, a multiple of four, that phase and magnitude are taken from.

    Raises
    ------
    ModelError
        A setting out of its range, or fewer samples than the mirror images at the ends of the maps need.
    FeatureError
        A window of another length.
    """
    whole = {"rate_hz": rate_hz, "channels": channels, "embedding": embedding}
    whole |= {"depth": depth, "heads": heads, "feed_forward": feed_forward}
    for name, value in whole.items():
        check_whole(name, value, 1)
    check_dropout(dropout)
    _check_factors(factors)
    if embedding % heads:
        raise ModelError(f"embedding {embedding} cannot be shared by {heads} heads; expected a multiple of {heads}")
    for name, chosen, known in (("residual", residual, get_args(ResidualKind)), ("hears", hears, get_args(Hears))):
        if chosen not in known:
            raise ModelError(f"{name}={chosen!r}; expected {' or '.join(known)}")
    check_stft_window(heard_window)
    block = Residual if residual == "modified" else PlainResidual
    dilations = _DILATIONS if dilated else (1,) * len(_DILATIONS)
    # The last blocks have the fewest steps to mirror; where they see little, the low-pass behind them sees more.
    reach = max(dilations[-1] * (block.kernel // 2), _CONTEXTS[-1])
    least = reach * math.prod(factors) * _CONTEXTS[0] + 1
    if type(input_samples) is not int or input_samples < least:
        raise ModelError(
            f"input_samples={input_samples!r}; expected at least {least} with factors {list(factors)}: "
            "take more samples, or fewer or smaller factors"
        )
    stages = _convolutions(_HEARD[hears], heard_window, channels, factors, embedding, block, dilations)
    convolutions = tuple(stages)
    maps = tuple(name for name in convolutions if name != "heard")
    if transformer:
        # As many as the map has in front of the contexts, in the public implementation: with them the published
        # numbers of parameters come out.
        stages["tokens"] = ClassToken(embedding, input_samples // math.prod(factors))
        for number in range(1, depth + 1):
            stages[f"block_{number}"] = nn.TransformerEncoderLayer(
                embedding, heads, feed_forward, dropout, "gelu", batch_first=True
            )
        behind = tuple(stages)[len(convolutions) :]
        stages["feature"] = ClassFeature(embedding)
    else:
        stages["convolution"] = nn.Sequential(*convolved(embedding, embedding, 3))
        maps, behind = (*maps, "convolution"), ()
        stages["feature"] = MeanOverTime()
    stages["logits"] = nn.Linear(embedding, len(classes))
    network = Network(
        stages,
        sites=[
            *(Site(name, ("batch", "channel", "time")) for name in maps),
            *(Site(name, ("batch", "token", "channel")) for name in behind),
            Site("feature", ("batch", "channel")),
        ],
        classes=classes,
        rate_hz=rate_hz,
        input_samples=input_samples,
        feature_size=embedding,
    )
    initialise(network)
    return network


def _check_factors(factors: Sequence[int]) -> None:
    if not isinstance(factors, list | tuple) or not factors:
        raise ModelError(f"factors={factors!r}; expected a list of whole numbers from 2 on")
    for factor in factors:
        check_whole("a factor", factor, 2)


def _convolutions(
    heard: Sequence[SoundPart],
    heard_window: int,
    channels: int,
    factors: Sequence[int],
    embedding: int,
    block: type[Residual] | type[PlainResidual],
    dilations: Sequence[int],
) -> dict[str, nn.Module]:
    """Return the stages up to ``embedding``."""
    stages: dict[str, nn.Module] = {"heard": Heard(heard, heard_window)} if heard else {}
    front = [] if heard else [with_channel()]
    stages["stem"] = nn.Sequential(*front, *convolved(len(heard) or 1, channels, _STEM_KERNEL))
    width = channels
    for number, factor in enumerate(factors, start=1):
        # Every other map gets a residual block, from the first on.
        blocks = [block(2 * width, 1)] if number % 2 else []
        stages[f"down{number}"] = nn.Sequential(Down(width, factor), *blocks)
        width *= 2
    for number, factor in enumerate(_CONTEXTS, start=1):
        blocks = [block(width, dilation) for dilation in dilations]
        stages[f"context{number}"] = nn.Sequential(*blocks, Down(width, factor))
        width *= 2
    stages["embedding"] = nn.Conv1d(width, embedding, 1)
    return stages
