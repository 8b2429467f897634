"""What runs a network: torch, ONNX Runtime or OpenVINO, in fp32, bf16 or int8.

Names are imported on first use: a library is loaded when its engine is.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.score.engines.agreement import Agreement, Tolerance
    from resp.score.engines.contract import Answer, Engine
    from resp.score.engines.export import export_model
    from resp.score.engines.exported import EngineConfig, ExportedModel, read_exported
    from resp.score.engines.load import load_with_engine
    from resp.score.engines.torch_engine import TorchEngine

_NAMES = {
    "Agreement": "agreement",
    "Answer": "contract",
    "Engine": "contract",
    "EngineConfig": "exported",
    "ExportedModel": "exported",
    "Tolerance": "agreement",
    "TorchEngine": "torch_engine",
    "export_model": "export",
    "load_with_engine": "load",
    "read_exported": "exported",
}

__all__ = [
    "Engine",
    "Answer",
    "TorchEngine",
    "load_with_engine",
    "export_model",
    "ExportedModel",
    "EngineConfig",
    "read_exported",
    "Agreement",
    "Tolerance",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
