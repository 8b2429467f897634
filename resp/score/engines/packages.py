"""The libraries that engines need, which are extras."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from resp.score.engines.contract import EngineName, Precision
from resp.score.errors import ScoreError

_RUN: dict[EngineName, tuple[str, ...]] = {"torch": (), "onnx": ("onnxruntime",), "openvino": ("openvino",)}
# Every graph goes through ONNX, which OpenVINO reads.
_EXPORT: dict[EngineName, tuple[str, ...]] = {
    "torch": (),
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "openvino": ("onnx", "onnxscript", "openvino"),
}
_QUANTISE: dict[EngineName, tuple[str, ...]] = {"torch": (), "onnx": (), "openvino": ("nncf",)}


def missing_library(engine: EngineName, *, exporting: Precision | None = None) -> str | None:
    """Return what is to be installed before an engine can be used, as a sentence, or None.

    Parameters
    ----------
    engine
        Which one.
    exporting
        The precision of a model that is to be exported for it; None where one is only to be run.
    """
    wanted = _RUN[engine] if exporting is None else _EXPORT[engine]
    if exporting == "int8":
        wanted = (*wanted, *_QUANTISE[engine])
    absent = [library for library in wanted if find_spec(library) is None]
    if not absent:
        return None
    are = "is" if len(absent) == 1 else "are"
    return (
        f"engine {engine} needs {' and '.join(absent)}, which {are} not installed; "
        f"install it with: pip install 'resp[{engine}]'"
    )


def need(engine: EngineName, *, exporting: Precision | None = None) -> None:
    """Raise `ScoreError` where `missing_library` says what is missing."""
    if problem := missing_library(engine, exporting=exporting):
        raise ScoreError(problem)


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """Return the installed versions of those of ``libraries`` that are installed."""
    found = {}
    for library in libraries:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def engine_versions(engine: EngineName) -> dict[str, str]:
    """Return the versions that decide what an engine computes, and how fast."""
    return versions(("torch", *dict.fromkeys((*_EXPORT[engine], *_QUANTISE[engine]))))
