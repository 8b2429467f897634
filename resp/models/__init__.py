"""Networks as named stages, one file an architecture, and the folders in which trained ones are kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from resp.models.errors import ModelError
from resp.registry import Record, Registry

if TYPE_CHECKING:
    from resp.models.network import Network

_EAT = "Gazneli et al., arXiv:2204.11479, 2022 (EAT)"
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
            "mn04_linear",
            "resp.models.mn04_linear:build_mn04_linear",
            "linear classifier over the EfficientAT mn04 trunk at several playing speeds",
            "EfficientAT; Alain & Bengio, ICLR workshop 2017 (linear probes)",
        ),
        Record(
            "mn04",
            "resp.models.mobilenet:build_mn04",
            "EfficientAT MobileNetV3 of width 0.4, AudioSet tagging",
            "Schmid, Koutini & Widmer, ICASSP 2023 (EfficientAT)",
        ),
        Record(
            "eat_s",
            "resp.models.eat:build_eat",
            "EAT small: anti-aliased convolutions on the waveform, 4 transformer layers",
            _EAT,
        ),
        Record(
            "eat_m",
            "resp.models.eat:build_eat",
            "EAT medium: twice the channels, 6 transformer layers",
            _EAT,
            {"channels": 32, "embedding": 256, "depth": 6, "heads": 16, "feed_forward": 2048},
        ),
        Record(
            "envnet",
            "resp.models.envnet:build_envnet",
            "learnt filter bank and convolutions over it, 16 kHz",
            "Tokozume & Harada, ICASSP 2017",
        ),
        Record(
            "envnet_v2",
            "resp.models.envnet_v2:build_envnet_v2",
            "learnt filter bank and convolutions over it, 44.1 kHz",
            "Tokozume, Ushiku & Harada, ICLR 2018 (BC learning)",
        ),
        Record(
            "m18",
            "resp.models.m18:build_m18",
            "18 layers of small kernels on the waveform",
            "Dai et al., ICASSP 2017",
        ),
        Record(
            "soundnet5",
            "resp.models.soundnet5:build_soundnet5",
            "5 layers of long, strided kernels on the waveform",
            "Aytar, Vondrick & Torralba, NeurIPS 2016 (SoundNet)",
        ),
        Record(
            "piczak_cnn",
            "resp.models.piczak_cnn:build_piczak_cnn",
            "2 convolutions over log-mel segments and their deltas, probabilities averaged",
            "Piczak, MLSP 2015",
        ),
        Record(
            "mlp",
            "resp.models.mlp:build_mlp",
            "dense layers over mean and deviation of MFCC or log-mel frames",
            "resp",
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
