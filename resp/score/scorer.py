"""Recording → Report: one model, loaded once, asked of any number of recordings."""

import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resp.audio import Recording, load_recording
from resp.errors import RespError
from resp.models.devices import device_problem
from resp.models.familiarity import Familiarity
from resp.models.folder import LoadedModel, load_model
from resp.models.network import OUTPUT
from resp.models.predict import predict_pooled
from resp.score.annotations import cycles_for
from resp.score.confidence import abstention, calibrate, prediction_set
from resp.score.errors import ScoreError
from resp.score.familiarity import recognise, refusal, warnings, withhold, withhold_summary
from resp.score.inputs import find_inputs
from resp.score.prepare import Prepared, Span, check_cycles, prepare
from resp.score.schema import FamiliarityResult, ModelIdentity, Report, Segment
from resp.score.summarise import as_dict, summarise

if TYPE_CHECKING:
    from resp.score.explain import Explanation

logger = logging.getLogger(__name__)

# Segments that the network takes at once: on a CPU a few stay in its caches (a fifth faster than 16).
CPU_BATCH, GPU_BATCH = 4, 64
# Recordings decoded and resampled while the network works; soxr, decoders and torch all let go of the GIL.
PREPARE_THREADS = 2
PREPARE_AHEAD = 4

Paths = str | os.PathLike[str]


class Scorer:
    """A model that turns recordings into reports.

    Parameters
    ----------
    model
        A loaded model folder.
    device
        Where it runs: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, …

    Raises
    ------
    ScoreError
        The model's configuration cuts windows of another length than its network takes, or it knows no classes.
    """

    def __init__(self, model: LoadedModel, *, device: str = "cpu") -> None:
        self.model = model
        self.device = device
        config = model.config
        if config.task == "unlabelled":
            raise ScoreError(
                f"model {config.name!r} was pre-trained without labels and knows no classes; "
                "train it further on labelled sounds (network.weights), or give another model"
            )
        cut, taken = config.clip.window_samples(model.network.rate_hz), model.network.input_samples
        if taken is not None and cut != taken:
            raise ScoreError(
                f"model {config.name!r} cuts windows of {cut} samples "
                f"(clip.window_s={config.clip.window_s:g}), "
                f"but its network takes {taken}; correct its config.json"
            )
        self.identity = ModelIdentity(name=config.name, version=config.version, sha256=model.sha256, card=model.card)

    @classmethod
    def load(cls, model: str | Path | None = None, *, device: str = "cpu", threads: int | None = None) -> "Scorer":
        """Load a model.

        Parameters
        ----------
        model
            Name of an installed model or a model folder; None takes the default one.
        device
            Where it runs.
        threads
            How many CPU threads torch may use in this process; None leaves it as it is.

        Raises
        ------
        ScoreError
            A device that this machine does not have, or fewer than one thread.
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
        return cls(load_model(model, device=device), device=device)

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
            return self._failed(recording.source, error)

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
            return self._judge(self._prepare_file(path, annotations))
        except Exception as error:
            return self._failed(os.fspath(path), error)

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

        return explain_segment(
            self.model,
            recording,
            segment.start_s,
            segment.end_s,
            method=method or DEFAULT_METHOD,
            label=label or segment.label,
        )

    def _score_each(self, files: Sequence[Path], annotations: Paths | None) -> Iterator[Report]:
        waiting: deque[tuple[Path, Future[Prepared]]] = deque()
        left = iter(files)
        pool = ThreadPoolExecutor(PREPARE_THREADS, thread_name_prefix="resp-prepare")
        try:
            while True:
                while len(waiting) < PREPARE_AHEAD and (file := next(left, None)) is not None:
                    waiting.append((file, pool.submit(self._prepare_file, file, annotations)))
                if not waiting:
                    return
                file, future = waiting.popleft()
                try:
                    report = self._judge(future.result())
                except Exception as error:
                    report = self._failed(os.fspath(file), error)
                yield report
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _prepare_file(self, path: Paths, annotations: Paths | None) -> Prepared:
        if Path(path).is_dir():
            raise ScoreError(f"{os.fspath(path)}: a folder in which no sound file was found, or that cannot be read")
        cycles = cycles_for(path, annotations) if annotations is not None else None
        prepared = self._prepare(load_recording(path), os.fspath(path), cycles)
        if annotations is None or cycles is not None:
            return prepared
        missing = f"no annotation {Path(path).stem}.txt in {os.fspath(annotations)}: cut as if none had been asked for"
        return replace(prepared, warnings=(*prepared.warnings, missing))

    def _prepare(self, recording: Recording, file: str, cycles: Sequence[tuple[float, float]] | None) -> Prepared:
        return prepare(recording, self.model.config, self.model.network.rate_hz, file=file, cycles=cycles)

    def _judge(self, prepared: Prepared) -> Report:
        if not prepared.spans:
            return Report(
                status="abstained",
                reason="unusable sound: " + "; ".join(prepared.quality.reasons),
                recording=prepared.identity,
                quality=prepared.quality,
                model=self.identity,
                warnings=prepared.warnings,
            )
        stored = self.model.config.familiarity
        found, pooled = self._run(prepared, stored.stage if stored else OUTPUT)
        logits = found.astype(np.float64)
        if not np.isfinite(logits).all():
            raise ScoreError("the model gave values that are not finite numbers; its folder may be damaged")
        stethoscope = prepared.identity.device
        segments = tuple(
            self._segment(span, row, stethoscope) for span, row in zip(prepared.spans, logits, strict=True)
        )
        known = self._recognise(stored, prepared, pooled) if stored else None
        refused = refusal(known) if known else None
        if refused:
            segments = withhold(segments, refused)
        summary, reason = summarise(
            segments,
            logits,
            self.model.config,
            prepared.breaths_per_min,
            prepared.breaths_interval,
            device=stethoscope,
        )
        if refused:
            summary, reason = withhold_summary(summary), refused
        told = warnings(known, self.model.config.trained_devices) if known else ()
        return Report(
            status="abstained" if reason else "scored",
            reason=reason,
            recording=prepared.identity,
            quality=prepared.quality,
            segments=segments,
            summary=summary,
            familiarity=known,
            model=self.identity,
            warnings=(*prepared.warnings, *told),
        )

    def _run(self, prepared: Prepared, stage: str) -> tuple[np.ndarray, np.ndarray]:
        """Return logits [segments, classes], and the pooled output of a stage [segments, channels]."""
        size = CPU_BATCH if self.device == "cpu" else GPU_BATCH
        parts = [
            predict_pooled(self.model.network, batch, stage, batch_size=size, device=self.device)
            for batch in prepared.batches(size)
        ]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _recognise(self, stored: Familiarity, prepared: Prepared, pooled: np.ndarray) -> FamiliarityResult:
        # It was fitted on windows. A cycle is repeated until it fills one, which sounds different to the network.
        if any(span.kind != "window" for span in prepared.spans):
            prepared = prepared.in_windows()
            pooled = self._run(prepared, stored.stage)[1]
        durations = [span.end_s - span.start_s for span in prepared.spans]
        return recognise(stored, pooled, durations, prepared.waveform, prepared.rate_hz)

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

    def _failed(self, file: str, error: Exception) -> Report:
        if isinstance(error, RespError):
            return Report.failure(file, str(error))
        logger.error("%s could not be scored", file, exc_info=error)
        return Report.failure(file, f"unexpected {type(error).__name__}: {error}")
