"""Networks as named stages, one file an architecture, and the folders in which trained ones are kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from resp.models.errors import ModelError
from resp.registry import Record, Registry

if TYPE_CHECKING:
    from resp.models.network import Network

_AST = "Gong et al., Interspeech 2021 (Audio Spectrogram Transformer)"

REGISTRY: Registry["Network"] = Registry(
    "network",
    ModelError,
    (
        Record(
            "ast",
            "resp.models.ast:build_ast",
            "AST base384: 768-d, 12 layers, 12 heads",
            _AST,
            {"size": "base"},
        ),
        Record(
            "ast_small",
            "resp.models.ast:build_ast",
            "AST small: 384-d, 12 layers, 6 heads",
            _AST,
            {"size": "small"},
        ),
        Record(
            "ast_tiny",
            "resp.models.ast:build_ast",
            "AST tiny: 192-d, 12 layers, 3 heads",
            _AST,
            {"size": "tiny"},
        ),
        Record(
            "ast_conv",
            "resp.models.conv_ast:build_conv_ast",
            "compact AST whose patches come from the EfficientAT mn04 trunk",
            "AST; Xiao et al., NeurIPS 2021 (convolutional patches); EfficientAT",
        ),
        Record(
            "mn04",
            "resp.models.mobilenet:build_mn04",
            "EfficientAT MobileNetV3 of width 0.4, AudioSet tagging",
            "Schmid, Koutini & Widmer, ICASSP 2023 (EfficientAT)",
        ),
    ),
)


def create(name: str, *, classes: int | Sequence[str], **settings: Any) -> "Network":
    """Make the network called ``name``.

    Parameters
    ----------
    classes
        Class names in the order of the logits, or how many there are.
    settings
        The network's own settings; see its builder.

    Raises
    ------
    ModelError
        No such network, or settings that it does not take.
    """
    names = tuple(str(index) for index in range(classes)) if isinstance(classes, int) else tuple(classes)
    if len(names) < 1 or len(set(names)) != len(names):
        raise ModelError(f"classes={classes!r}: expected at least one name and no name twice")
    return REGISTRY.create(name, classes=names, **settings)


__all__ = ["ModelError", "REGISTRY", "create"]
