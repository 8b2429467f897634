"""OpenVINO."""

from functools import cached_property
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
# Two halves of a batch beside each other, each on half the threads, are sooner done than the whole on all: threads wait
# for each other at the end of every layer. Timed by hand on two cores an AST in int8 took a tenth less, and a lone
# window of the shipped model, which cannot be halved, half as much again on one thread.
_BESIDE = 2


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
        self._settings = {
            "INFERENCE_PRECISION_HINT": _HINTS[products],
            "INFERENCE_NUM_THREADS": threads,
            # Several processes would be pinned to the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        self._core = core
        try:
            self._model = core.read_model(graph) if isinstance(graph, Path) else graph
            self._beside = self._requests(min(_BESIDE, threads))
        except Exception as error:
            raise ScoreError(f"{graph}: OpenVINO does not take this graph ({error}); export it anew") from error

    def _requests(self, streams: int) -> list[Any]:
        """Return what runs so many batches at once, which share the threads."""
        compiled = self._core.compile_model(self._model, "CPU", {**self._settings, "NUM_STREAMS": streams})
        return [compiled.create_infer_request() for _ in range(streams)]

    @cached_property
    def _alone(self) -> list[Any]:
        """What runs a lone window, on all threads; weights are laid out once more, so only where there is one."""
        return self._beside if len(self._beside) == 1 else self._requests(1)

    def _run(self, frames: Floats) -> Answer:
        alike = len(frames) - len(frames) % len(self._beside)
        answers = [] if not alike else _ask(self._beside, np.split(frames[:alike], len(self._beside)))
        if alike < len(frames):
            answers += _ask(self._alone, [frames[alike:]])
        return Answer(*(np.concatenate(parts) for parts in zip(*answers, strict=True)))


def _ask(requests: list[Any], batches: list[Floats]) -> list[tuple[Floats, ...]]:
    """Return what the graph says of each batch; every request has one, and they run at the same time."""
    for request, batch in zip(requests, batches, strict=True):
        request.start_async([batch], share_inputs=True)
    for request in requests:
        request.wait()
    # Copied: the next call writes where these are.
    return [
        tuple(np.array(request.get_tensor(name).data, dtype=np.float32) for name in OUTPUT_NAMES)
        for request in requests
    ]
