"""The only place that imports transformers: the encoder layer and the head of its AST.

Importing transformers' AST imports torchaudio on the way wherever that is installed, although nothing of it
is used here. A torchaudio that does not fit the installed torch then fails with `OSError`, and a network that
needs none of it could not be built. So transformers is told, for the length of that one import, that there is
none.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from transformers import utils

from resp.models.ast_settings import Attention, Shape

_ASKED = "is_torchaudio_available"


@contextmanager
def _without_torchaudio() -> Iterator[None]:
    """Let modules that are first imported here find that transformers has no torchaudio."""
    asked = getattr(utils, _ASKED)
    setattr(utils, _ASKED, lambda: False)
    try:
        yield
    finally:
        setattr(utils, _ASKED, asked)


if "transformers.audio_utils" not in sys.modules:
    with _without_torchaudio():
        import_module("transformers.audio_utils")

from transformers.models.audio_spectrogram_transformer.configuration_audio_spectrogram_transformer import (  # noqa: E402
    ASTConfig,
)
from transformers.models.audio_spectrogram_transformer.modeling_audio_spectrogram_transformer import (  # noqa: E402
    ASTLayer,
    ASTMLPHead,
)

__all__ = ["ASTConfig", "ASTLayer", "ASTMLPHead", "encoder_config"]


def encoder_config(
    shape: Shape, *, classes: int, dropout: float, norm_eps: float, attention: Attention = "sdpa"
) -> ASTConfig:
    """Return what `ASTLayer` and `ASTMLPHead` are made with."""
    config = ASTConfig(
        hidden_size=shape.width,
        num_hidden_layers=shape.depth,
        num_attention_heads=shape.heads,
        intermediate_size=shape.hidden,
        hidden_dropout_prob=dropout,
        layer_norm_eps=norm_eps,
    )
    config.num_labels = classes
    config._attn_implementation = attention
    return config
