"""Graphs in int8: static, calibrated on real windows.

Source: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
CVPR 2018. Weights are quantised per channel and symmetrically, activations per tensor by what was seen of them.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from resp.score.engines.contract import Floats
from resp.score.engines.graph import INPUT_NAME
from resp.score.engines.silent_import import import_silently


def quantise_onnx(graph: Path, out: Path, frames: Floats, *, convolutions: bool) -> None:
    """Write an int8 graph for ONNX Runtime, in its QDQ form.

    Parameters
    ----------
    graph
        The fp32 one.
    out
        The file to write.
    frames
        [n, …] the graph's input, of real windows.
    convolutions
        Whether convolutions become int8 too, beside matrix products.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter([{INPUT_NAME: frames[number : number + 1]} for number in range(len(frames))])

        def get_next(self) -> Any:
            return next(self.left, None)

    simplified = out.with_suffix(".fp32.onnx")
    with _quiet(""):
        quant_pre_process(graph, simplified, skip_symbolic_shape=True)
        quantize_static(
            simplified,
            out,
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["MatMul", "Gemm", *(["Conv"] if convolutions else [])],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
    simplified.unlink()


def quantise_openvino(model: Any, frames: Floats, *, transformer: bool, convolutions: bool) -> Any:
    """Return an int8 model for OpenVINO.

    Parameters
    ----------
    model
        The fp32 one.
    frames
        [n, …] its input, of real windows.
    transformer
        Whether it has attention, some of which NNCF then leaves as it is.
    convolutions
        Whether convolutions become int8 too.
    """
    with _quiet("nncf"):
        nncf = import_silently("nncf")
        data = nncf.Dataset([frames[number : number + 1] for number in range(len(frames))])
        left_out = (
            None if convolutions else nncf.IgnoredScope(types=["Convolution", "GroupConvolution"], validate=False)
        )
        return nncf.quantize(
            model,
            data,
            preset=nncf.QuantizationPreset.MIXED,
            model_type=nncf.ModelType.TRANSFORMER if transformer else None,
            subset_size=len(frames),
            ignored_scope=left_out,
        )


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Let a library speak of what is wrong alone; the root logger is the empty name."""
    # NNCF draws its bars on standard output, where a table may go; and it looks for a CUDA compiler on its way in.
    logs = [logging.getLogger(name) for name in (logger or None, "torch.utils.cpp_extension")]
    before = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)
