"""The fastest engine that is installed and agrees, measured once on a machine and remembered."""

import json
import logging
import os
import statistics
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from resp import __version__
from resp.models.devices import processor
from resp.models.folder import LoadedModel
from resp.score.engines.cached import cache_folder, exported_on_demand
from resp.score.engines.contract import Engine, EngineName, Floats, Precision
from resp.score.engines.exported import ExportedEngine
from resp.score.engines.packages import engine_versions, missing_library
from resp.score.engines.torch_agreement import check_agreement
from resp.score.engines.torch_engine import TorchEngine
from resp.score.engines.windows import synthetic_windows
from resp.score.errors import ScoreError

logger = logging.getLogger(__name__)

_TURNS = 5


class Measured(BaseModel):
    """Which engine is the fastest, and why.

    Parameters
    ----------
    engine, compiled
        What to take; ``compiled`` is torch with `torch.compile`.
    reason
        In words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: EngineName
    compiled: bool = False
    reason: str


def fastest(
    loaded: LoadedModel, *, stage: str, precision: Precision, device: str, threads: int, batch: int
) -> Measured:
    """Return the fastest engine for a model; what was measured on this machine before is remembered.

    Parameters
    ----------
    loaded
        On ``device``.
    stage
        Whose pooled output is needed.
    precision
        What products compute in: the choice never changes it.
    device
        A CPU has all engines, a GPU torch as it is and compiled.
    threads
        Of a CPU.
    batch
        Windows at once.
    """
    memory = cache_folder() / f"fastest-{_key(loaded, precision, device, threads, batch)}.json"
    try:
        return Measured.model_validate_json(memory.read_bytes())
    except (OSError, ValidationError):
        pass
    logger.info("measuring which engine is the fastest here for %s; this is done once", loaded.config.name)
    found = _measure(loaded, stage, precision, device, threads, batch)
    _remember(memory, found)
    return found


def _measure(loaded: LoadedModel, stage: str, precision: Precision, device: str, threads: int, batch: int) -> Measured:
    windows = synthetic_windows(loaded.config, loaded.network.rate_hz)
    some = windows.compared[:batch]
    expected = TorchEngine(loaded.network, stage=stage, device=device).run(some)
    seconds: dict[str, float] = {}
    remarks: list[str] = []
    for name, make in _candidates(loaded, stage, precision, device, threads).items():
        try:
            engine = make()
            found = engine.run(some)
            check_agreement(loaded, precision, expected, found, windows.compared_recordings)
            seconds[name] = _seconds(engine, some)
        # Whatever an optional library runs into, another engine is there.
        except Exception as error:
            remarks.append(f"{name}: {str(error).partition(chr(10))[0]}")
            logger.info("engine %s is left out: %s", name, error)
    if not seconds:
        raise ScoreError(f"no engine runs {loaded.config.name} in {precision} here: {'; '.join(remarks)}")
    best = min(seconds, key=lambda name: seconds[name])
    listed = ", ".join(
        f"{name} {1000 * taken / len(some):.1f} ms" for name, taken in sorted(seconds.items(), key=lambda pair: pair[1])
    )
    reason = f"the fastest here in {precision}, a window in: {listed}" + (f" ({'; '.join(remarks)})" if remarks else "")
    compiled = best == "compiled torch"
    return Measured(engine="torch" if compiled else _named(best), compiled=compiled, reason=reason)


def _candidates(
    loaded: LoadedModel, stage: str, precision: Precision, device: str, threads: int
) -> dict[str, Callable[[], Engine]]:
    def by_torch(compiled: bool) -> Engine:
        return TorchEngine(loaded.network, stage=stage, device=device, precision=precision, compiled=compiled)

    def by_graph(engine: ExportedEngine) -> Engine:
        if problem := missing_library(engine, exporting=precision):
            raise ScoreError(problem)
        return exported_on_demand(loaded, engine, precision).engine(threads)

    if device != "cpu":
        return {"torch": lambda: by_torch(False), "compiled torch": lambda: by_torch(True)}
    return {
        "torch": lambda: by_torch(False),
        "onnx": lambda: by_graph("onnx"),
        "openvino": lambda: by_graph("openvino"),
    }


def _seconds(engine: Engine, windows: Floats) -> float:
    taken = []
    for _ in range(_TURNS):
        began = time.perf_counter()
        engine.run(windows)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _named(name: str) -> EngineName:
    return next(known for known in get_args(EngineName) if known == name)


def _key(loaded: LoadedModel, precision: Precision, device: str, threads: int, batch: int) -> str:
    """Return what a measurement holds for: another model, machine or library is measured anew."""
    place = device if device == "cpu" else _gpu(device)
    libraries = {**engine_versions("onnx"), **engine_versions("openvino"), "resp": __version__}
    said = [loaded.sha256, precision, place, processor(), os.cpu_count(), threads, batch, libraries]
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:24]


def _gpu(device: str) -> str:
    import torch

    return torch.cuda.get_device_name(device)


def _remember(path: Path, found: Measured) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        logger.warning("%s cannot be written (%s): engines are measured anew next time", path, error)
