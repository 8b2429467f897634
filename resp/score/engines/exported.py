"""Exported folders: a graph with all that scoring needs beside it, and a checksum of every file.

=================== ==========================================================================
``config.json``     the model's own, as it was
``engine.json``     what was exported, how, and how near its answers are (`EngineConfig`)
``README.md``       the model's card
``model.onnx``      the graph for ONNX Runtime, weights within; or
``model.xml, .bin`` the graph for OpenVINO, and its weights
=================== ==========================================================================

Nothing in it is executed: graphs hold the libraries' own operators alone.
"""

import json
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from resp.models.config import ModelConfig
from resp.models.folder import CARD, CONFIG, build_network, read_config
from resp.score.engines.agreement import Agreement, Tolerance
from resp.score.engines.contract import Precision
from resp.score.engines.graph_engine import GraphEngine
from resp.score.engines.onnx_engine import OnnxEngine
from resp.score.engines.openvino_engine import OpenVinoEngine, Products, computes_bf16
from resp.score.engines.packages import need
from resp.score.engines.split import FrontEnd
from resp.score.errors import ScoreError

ENGINE = "engine.json"
GRAPHS: dict[str, tuple[str, ...]] = {"onnx": ("model.onnx",), "openvino": ("model.xml", "model.bin")}
"""The files of a graph, the one that is opened first."""

ExportedEngine = Literal["onnx", "openvino"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """Which model was exported: name, version, and the checksum that its own reports name."""

    name: str
    version: str
    sha256: str


class Quantisation(_Frozen):
    """What an int8 graph was calibrated on, and which layers of it are int8.

    Parameters
    ----------
    recordings, windows
        Real ones; none of the recordings is among those of the comparison.
    layers
        ``all`` that the library quantises, or those ``without convolutions``.
    tried
        What was tried before, and why it was not taken.
    """

    recordings: Annotated[int, Field(ge=1)]
    windows: Annotated[int, Field(ge=1)]
    layers: Literal["all", "without convolutions"]
    tried: tuple[str, ...] = ()


class EngineConfig(_Frozen):
    """The ``engine.json`` of an exported folder.

    Parameters
    ----------
    engine, precision
        What runs the graph, and what its products compute in.
    products
        What the layers that are not int8 compute in.
    source
        The model that was exported.
    takes
        The stage whose output the graph takes; ``waveform`` where it hears the sound itself.
    most_frames, fill
        Of an AST: how many frames its window has, and the value with which fewer are filled up. Else None.
    gives
        The stage whose pooled output the graph gives beside the logits.
    made_with
        Library → version.
    quantisation
        Of int8; else None.
    tolerance, agreement
        What it may differ by, and what it differs by.
    files
        Name → SHA-256 of every other file of the folder, hexadecimal.
    sha256
        Over all of the above: what reports of this model name.
    """

    format_version: Literal[1] = 1
    engine: ExportedEngine
    precision: Precision
    products: Products
    source: Source
    takes: str
    most_frames: Annotated[int, Field(ge=1)] | None = None
    fill: float | None = None
    gives: str
    made_with: dict[str, str] = {}
    quantisation: Quantisation | None = None
    tolerance: Tolerance
    agreement: Agreement
    files: dict[str, str] = {}
    sha256: str = ""

    def checksum(self) -> str:
        """Return SHA-256 over every field but ``sha256``."""
        said = json.dumps(self.model_dump(mode="json", exclude={"sha256"}), sort_keys=True)
        return sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class ExportedModel:
    """An exported model that was read: everything of a `resp.models.folder.LoadedModel` but the network.

    Parameters
    ----------
    config, card, folder
        As of a loaded model.
    sha256
        What reports name.
    exported
        What ``engine.json`` says.
    """

    config: ModelConfig
    sha256: str
    card: str
    folder: Path
    exported: EngineConfig

    def engine(self, threads: int, reason: str = "") -> GraphEngine:
        """Make what runs it.

        Raises
        ------
        ScoreError
            Its library is not installed or does not take the graph, or this processor has no bf16.
        """
        told = self.exported
        return graph_engine(
            told.engine,
            self.folder / GRAPHS[told.engine][0],
            FrontEnd(build_network(self.config, f"{self.folder / CONFIG}: ")),
            precision=told.precision,
            products=told.products,
            stage=told.gives,
            most_frames=told.most_frames,
            threads=threads,
            reason=reason,
        )


def graph_engine(
    engine: ExportedEngine,
    graph: Path,
    front: FrontEnd,
    *,
    precision: Precision,
    products: Products,
    stage: str,
    most_frames: int | None,
    threads: int,
    reason: str = "",
) -> GraphEngine:
    """Make the engine that runs a graph; the parameters are fields of `EngineConfig` and of `GraphEngine`."""
    if engine == "onnx":
        return OnnxEngine(
            graph, front, precision=precision, stage=stage, threads=threads, most_frames=most_frames, reason=reason
        )
    need("openvino")
    if precision == "int8" and products == "bf16" and not computes_bf16():
        # Nearer to what was trained, and slower.
        products = "fp32"
    return OpenVinoEngine(
        graph,
        front,
        precision=precision,
        products=products,
        stage=stage,
        threads=threads,
        most_frames=most_frames,
        reason=reason,
    )


def is_exported(folder: Path) -> bool:
    """Return whether a folder is an exported one."""
    return (folder / ENGINE).is_file()


def read_exported(folder: Path) -> ExportedModel:
    """Read an exported folder, every file of which must be the one that was written.

    Raises
    ------
    ScoreError
        ``engine.json`` cannot be read or was changed, or a file is missing, was added or was changed; it names it.
    ModelError
        ``config.json`` is none.
    """
    path = folder / ENGINE
    try:
        raw = path.read_bytes()
        values: Any = json.loads(raw)
        version = values.get("format_version") if isinstance(values, dict) else None
        if version != 1:
            raise ScoreError(f"{path}: format version {version!r}; this resp reads 1: export the model anew")
        told = EngineConfig.model_validate_json(raw)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ScoreError(f"{path}: {wrong}; export the model anew") from error
    except (OSError, ValueError) as error:
        raise ScoreError(f"{path}: cannot be read ({error}); export the model anew") from error
    if told.checksum() != told.sha256:
        raise ScoreError(f"{path}: was changed after it was written; export the model anew")
    wanted = {CONFIG, CARD, *GRAPHS[told.engine]}
    if set(told.files) != wanted:
        raise ScoreError(f"{path}: lists {', '.join(sorted(told.files))}; expected {', '.join(sorted(wanted))}")
    for name, expected in told.files.items():
        try:
            found = file_checksum(folder / name)
        except OSError as error:
            raise ScoreError(f"{folder / name}: cannot be read ({error.strerror}); copy the folder again") from error
        if found != expected:
            raise ScoreError(f"{folder / name}: not the file that was exported (its checksum differs); copy it again")
    return ExportedModel(
        config=read_config(folder),
        sha256=told.sha256,
        card=(folder / CARD).read_text(encoding="utf-8"),
        folder=folder,
        exported=told,
    )


def file_checksum(path: Path) -> str:
    """Return SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
