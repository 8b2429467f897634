"""Recording → Report: one model, loaded once, asked of any number of recordings."""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resp.audio import Recording
from resp.errors import RespError
from resp.models.config import ModelConfig
from resp.models.devices import device_problem
from resp.models.familiarity import Familiarity
from resp.models.folder import LoadedModel
from resp.models.network import OUTPUT
from resp.score.ahead import one_ahead, prepared_ahead
from resp.score.conclude import concluded, unusable
from resp.score.confidence import abstention, calibrate, prediction_set
from resp.score.engines.at_once import segments_at_once
from resp.score.engines.contract import Choice, Engine, Precision
from resp.score.engines.exported import ExportedModel
from resp.score.engines.load import load_with_engine
from resp.score.engines.torch_engine import TorchEngine
from resp.score.errors import ScoreError
from resp.score.familiarity import recognise
from resp.score.hear import Heard, hear
from resp.score.inputs import find_inputs
from resp.score.long.judge import Keep, LongJudge, judge_long
from resp.score.long.sound import LongSound, Opening
from resp.score.prepare import Prepared, Span, check_cycles, prepare
from resp.score.prepare_file import prepare_file
from resp.score.schema import FamiliarityResult, ModelIdentity, Report, Segment
from resp.score.summarise import as_dict, summarise

if TYPE_CHECKING:
    from resp.score.explain import Explanation

logger = logging.getLogger(__name__)

Paths = str | os.PathLike[str]


class Scorer:
    """A model that turns recordings into reports.

    Parameters
    ----------
    model
        A loaded model folder, or an exported one.
    device
        Where it runs: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, …
    engine
        What runs its network; torch in fp32 where None. An exported model has no network of its own and needs one.

    Attributes
    ----------
    at_once
        How many segments the network takes in one call.

    Raises
    ------
    ScoreError
        The model's configuration cuts windows of another length than its network takes, or it knows no classes.
    """

    def __init__(
        self, model: LoadedModel | ExportedModel, *, device: str = "cpu", engine: Engine | None = None
    ) -> None:
        self.model = model
        self.device = device
        config = model.config
        if config.task == "unlabelled":
            raise ScoreError(
                f"model {config.name!r} was pre-trained without labels and knows no classes; "
                "train it further on labelled sounds (network.weights), or give another model"
            )
        if engine is None:
            if isinstance(model, ExportedModel):
                raise ScoreError(f"{model.folder}: an exported model; read it with Scorer.load")
            stage = config.familiarity.stage if config.familiarity else OUTPUT
            engine = TorchEngine(model.network, stage=stage, device=device)
        self.engine = engine
        self.at_once = segments_at_once(model, device)
        cut, taken = config.clip.window_samples(engine.rate_hz), engine.input_samples
        if taken is not None and cut != taken:
            raise ScoreError(
                f"model {config.name!r} cuts windows of {cut} samples "
                f"(clip.window_s={config.clip.window_s:g}), "
                f"but its network takes {taken}; correct its config.json"
            )
        self.identity = ModelIdentity(
            name=config.name,
            version=config.version,
            sha256=model.sha256,
            card=model.card,
            engine=engine.name,
            precision=engine.precision,
        )

    @classmethod
    def load(
        cls,
        model: str | Path | None = None,
        *,
        device: str = "cpu",
        threads: int | None = None,
        engine: Choice | None = None,
        precision: Precision | None = None,
    ) -> "Scorer":
        """Load a model.

        Parameters
        ----------
        model
            Name of an installed model, a model folder or an exported folder; None takes the default one.
        device
            Where it runs.
        threads
            How many CPU threads the network may use in this process; None leaves it as it is.
        engine
            ``torch``, ``onnx``, ``openvino``, or ``auto`` for the fastest that agrees, which is measured once. None
            takes what an exported folder was made for, else torch.
        precision
            ``fp32``, ``bf16`` or ``int8``; None takes that of an exported folder, else fp32.

        Raises
        ------
        ScoreError
            A device that this machine does not have, fewer than one thread, or an engine that is not installed or
            does not go with the model.
        ModelError
            No such model, or a folder that cannot be read.
        """
        import torch

        if threads is not None:
            if threads < 1:
                raise ScoreError(f"threads={threads}; expected at least 1")
            torch.set_num_threads(threads)
        if problem := device_problem(device):
            raise ScoreError(problem)
        loaded, made = load_with_engine(
            model,
            device=device,
            threads=torch.get_num_threads(),
            engine=engine,
            precision=precision,
        )
        return cls(loaded, device=device, engine=made)

    @property
    def config(self) -> ModelConfig:
        """What the model's folder says."""
        return self.model.config

    @property
    def rate_hz(self) -> int:
        """The network's sampling rate."""
        return self.engine.rate_hz

    @property
    def classes(self) -> tuple[str, ...]:
        """The model's class names."""
        return self.model.config.classes

    def score(self, recording: Recording, *, cycles: Sequence[tuple[float, float]] | None = None) -> Report:
        """Score a recording.

        Parameters
        ----------
        recording
            Any rate and number of channels; channels are averaged, and the report says so.
        cycles
            Annotated breath cycles ``(start_s, end_s)``. Without them cycles are looked for, and overlapping
            windows are taken where no breathing envelope is found.

        Returns
        -------
        Report
            A bad recording never raises: it is abstained on, or failed with the reason.

        Raises
        ------
        ScoreError
            Not a recording, or cycles that do not lie within it.
        """
        if not isinstance(recording, Recording):
            raise ScoreError(
                f"a {type(recording).__name__}; expected a Recording: "
                "read it with resp.load_recording, or use score_file"
            )
        if cycles is not None:
            cycles = check_cycles(cycles, recording.duration_s, recording.source)
        try:
            return self._judge(self._prepare(recording, recording.source, cycles))
        except Exception as error:
            return self.failed(recording.source, error)

    def score_file(self, path: Paths, annotations: Paths | None = None) -> Report:
        """Score a file; whatever is wrong with it is in the report.

        Parameters
        ----------
        path
            A sound file of any kind that `resp.load_recording` reads.
        annotations
            A text file of annotated cycles, or a folder that holds ``<name of the sound file>.txt``.
        """
        try:
            return self.judge(self._prepare_file(path, annotations))
        except Exception as error:
            return self.failed(os.fspath(path), error)

    def score_paths(self, paths: Iterable[Paths], *, annotations: Paths | None = None) -> Iterator[Report]:
        """Score files and folders, one report a file, in the order of `find_inputs`.

        The next recordings are decoded and resampled while the network works on one.

        Parameters
        ----------
        paths
            Files and folders.
        annotations
            A folder of annotated cycles, ``<name of the sound file>.txt``; a recording without one is cut as
            usual, and its report says so.

        Raises
        ------
        ScoreError
            No path at all.
        """
        return self._score_each(find_inputs(paths), annotations)

    def explain(
        self, recording: Recording, segment: Segment, *, method: str | None = None, label: str | None = None
    ) -> "Explanation":
        """Say what in a segment drove the model's finding.

        Parameters
        ----------
        recording
            As it was scored.
        segment
            One of its report's.
        method
            See `resp.score.explain.explain_segment`; the one that measured best where None.
        label
            The class to explain; the segment's own, or the most probable one, where None.

        Raises
        ------
        ExplainError
            A method or class that cannot be explained.
        ScoreError
            A segment that does not lie in the recording.
        """
        from resp.score.explain import DEFAULT_METHOD, explain_segment

        if isinstance(self.model, ExportedModel):
            raise ScoreError(
                f"{self.model.folder}: an exported model only scores; explain with the model that it was exported "
                f"from, {self.model.exported.source.name}"
            )
        return explain_segment(
            self.model,
            recording,
            segment.start_s,
            segment.end_s,
            method=method or DEFAULT_METHOD,
            label=label or segment.label,
        )

    def _score_each(self, files: Sequence[Path], annotations: Paths | None) -> Iterator[Report]:
        for file, made in prepared_ahead(files, lambda file: self._prepare_file(file, annotations)):
            yield self.judge_or_fail(os.fspath(file), made)

    def judge_or_fail(self, file: str, made: Prepared | LongSound | Exception, keep: Keep | None = None) -> Report:
        """Return the report of what was made of a file: what went wrong is in it."""
        try:
            if isinstance(made, Exception):
                raise made
            return self.judge(made, keep)
        except Exception as error:
            return self.failed(file, error)

    def _prepare_file(self, path: Paths, annotations: Paths | None) -> Prepared | LongSound:
        return prepare_file(path, self.config, self.rate_hz, annotations)

    def _prepare(self, recording: Recording, file: str, cycles: Sequence[tuple[float, float]] | None) -> Prepared:
        return prepare(recording, self.model.config, self.rate_hz, file=file, cycles=cycles)

    def judge(self, prepared: Prepared | LongSound, keep: Keep | None = None) -> Report:
        """Return the report of a recording that was prepared.

        Parameters
        ----------
        prepared
            By `resp.score.prepare` or `resp.score.prepare_file`, for this model.
        keep
            Given the segments of a recording of more than an hour, whose report does not hold them.
        """
        if isinstance(prepared, LongSound):
            return judge_long(one_ahead(prepared.pieces()), lambda opening: self.long_judge(opening, keep))
        return self._judge(prepared)

    def long_judge(self, opening: Opening, keep: Keep | None = None) -> LongJudge:
        """Return what takes the other pieces of a long recording (`LongSound.pieces`) and gives its report."""
        return LongJudge(self.config, self.identity, self._run, self._segment, opening, keep)

    def _judge(self, prepared: Prepared) -> Report:
        if not prepared.spans:
            return unusable(prepared, self.identity)
        stored = self.model.config.familiarity
        heard = hear(prepared, self._run, stored)
        stethoscope = prepared.identity.device
        segments = tuple(
            self._segment(span, row, stethoscope) for span, row in zip(prepared.spans, heard.logits, strict=True)
        )
        summary, reason = summarise(
            segments,
            heard.logits,
            self.model.config,
            prepared.breaths_per_min,
            prepared.breaths_interval,
            device=stethoscope,
        )
        return concluded(
            prepared,
            self.identity,
            self.model.config,
            summary=summary,
            reason=reason,
            segments=segments,
            known=_recognise(stored, prepared, heard) if stored else None,
        )

    def _run(self, prepared: Prepared, stage: str) -> tuple[np.ndarray, np.ndarray]:
        """Return logits [segments, classes], and the pooled output of a stage [segments, channels]."""
        if stage != self.engine.stage:
            raise AssertionError(f"stage {stage!r}; the engine gives {self.engine.stage!r}")
        parts = [self.engine.run(batch) for batch in prepared.batches(self.at_once)]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _segment(self, span: Span, logits: np.ndarray, stethoscope: str | None) -> Segment:
        config = self.model.config
        probabilities = calibrate(logits, config.calibration, config.task, stethoscope)
        unsure = abstention(probabilities, config.classes, config.calibration)
        return Segment(
            kind=span.kind,
            start_s=span.start_s,
            end_s=span.end_s,
            probabilities=as_dict(probabilities, config.classes),
            label=None if unsure else config.classes[int(np.argmax(probabilities))],
            prediction_set=prediction_set(probabilities, config.classes, config.calibration),
            abstained=unsure,
        )

    def failed(self, file: str, error: Exception) -> Report:
        """Return the report of a recording that could not be scored; what is unexpected is logged."""
        if isinstance(error, RespError):
            return Report.failure(file, str(error))
        logger.error("%s could not be scored", file, exc_info=error)
        return Report.failure(file, f"unexpected {type(error).__name__}: {error}")


def _recognise(stored: Familiarity, prepared: Prepared, heard: Heard) -> FamiliarityResult:
    durations = [span.end_s - span.start_s for span in heard.windows]
    return recognise(stored, heard.pooled, durations, prepared.waveform, prepared.rate_hz)
