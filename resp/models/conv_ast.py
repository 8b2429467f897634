"""AST over a convolutional patch embedding: a pretrained trunk makes the patches, a small transformer reads them.

Transformers train more stably and to better results where a few convolutions make their patches (Xiao et al.,
"Early convolutions help transformers see better", NeurIPS 2021). Here the linear patch projection of AST (Gong et
al., Interspeech 2021) is replaced by the trunk of EfficientAT ``mn04`` (Schmid, Koutini & Widmer, ICASSP 2023),
which has heard AudioSet; tokens, positions, encoder blocks and head are AST's own. The trunk may hear the sound at
several playing speeds (`resp.models.mn04_speeds`), whose maps stand side by side in time.

=========== ====================================== =============================================
Stage       Output                                 Mix site
=========== ====================================== =============================================
spectrogram [batch, frames, 128], normalised       yes
map         [batch, channels, 4, frames / 32]      yes, halves rounded up
patches     [batch, N, width]                      yes, N = frequency × time, frequency outermost
tokens      [batch, 2 + N, width], positions added no
block_1 …   [batch, 2 + N, width]                  no
feature     [batch, width]                         yes
logits      [batch, classes]                       no
=========== ====================================== =============================================
"""

from collections.abc import Sequence
from typing import Literal, get_args

from torch import Tensor, nn

from resp.models.ast_layers import ASTLayer, ASTMLPHead, encoder_config
from resp.models.ast_settings import resolve_shape
from resp.models.ast_stages import Feature, Tokens, initialise
from resp.models.checks import check_dropout
from resp.models.errors import ModelError
from resp.models.lengths import window_samples
from resp.models.mn04_speeds import LAST_END, MAP, SpeedSpectrograms, SpeedTrunk
from resp.models.network import Network, Site

_Bands = Literal["apart", "joined"]
NORM_EPS = 1e-6


class MapPatches(nn.Module):
    """Map [batch, channels, bands, columns] → patch vectors [batch, N, width], frequency outermost.

    Every channel is standardised by its running statistics first: on lung sounds the standard deviations of the
    published trunk's channels lie between 0.1 and 1.8.

    Parameters
    ----------
    channels, bands
        Of the map.
    width
        Size of a vector.
    dropout
        Of the standardised channels.
    joined
        One patch a column, of all its bands (N = columns), and not one a band and column.
    """

    def __init__(self, channels: int, bands: int, width: int, dropout: float, *, joined: bool) -> None:
        super().__init__()
        self.joined = joined
        self.standardise = nn.BatchNorm2d(channels, affine=False)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(channels * bands if joined else channels, width)

    def forward(self, value: Tensor) -> Tensor:
        """Return the vectors."""
        standard = self.standardise(value)
        channels = (standard.flatten(1, 2) if self.joined else standard.flatten(2)).transpose(1, 2)
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
    speeds: Sequence[int] = (1,),
    last_block: int = LAST_END,
    bands: _Bands = "apart",
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
    speeds
        Playing speeds at which the trunk hears the sound.
    last_block
        Behind which block of the trunk its map becomes patches, 13 to 16.
    bands
        ``apart``: a patch for each of the map's four bands of frequency; ``joined``: one of them all.
    dropout
        Of the trunk's channels, behind the positions and in both branches of every block.

    Raises
    ------
    ModelError
        A setting out of its range.
    """
    shape = resolve_shape("tiny", width, depth, heads, mlp_ratio=4.0)
    check_dropout(dropout)
    if bands not in get_args(_Bands):
        raise ModelError(f"bands={bands!r}; expected one of {', '.join(get_args(_Bands))}")
    spectrogram = SpeedSpectrograms(rate_hz, speeds)
    samples = window_samples(window_s, rate_hz, spectrogram.least_samples)
    ears = SpeedTrunk(spectrogram.frames(samples), last_block)
    joined = bands == "joined"
    grid = (1 if joined else ears.bands, sum(ears.columns))
    config = encoder_config(shape, classes=len(classes), dropout=dropout, norm_eps=NORM_EPS)
    transformer: dict[str, nn.Module] = {
        "patches": MapPatches(ears.channels, ears.bands, width, dropout, joined=joined),
        "tokens": Tokens(width, grid, dropout),
        **{f"block_{number}": ASTLayer(config) for number in range(1, depth + 1)},
        "feature": Feature(width, NORM_EPS),
        "logits": ASTMLPHead(config),
    }
    for stage in transformer.values():
        initialise(stage)
    return Network(
        {"spectrogram": spectrogram, MAP: ears, **transformer},
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
