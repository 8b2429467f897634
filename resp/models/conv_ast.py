"""AST over a convolutional patch embedding: a pretrained trunk makes the patches, a small transformer reads them.

Transformers train more stably and to better results where a few convolutions make their patches (Xiao et al.,
"Early convolutions help transformers see better", NeurIPS 2021). Here the linear patch projection of AST (Gong et
al., Interspeech 2021) is replaced by the trunk of EfficientAT ``mn04`` (Schmid, Koutini & Widmer, ICASSP 2023),
which has heard AudioSet; tokens, positions, encoder blocks and head are AST's own.

=========== ====================================== =============================================
Stage       Output                                 Mix site
=========== ====================================== =============================================
spectrogram [batch, frames, 128], normalised       yes
map         [batch, 384, 4, frames / 32]           yes, halves rounded up
patches     [batch, N, width]                      yes, N = frequency × time, frequency outermost
tokens      [batch, 2 + N, width], positions added no
block_1 …   [batch, 2 + N, width]                  no
feature     [batch, width]                         yes
logits      [batch, classes]                       no
=========== ====================================== =============================================
"""

from collections import OrderedDict
from pathlib import Path

from torch import Tensor, nn

from resp.models.ast_layers import ASTLayer, ASTMLPHead, encoder_config
from resp.models.ast_settings import resolve_shape
from resp.models.ast_stages import Feature, Tokens, initialise
from resp.models.checks import check_dropout, check_number
from resp.models.errors import ModelError
from resp.models.mn04_spectrogram import BINS, Mn04Spectrogram, frame_count
from resp.models.mobilenet import FEATURE_SIZE, load_mn04_trunk, trunk
from resp.models.network import Network, Site

MAP = "map"
NORM_EPS = 1e-6

# How often the trunk halves the spectrogram.
_HALVINGS = 5


class MapPatches(nn.Module):
    """Feature map [batch, 384, frequency, time] → patch vectors [batch, N, width], frequency outermost.

    Every channel is standardised by its running statistics first: on lung sounds the standard deviations of the
    published trunk's channels lie between 0.1 and 1.8.

    Parameters
    ----------
    width
        Size of a vector.
    dropout
        Of the standardised channels.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm2d(FEATURE_SIZE, affine=False)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(FEATURE_SIZE, width)

    def forward(self, value: Tensor) -> Tensor:
        """Return the vectors."""
        channels = self.standardise(value).flatten(2).transpose(1, 2)
        vectors: Tensor = self.projection(self.dropout(channels))
        return vectors


def build_conv_ast(
    *,
    classes: tuple[str, ...],
    width: int = 128,
    depth: int = 2,
    heads: int = 2,
    window_s: float = 4.0,
    rate_hz: int = 4000,
    dropout: float = 0.1,
) -> Network:
    """Build the network with random weights.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    width, depth, heads
        Of the transformer.
    window_s
        Length of the input in seconds.
    rate_hz
        Rate of the waveform: 32 000 divided by 1, 2, 4 or 8. At 4 kHz a recording of any device is heard up to
        2 kHz, where lung sounds end.
    dropout
        Of the trunk's channels, behind the positions and in both branches of every block.

    Raises
    ------
    ModelError
        A setting out of its range.
    """
    shape = resolve_shape("tiny", width, depth, heads, mlp_ratio=4.0)
    check_dropout(dropout)
    spectrogram = Mn04Spectrogram(rate_hz)
    least_s = spectrogram.least_samples / rate_hz
    check_number("window_s", window_s, f"at least {least_s:g} seconds", least=least_s)
    samples = round(window_s * rate_hz)
    grid = (_halved(BINS), _halved(frame_count(samples, rate_hz)))
    config = encoder_config(shape, classes=len(classes), dropout=dropout, norm_eps=NORM_EPS)
    transformer: dict[str, nn.Module] = {
        "patches": MapPatches(width, dropout),
        "tokens": Tokens(width, grid, dropout),
        **{f"block_{number}": ASTLayer(config) for number in range(1, depth + 1)},
        "feature": Feature(width, NORM_EPS),
        "logits": ASTMLPHead(config),
    }
    for stage in transformer.values():
        initialise(stage)
    return Network(
        {"spectrogram": spectrogram, MAP: nn.Sequential(OrderedDict(trunk())), **transformer},
        sites=[
            Site("spectrogram", ("batch", "frame", "bin")),
            Site(MAP, ("batch", "channel", "bin", "frame")),
            Site("patches", ("batch", "patch", "channel"), grid),
            Site("feature", ("batch", "channel")),
        ],
        classes=classes,
        rate_hz=rate_hz,
        input_samples=samples,
        feature_size=width,
    )


def load_conv_ast_trunk(network: Network, path: Path) -> None:
    """Fill the trunk of a network made by `build_conv_ast` from the published ``mn04_as`` checkpoint, in place.

    Raises
    ------
    ModelError
        The network has no such trunk, the file cannot be read, or its tensors do not fit.
    """
    if MAP not in network.stage_names:
        raise ModelError(f"a network with the stages {', '.join(network.stage_names)}; expected one of build_conv_ast")
    load_mn04_trunk(network.stages[MAP], path)


def _halved(size: int) -> int:
    for _ in range(_HALVINGS):
        size = (size + 1) // 2
    return size
