"""The rest of a network as an ONNX file."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from resp.score.engines.split import Rest
from resp.score.errors import ScoreError

INPUT_NAME = "frames"
OUTPUT_NAMES = ("logits", "pooled")
OPSET = 20

# Batch and length of the example: an export would take a 1 for a constant.
_EXAMPLES = 2


def write_graph(rest: Rest, value: Tensor, path: Path, *, any_length: bool) -> None:
    """Write the graph of ``rest``; it takes any batch size.

    Parameters
    ----------
    rest
        In evaluation mode, on the CPU.
    value
        An example of its input, [n, …]; of an AST as many frames as its window has.
    path
        The ONNX file, weights within.
    any_length
        Whether the input's second axis may be of any length (of an AST: up to the example's).

    Raises
    ------
    ScoreError
        The network holds something that cannot become a graph.
    """
    import onnx

    example = value.new_zeros((_EXAMPLES, *value.shape[1:])).copy_(value[:1])
    # Their least size follows from the layers.
    free = dict.fromkeys((0, 1) if any_length else (0,), torch.export.Dim.DYNAMIC)
    try:
        with _quiet(), torch.no_grad(), _without_fast_path():
            # Not left to the exporter, which would quietly take another way, and a fixed batch, where this one fails.
            program = torch.export.export(rest, (example,), dynamic_shapes=(free,), strict=False)
            made = torch.onnx.export(
                program,
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT_NAME],
                output_names=list(OUTPUT_NAMES),
                external_data=False,
                verbose=False,
            )
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise ScoreError(
            f"the network cannot be exported ({type(error).__name__}: {first}); run it with torch"
        ) from error
    if made is None:
        raise AssertionError("the exporter returned nothing")
    model = made.model_proto
    # Shapes that the exporter wrote down mislead what quantises the graph.
    del model.graph.value_info[:]
    onnx.save(model, path)


@contextmanager
def _without_fast_path() -> Iterator[None]:
    """Let torch's transformer layers run as the parts that they are made of: the fused one has a fixed batch."""
    was = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks on libraries that are not installed and on its own insides to itself."""
    log, trace = logging.getLogger("torch.onnx"), logging.getLogger("torch.__trace")
    before, handlers = log.level, trace.handlers
    log.setLevel(logging.ERROR)
    # Where a program has logging set up, torch would write down each of its steps: ten times the time.
    trace.handlers = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)
        trace.handlers = handlers
