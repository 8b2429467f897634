"""OpenVINO."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from resp.score.engines.contract import Answer, Floats, Precision
from resp.score.engines.graph import OUTPUT_NAMES
from resp.score.engines.graph_engine import GraphEngine
from resp.score.engines.packages import need
from resp.score.engines.silent_import import import_silently
from resp.score.engines.split import FrontEnd
from resp.score.errors import ScoreError

Products = Literal["fp32", "bf16"]
_HINTS: dict[Products, str] = {"fp32": "f32", "bf16": "bf16"}


def computes_bf16() -> bool:
    """Return whether this processor multiplies bfloat16."""
    return "BF16" in import_silently("openvino").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoEngine(GraphEngine):
    """OpenVINO on a CPU.

    Parameters
    ----------
    graph
        The .xml file, its .bin beside it; or a model in memory.
    front, precision, stage, most_frames, reason
        See `GraphEngine`.
    products
        What layers that are not int8 compute in. OpenVINO would take bf16 wherever the processor has it, and not say
        so; here it is always told.
    threads
        How many it may use.

    Raises
    ------
    ScoreError
        It is not installed, does not take the graph, or the processor has no bf16.
    """

    name = "openvino"

    def __init__(
        self,
        graph: Path | Any,
        front: FrontEnd,
        *,
        precision: Precision,
        stage: str,
        products: Products,
        threads: int,
        most_frames: int | None = None,
        reason: str = "",
    ) -> None:
        need("openvino")
        super().__init__(front, precision=precision, stage=stage, most_frames=most_frames, reason=reason)
        if products == "bf16" and not computes_bf16():
            raise ScoreError("this processor has no bf16; take a model that was exported at fp32")
        core = import_silently("openvino").Core()
        settings = {
            "INFERENCE_PRECISION_HINT": _HINTS[products],
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            # Several processes would be pinned to the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            model = core.read_model(graph) if isinstance(graph, Path) else graph
            compiled = core.compile_model(model, "CPU", settings)
        except Exception as error:
            raise ScoreError(f"{graph}: OpenVINO does not take this graph ({error}); export it anew") from error
        self._request = compiled.create_infer_request()

    def _run(self, frames: Floats) -> Answer:
        found = self._request.infer([frames], share_inputs=True)
        # Copied: the next call writes where these are.
        return Answer(*(np.array(found[name], dtype=np.float32) for name in OUTPUT_NAMES))
