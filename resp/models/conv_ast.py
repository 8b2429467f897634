"""AST over a convolutional patch embedding: a pretrained trunk makes the patches, a small transformer reads them.

Transformers learn more from little data when convolutions make their patches (Xiao et al., "Early convolutions
help transformers see better", NeurIPS 2021). Here the linear patch projection of AST (Gong et al., Interspeech
2021) is replaced by the trunk of EfficientAT ``mn04`` (Schmid, Koutini & Widmer, ICASSP 2023), which has heard
AudioSet; tokens, positions, encoder blocks and head are AST's own.

=========== ====================================== =============================================
Stage       Output                                 Mix site
=========== ====================================== =============================================
spectrogram [batch, frames, 128], normalised       yes
map         [batch, 384, 4, frames / 32]           yes
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

from resp.models.ast_layers import ASTConfig, ASTLayer, ASTMLPHead
from resp.models.ast_stages import Feature, Tokens
from resp.models.errors import ModelError
from resp.models.mobilenet import BINS, FEATURE_SIZE, RATE_HZ, Mn04Spectrogram, frame_count, read_mn04, trunk
from resp.models.network import Network, Site
from resp.models.state import fit_state

HALVINGS = 5
INITIAL_STD = 0.02
MAP = "map"


class MapPatches(nn.Module):
    """Feature map [batch, 384, frequency, time] → patch vectors [batch, N, width], frequency outermost.

    Every channel is standardised by its running statistics first: the trunk's channels differ by orders of
    magnitude.

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
    if width < 1 or depth < 1 or heads < 1 or width % heads:
        raise ModelError(f"width={width}, depth={depth}, heads={heads}; heads must divide width, all at least 1")
    if not 0 <= dropout < 1 or not window_s > 0:
        raise ModelError(f"dropout={dropout}, window_s={window_s}; expected 0 ≤ dropout < 1 and a positive time")
    spectrogram = Mn04Spectrogram(rate_hz)
    samples = round(window_s * rate_hz)
    grid = (_halved(BINS), _halved(frame_count(samples, RATE_HZ // rate_hz)))
    config = ASTConfig(
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        hidden_dropout_prob=dropout,
        layer_norm_eps=1e-6,
    )
    config.num_labels = len(classes)
    config._attn_implementation = "sdpa"
    transformer: dict[str, nn.Module] = {
        "patches": MapPatches(width, dropout),
        "tokens": Tokens(width, grid, dropout),
        **{f"block_{number}": ASTLayer(config) for number in range(1, depth + 1)},
        "feature": Feature(width, config.layer_norm_eps),
        "logits": ASTMLPHead(config),
    }
    for stage in transformer.values():
        _initialise(stage)
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
        The file cannot be read, or its tensors do not fit.
    """
    names = set(trunk())
    state = {key.removeprefix("stages."): value for key, value in read_mn04(path).items() if key.split(".")[1] in names}
    target = network.stages[MAP]
    target.load_state_dict(fit_state(state, target.state_dict(), f"{path}: "))


def _halved(size: int) -> int:
    for _ in range(HALVINGS):
        size = (size + 1) // 2
    return size


def _initialise(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, 0.0, INITIAL_STD)
            nn.init.zeros_(part.bias)
        elif isinstance(part, Tokens):
            for tokens in (part.class_token, part.distillation_token, part.positions):
                nn.init.normal_(tokens, 0.0, INITIAL_STD)
