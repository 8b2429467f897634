"""A model folder becomes an exported one: a graph for another library, compared with torch before it is kept."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from resp.models.ast import AudioSpectrogramTransformer
from resp.models.folder import CARD, CONFIG, LoadedModel, load_model
from resp.models.for_inference import with_read_tokens_alone
from resp.models.network import OUTPUT, Network
from resp.score.engines.agreement import Agreement, Tolerance
from resp.score.engines.contract import Answer, Engine, Floats, Precision
from resp.score.engines.exported import (
    ENGINE,
    GRAPHS,
    EngineConfig,
    ExportedEngine,
    ExportedModel,
    Quantisation,
    Source,
    file_checksum,
    graph_engine,
    read_exported,
)
from resp.score.engines.graph import write_graph
from resp.score.engines.openvino_engine import Products, computes_bf16
from resp.score.engines.packages import engine_versions, need
from resp.score.engines.quantise import quantise_onnx, quantise_openvino
from resp.score.engines.silent_import import import_silently
from resp.score.engines.split import FrontEnd, Rest, graph_start
from resp.score.engines.torch_engine import TorchEngine
from resp.score.engines.windows import Windows, real_windows, synthetic_windows
from resp.score.errors import ScoreError

logger = logging.getLogger(__name__)

# Windows at once when answers are compared; any number gives the same ones.
_BATCH = 4
_FULL = "fp32.onnx"

Told = Callable[[str], None]


def export_model(
    model: str | os.PathLike[str] | LoadedModel | None,
    out: str | os.PathLike[str],
    *,
    engine: ExportedEngine,
    precision: Precision = "fp32",
    calibration: str | os.PathLike[str] | None = None,
    tolerance: float | None = None,
    told: Told = logger.info,
) -> ExportedModel:
    """Write a model as an exported folder, which `resp.Scorer.load` takes as it takes a model folder.

    Parameters
    ----------
    model
        Name of an installed model, a model folder, or one that is loaded, on the CPU.
    out
        The folder to write; it appears when it is complete.
    engine, precision
        What is to run it, in which numbers.
    calibration
        Folder of sounds like those that are to be scored: an int8 model is calibrated on some of them, and every
        export is compared with torch on others. Where None, on breathing that is made up.
    tolerance
        Another limit than the usual one (see `resp.score.engines.agreement`): of a logit for fp32, else of a
        probability. It is written into the folder.
    told
        Called with what is being done.

    Raises
    ------
    ScoreError
        A library that is missing, settings that do not go together, a network that cannot be exported, or answers
        that differ from torch's by more than the tolerance: then nothing is written.
    ModelError
        No such model.
    """
    target = Path(out)
    _check(engine, precision, calibration, tolerance)
    need(engine, exporting=precision)
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise ScoreError(f"{target}: is there already; name a new folder")
    if precision == "bf16" and not computes_bf16():
        raise ScoreError("this processor has no bf16, so what it gives cannot be compared; export on one that has")
    loaded = model if isinstance(model, LoadedModel) else load_model(model)
    config, network = loaded.config, loaded.network
    if config.task == "unlabelled":
        raise ScoreError(f"model {config.name!r} knows no classes: there is nothing to score with it")
    told("cutting windows")
    windows = (
        real_windows(Path(calibration), config, network.rate_hz)
        if calibration is not None
        else synthetic_windows(config, network.rate_hz)
    )
    stage = config.familiarity.stage if config.familiarity else OUTPUT
    limits = Tolerance.of(precision, tolerance)
    # ONNX Runtime 1.31 fuses the int8 graph of a shortened last block wrongly: logits move ten times as far.
    shortened = network if (engine, precision) == ("onnx", "int8") else with_read_tokens_alone(network, stage)
    rest = Rest(shortened, stage).eval()
    with _whole_or_nothing(target) as folder:
        graph = _agreeing_graph(folder, loaded, rest, windows, engine, precision, limits, told)
        written = EngineConfig(
            engine=engine,
            precision=precision,
            products=graph.products,
            source=Source(name=config.name, version=config.version, sha256=loaded.sha256),
            takes=graph_start(network),
            most_frames=rest.most_frames,
            fill=rest.fill,
            gives=stage,
            made_with=engine_versions(engine),
            quantisation=graph.quantisation,
            tolerance=limits,
            agreement=graph.agreement,
        )
        _write_words(folder, loaded, written)
    return read_exported(target)


class _Graph(NamedTuple):
    """What is known of a graph that was written."""

    agreement: Agreement
    products: Products
    quantisation: Quantisation | None


def _agreeing_graph(
    folder: Path,
    loaded: LoadedModel,
    rest: Rest,
    windows: Windows,
    engine: ExportedEngine,
    precision: Precision,
    limits: Tolerance,
    told: Told,
) -> _Graph:
    """Write the graph into a folder; `ScoreError` where it does not agree with torch in fp32."""
    config, network = loaded.config, loaded.network
    front = FrontEnd(network).eval()
    expected = _answers(TorchEngine(network, stage=rest.stage), windows.compared)
    told("writing the graph")
    with torch.no_grad():
        calibrating = front(torch.from_numpy(windows.calibrating))
    write_graph(rest, calibrating, folder / _FULL, any_length=_any_length(network))
    tried: list[str] = []
    for convolutions in (True, False) if precision == "int8" else (True,):
        if precision == "int8":
            told(f"calibrating int8 on {len(windows.calibrating)} windows")
        _write_engine_graph(folder, engine, precision, calibrating, network, convolutions=convolutions)
        for products in _products(engine, precision):
            runner = graph_engine(
                engine,
                folder / GRAPHS[engine][0],
                front,
                precision=precision,
                products=products,
                stage=rest.stage,
                most_frames=rest.most_frames,
                threads=torch.get_num_threads(),
            )
            told(f"comparing on {len(windows.compared)} windows")
            agreement = Agreement.between(
                expected,
                _answers(runner, windows.compared),
                config,
                sounds=windows.sounds,
                recordings=windows.compared_recordings,
            )
            problem = agreement.problem(limits)
            if problem is None:
                (folder / _FULL).unlink()
                found = _quantisation(windows, tried, convolutions=convolutions) if precision == "int8" else None
                return _Graph(agreement, products, found)
            layers = f"{'all layers' if convolutions else 'without convolutions'}, the rest in {products}: "
            tried.append((layers if precision == "int8" else "") + problem)
    raise ScoreError(
        f"{config.name} for {engine} in {precision} is not written, since it does not agree with torch in fp32, "
        f"{agreement.told()}: {'; '.join(tried)}"
    )


def _check(engine: str, precision: str, calibration: str | os.PathLike[str] | None, tolerance: float | None) -> None:
    for name, given, known in (
        ("engine", engine, get_args(ExportedEngine)),
        ("precision", precision, get_args(Precision)),
    ):
        if given not in known:
            raise ScoreError(f"{name}={given!r}; expected {' or '.join(known)}")
    if engine == "onnx" and precision == "bf16":
        raise ScoreError(
            "ONNX Runtime has no bf16 products on a CPU; take engine openvino for bf16, or precision fp32 or int8"
        )
    if precision == "int8" and calibration is None:
        raise ScoreError("int8 is calibrated on real sounds; give a folder of them with --calibration")
    if calibration is not None and not Path(calibration).is_dir():
        raise ScoreError(f"calibration {os.fspath(calibration)}: no such folder; expected one of sound files")
    if tolerance is not None and not 0 < tolerance < float("inf"):
        raise ScoreError(f"tolerance={tolerance}; expected a positive number")


def _products(engine: ExportedEngine, precision: Precision) -> tuple[Products, ...]:
    """Return what may be computed in by the layers that are not int8, the fastest first."""
    if precision == "bf16":
        return ("bf16",)
    return ("bf16", "fp32") if (engine, precision) == ("openvino", "int8") and computes_bf16() else ("fp32",)


def _any_length(network: Network) -> bool:
    return network.input_samples is None or isinstance(network, AudioSpectrogramTransformer)


def _write_engine_graph(
    folder: Path, engine: ExportedEngine, precision: Precision, frames: Tensor, network: Network, *, convolutions: bool
) -> None:
    """Write the graph in the engine's own form, from the fp32 one in the folder."""
    graph = folder / GRAPHS[engine][0]
    if engine == "onnx":
        if precision == "int8":
            quantise_onnx(folder / _FULL, graph, frames.numpy(), convolutions=convolutions)
        else:
            shutil.copyfile(folder / _FULL, graph)
        return
    openvino = import_silently("openvino")
    model = openvino.Core().read_model(folder / _FULL)
    if precision == "int8":
        attends = "tokens" in network.stage_names
        model = quantise_openvino(model, frames.numpy(), transformer=attends, convolutions=convolutions)
    openvino.save_model(model, graph, compress_to_fp16=False)


def _quantisation(windows: Windows, tried: list[str], *, convolutions: bool) -> Quantisation:
    return Quantisation(
        recordings=windows.calibrating_recordings,
        windows=len(windows.calibrating),
        layers="all" if convolutions else "without convolutions",
        tried=tuple(tried),
    )


def _answers(engine: Engine, windows: Floats) -> Answer:
    parts = [engine.run(windows[first : first + _BATCH]) for first in range(0, len(windows), _BATCH)]
    return Answer(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _write_words(folder: Path, loaded: LoadedModel, written: EngineConfig) -> None:
    """Write configuration, card and, last, the checksums of all."""
    shutil.copyfile(loaded.folder / CONFIG, folder / CONFIG)
    layers = f", {written.quantisation.layers} in int8" if written.quantisation else ""
    section = (
        f"## Exported\n\nFor {written.engine} in {written.precision}{layers}, from version {written.source.version} of "
        f"{written.source.name} (SHA-256 {written.source.sha256}). Beside torch in fp32 {written.agreement.told()}.\n"
    )
    (folder / CARD).write_text(f"{loaded.card.rstrip()}\n\n{section}".lstrip(), encoding="utf-8")
    files = {path.name: file_checksum(path) for path in sorted(folder.iterdir())}
    told = written.model_copy(update={"files": files})
    told = told.model_copy(update={"sha256": told.checksum()})
    (folder / ENGINE).write_text(told.model_dump_json(indent=2) + "\n", encoding="utf-8")


@contextmanager
def _whole_or_nothing(target: Path) -> Iterator[Path]:
    """Give a folder that becomes ``target`` when the block ends well, and is gone when it does not."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        yield partial
        partial.replace(target)
    except OSError as error:
        raise ScoreError(f"{target}: cannot be written ({error.strerror or error}); choose another folder") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
