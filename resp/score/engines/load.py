"""A model and what runs it."""

import os
from typing import get_args

from resp.models.folder import LoadedModel, find_model, load_model
from resp.models.network import OUTPUT
from resp.score.engines.at_once import segments_at_once
from resp.score.engines.auto import fastest
from resp.score.engines.cached import exported_on_demand
from resp.score.engines.contract import Choice, Engine, Precision
from resp.score.engines.exported import ExportedModel, is_exported, read_exported
from resp.score.engines.torch_agreement import check_torch
from resp.score.engines.torch_engine import TorchEngine
from resp.score.errors import ScoreError


def load_with_engine(
    model: str | os.PathLike[str] | None,
    *,
    device: str = "cpu",
    threads: int,
    engine: Choice | None = None,
    precision: Precision | None = None,
) -> tuple[LoadedModel | ExportedModel, Engine]:
    """Load a model for an engine.

    Parameters
    ----------
    model
        Name of an installed model, a model folder or an exported folder; None for the default model.
    device
        Where it runs; the graphs of onnx and openvino run on a CPU.
    threads
        Of a CPU.
    engine
        None: what an exported folder was made for, else torch.
    precision
        None: that of an exported folder, else fp32.

    Raises
    ------
    ScoreError
        An engine, a precision and a model that do not go together, a library that is missing, or answers in fewer
        bits that are too far from those in fp32.
    ModelError
        No such model, or a folder that cannot be read.
    """
    for name, given, known in (("engine", engine, get_args(Choice)), ("precision", precision, get_args(Precision))):
        if given is not None and given not in known:
            raise ScoreError(f"{name}={given!r}; expected {', '.join(known)}")
    if engine in ("onnx", "openvino") and device != "cpu":
        raise ScoreError(f"engine {engine} runs on a CPU here, not on {device}; take engine torch")
    folder = find_model(model)
    if is_exported(folder):
        return _exported(read_exported(folder), device, threads, engine, precision)
    loaded = load_model(model, device=device)
    stage = familiarity_stage(loaded)
    precision = precision or "fp32"
    if engine in ("onnx", "openvino"):
        return loaded, exported_on_demand(loaded, engine, precision).engine(threads)
    compiled, reason = False, ""
    if engine == "auto":
        batch = segments_at_once(loaded, device)
        found = fastest(loaded, stage=stage, precision=precision, device=device, threads=threads, batch=batch)
        if found.engine != "torch":
            return loaded, exported_on_demand(loaded, found.engine, precision).engine(threads, found.reason)
        compiled, reason = found.compiled, found.reason
    made = TorchEngine(
        loaded.network, stage=stage, device=device, precision=precision, compiled=compiled, reason=reason
    )
    if precision != "fp32" and engine != "auto":
        # Of `auto` every candidate was compared.
        check_torch(loaded, made, device)
    return loaded, made


def familiarity_stage(loaded: LoadedModel) -> str:
    """Return the stage that familiarity is judged by; ``logits`` where nothing is."""
    stored = loaded.config.familiarity
    return stored.stage if stored else OUTPUT


def _exported(
    model: ExportedModel, device: str, threads: int, engine: Choice | None, precision: Precision | None
) -> tuple[ExportedModel, Engine]:
    told = model.exported
    if engine not in (None, "auto", told.engine):
        raise ScoreError(
            f"{model.folder}: was exported for {told.engine}; leave out --engine {engine}, or export it anew"
        )
    if precision not in (None, told.precision):
        raise ScoreError(
            f"{model.folder}: was exported in {told.precision}; leave out --precision {precision}, or export it anew"
        )
    if device != "cpu":
        raise ScoreError(f"{model.folder}: was exported for {told.engine}, which runs on a CPU here, not on {device}")
    reason = "what the model was exported for" if engine == "auto" else ""
    return model, model.engine(threads, reason)
