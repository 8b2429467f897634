"""ONNX Runtime."""

from pathlib import Path

from resp.score.engines.contract import Answer, Floats, Precision
from resp.score.engines.graph import INPUT_NAME, OUTPUT_NAMES
from resp.score.engines.graph_engine import GraphEngine
from resp.score.engines.packages import need
from resp.score.engines.split import FrontEnd
from resp.score.errors import ScoreError


class OnnxEngine(GraphEngine):
    """ONNX Runtime on a CPU.

    Parameters
    ----------
    graph
        The ONNX file.
    front, precision, stage, most_frames, reason
        See `GraphEngine`.
    threads
        How many it may use.

    Raises
    ------
    ScoreError
        It is not installed, or does not take the graph.
    """

    name = "onnx"

    def __init__(
        self,
        graph: Path,
        front: FrontEnd,
        *,
        precision: Precision,
        stage: str,
        threads: int,
        most_frames: int | None = None,
        reason: str = "",
    ) -> None:
        need("onnx")
        super().__init__(front, precision=precision, stage=stage, most_frames=most_frames, reason=reason)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Waiting threads sleep: decoding has the same cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Numbers too small to matter, as in silence, cost a hundred times as much.
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ScoreError(f"{graph}: ONNX Runtime does not take this graph ({error}); export it anew") from error

    def _run(self, frames: Floats) -> Answer:
        return Answer(*self._session.run(list(OUTPUT_NAMES), {INPUT_NAME: frames}))
