"""Audio Spectrogram Transformer (AST) as named stages over the layers of transformers.

Source: Gong, Chung & Glass, "AST: Audio Spectrogram Transformer", Interspeech 2021. A log-mel spectrogram is
cut into overlapping patches; each becomes a vector; a class and a distillation token (Touvron et al., DeiT,
2021) go in front; the feature is the mean of both tokens behind the last block.

=========== ====================================== =============================================
Stage       Output                                 Mix site
=========== ====================================== =============================================
spectrogram [batch, frames, bins], normalised      yes
patches     [batch, N, width]                      yes, N = frequency × time, frequency outermost
tokens      [batch, 2 + N, width], positions added yes
block_1 …   [batch, 2 + N, width]                  yes
feature     [batch, width]                         yes
logits      [batch, classes]                       no
=========== ====================================== =============================================
"""

from collections.abc import Mapping
from typing import Any, get_args

import torch
from torch import nn

from resp.features import FilterBankSettings, FixedNormalise, LogMel
from resp.models.ast_layers import ASTConfig, ASTLayer, ASTMLPHead, encoder_config
from resp.models.ast_settings import Attention, PositionLayout, Size, check_settings, resolve_shape
from resp.models.ast_stages import Feature, Patches, SpectrogramFrontEnd, Tokens, initialise
from resp.models.errors import ModelError
from resp.models.network import Network, Site

AUDIOSET_MEAN = -4.2677393
AUDIOSET_STD = 4.5689974


class AudioSpectrogramTransformer(Network):
    """An AST; made by `build_ast`, which explains the settings.

    Attributes
    ----------
    grid
        ``(frequency, time)`` layout of the patches.
    width, depth
        Size of a token and number of blocks.
    position_layout
        How positions are laid out when weights of another length are loaded.
    """

    def __init__(
        self,
        stages: Mapping[str, nn.Module],
        *,
        config: ASTConfig,
        grid: tuple[int, int],
        position_layout: PositionLayout,
        classes: tuple[str, ...],
        rate_hz: int,
        input_samples: int,
    ) -> None:
        tokens = ("batch", "token", "channel")
        blocks = [name for name in stages if name.startswith("block_")]
        super().__init__(
            stages,
            sites=[
                Site("spectrogram", ("batch", "frame", "bin")),
                Site("patches", ("batch", "patch", "channel"), grid),
                *(Site(name, tokens) for name in ("tokens", *blocks)),
                Site("feature", ("batch", "channel")),
            ],
            classes=classes,
            rate_hz=rate_hz,
            input_samples=input_samples,
            feature_size=config.hidden_size,
        )
        self.grid = grid
        self.width: int = config.hidden_size
        self.depth = len(blocks)
        self.position_layout = position_layout
        self._config = config

    @property
    def attention(self) -> Attention:
        """How attention is computed: ``sdpa`` (fast) or ``eager`` (its weights can be read by a hook)."""
        name: Attention = self._config._attn_implementation
        return name

    def set_attention(self, attention: Attention) -> None:
        """Choose how attention is computed; the logits are the same but for rounding.

        Raises
        ------
        ModelError
            Neither ``sdpa`` nor ``eager``.
        """
        if attention not in get_args(Attention):
            raise ModelError(f"attention={attention!r}; expected {' or '.join(get_args(Attention))}")
        self._config._attn_implementation = attention

    def initialise(self, generator: torch.Generator | None = None) -> None:
        """Give every weight its random starting value, in place; see `resp.models.ast_stages.initialise`."""
        initialise(self, generator)


def build_ast(
    *,
    classes: tuple[str, ...],
    size: Size = "base",
    width: int | None = None,
    depth: int | None = None,
    heads: int | None = None,
    mlp_ratio: float = 4.0,
    front_end: FilterBankSettings | Mapping[str, Any] | None = None,
    window_s: float = 8.0,
    subtract_mean: bool = False,
    mean: float = AUDIOSET_MEAN,
    std: float = AUDIOSET_STD,
    patch: tuple[int, int] = (16, 16),
    stride: tuple[int, int] = (10, 10),
    dropout: float = 0.0,
    norm_eps: float = 1e-6,
    position_layout: PositionLayout = "frequency_time",
    attention: Attention = "sdpa",
) -> AudioSpectrogramTransformer:
    """Build an AST with random weights.

    Every setting is a plain value, so that a ``config.json`` can hold it.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    size
        ``base`` (768-d, 12 heads), ``small`` (384-d, 6 heads) or ``tiny`` (192-d, 3 heads), each of 12
        blocks.
    width, depth, heads
        Where given, they override what ``size`` stands for.
    mlp_ratio
        Hidden size of a block's two linear layers over ``width``.
    front_end
        The filter bank; AST's 128 bins at 16 kHz where None.
    window_s
        Length of the input in seconds.
    subtract_mean
        Whether the waveform loses its mean first. AST's own pipeline does that, Patch-Mix's does not.
    mean, std
        The spectrogram becomes ``(x − mean) / (2 · std)``; AudioSet's statistics by default.
    patch, stride
        Size of a patch and step between patches, ``(bins, frames)``.
    dropout
        Behind the sum of tokens and positions and in both branches of every block.
    norm_eps
        What the layer norms add to the variance. The published AudioSet weights were trained with 1e-6
        (timm), which is the default; their Hugging Face copy declares 1e-12. Logits differ by far less than
        1e-4 between the two.
    position_layout
        ``frequency_time`` is right. ``reference`` repeats the public reference implementation of Patch-Mix,
        which transposes the grid of the loaded positions; the two differ only when AudioSet positions are
        fitted to this grid.
    attention
        ``sdpa`` is fast; ``eager`` computes the attention weights as values that can be read.

    Returns
    -------
    AudioSpectrogramTransformer
        A network of fixed input length, ``round(window_s · rate)`` samples.

    Raises
    ------
    ModelError
        A setting out of its range, or a window or filter bank too small for a single patch.
    FeatureError
        Filter bank settings that are refused.

    Examples
    --------
    >>> build_ast(classes=("normal", "crackle"), size="tiny").grid
    (12, 79)
    """
    # JSON has lists where Python has tuples.
    patch, stride = _pair("patch", patch), _pair("stride", stride)
    shape = resolve_shape(size, width, depth, heads, mlp_ratio)
    check_settings(
        window_s=window_s,
        std=std,
        patch=patch,
        stride=stride,
        dropout=dropout,
        norm_eps=norm_eps,
        position_layout=position_layout,
        attention=attention,
    )
    bank = FilterBankSettings.read({} if front_end is None else front_end)
    input_samples = round(window_s * bank.rate_hz)
    frames = bank.frames(input_samples)
    if bank.bins < patch[0] or frames < patch[1]:
        raise ModelError(
            f"a spectrogram of {bank.bins} bins and {frames} frames ({window_s:g} s) is smaller than a "
            f"patch of {patch}; lengthen window_s, use more bins or a smaller patch"
        )
    grid = ((bank.bins - patch[0]) // stride[0] + 1, (frames - patch[1]) // stride[1] + 1)
    config = encoder_config(shape, classes=len(classes), dropout=dropout, norm_eps=norm_eps, attention=attention)
    stages: dict[str, nn.Module] = {
        "spectrogram": SpectrogramFrontEnd(LogMel(bank), FixedNormalise(mean, std), subtract_mean=subtract_mean),
        "patches": Patches(shape.width, frames=frames, bins=bank.bins, patch=patch, stride=stride),
        "tokens": Tokens(shape.width, grid, dropout),
    }
    for number in range(1, shape.depth + 1):
        stages[f"block_{number}"] = ASTLayer(config)
    stages["feature"] = Feature(shape.width, norm_eps)
    stages["logits"] = ASTMLPHead(config)
    network = AudioSpectrogramTransformer(
        stages,
        config=config,
        grid=grid,
        position_layout=position_layout,
        classes=classes,
        rate_hz=bank.rate_hz,
        input_samples=input_samples,
    )
    network.initialise()
    return network


def _pair(name: str, value: Any) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(type(part) is int for part in value):
        raise ModelError(f"{name}={value!r}; expected two whole numbers (bins, frames)")
    return value[0], value[1]
