"""Exported folders that are made when they are asked for, and kept beside the other caches."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

from resp.datasets.cache import default_cache_folder
from resp.models.folder import LoadedModel
from resp.score.engines.contract import Precision
from resp.score.engines.export import export_model
from resp.score.engines.exported import ExportedEngine, ExportedModel, read_exported
from resp.score.engines.packages import engine_versions, need
from resp.score.errors import ScoreError


def cache_folder() -> Path:
    """Return where exports and measured choices are kept: ``engines`` in the cache folder (see ``RESP_CACHE``)."""
    return default_cache_folder() / "engines"


def exported_on_demand(loaded: LoadedModel, engine: ExportedEngine, precision: Precision) -> ExportedModel:
    """Return a model's export for an engine, made anew where there is none yet.

    It is compared with torch on breathing that is made up, since there is nothing else to compare on.

    Parameters
    ----------
    loaded
        On the CPU.
    engine, precision
        What is to run it; not int8, which needs sounds to be calibrated on.

    Raises
    ------
    ScoreError
        See `resp.score.engines.export.export_model`.
    """
    if precision == "int8":
        raise ScoreError(
            f"int8 is calibrated on real sounds: write a model with resp export {loaded.config.name} --engine {engine} "
            "--precision int8 --calibration FOLDER_OF_SOUNDS --out FOLDER, and score with --model FOLDER"
        )
    need(engine)
    made_with = sha256(json.dumps(engine_versions(engine), sort_keys=True).encode()).hexdigest()
    folder = cache_folder() / f"{loaded.sha256[:20]}-{engine}-{precision}-{made_with[:8]}"
    if folder.is_dir():
        try:
            return read_exported(folder)
        except ScoreError:
            # Damaged; it can be made again.
            shutil.rmtree(folder, ignore_errors=True)
    try:
        return export_model(loaded, folder, engine=engine, precision=precision)
    except ScoreError:
        if folder.is_dir():
            # Another process was faster.
            return read_exported(folder)
        raise
