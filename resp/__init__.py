"""resp: software that listens to lungs.

A recording becomes a report, a data set becomes a model. The public names below are imported on first use,
so that ``import resp`` and ``resp --help`` stay fast (torch takes seconds to load).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from resp import (
        audio,
        augment,
        datasets,
        dicom,
        evaluate,
        features,
        losses,
        mix,
        models,
        records,
        report,
        score,
        train,
    )
    from resp.audio import Recording, load_recording
    from resp.errors import RespError
    from resp.score import Report, Scorer

_NAMES = {
    "Recording": "resp.audio",
    "load_recording": "resp.audio",
    "Report": "resp.score",
    "Scorer": "resp.score",
    "RespError": "resp.errors",
}
_ROOMS = (
    "audio",
    "augment",
    "datasets",
    "dicom",
    "evaluate",
    "features",
    "losses",
    "mix",
    "models",
    "records",
    "report",
    "score",
    "train",
)

__all__ = [
    "Recording",
    "load_recording",
    "Report",
    "Scorer",
    "RespError",
    "audio",
    "augment",
    "datasets",
    "dicom",
    "evaluate",
    "features",
    "losses",
    "mix",
    "models",
    "records",
    "report",
    "score",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"resp.{name}")
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'resp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
