"""What drove each finding of a recording, as files: a picture of each segment, and regions in s and Hz."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resp.audio import Recording
from resp.report.atomic import AtomicFile
from resp.report.errors import ReportError
from resp.report.explanation_picture import draw_explanation
from resp.score.explain import DEFAULT_METHOD, Explanation
from resp.score.schema import DISCLAIMER, Report
from resp.score.scorer import Scorer

SUMMARY = "explanations.json"


def write_explanations(
    recording: Recording, scorer: Scorer, folder: Path, *, method: str = DEFAULT_METHOD, label: str | None = None
) -> Iterator[tuple[Path, Explanation]]:
    """Score a recording, explain each of its segments and write what was found.

    A segment without a label is left out, unless a class is asked for: there is no finding to explain.

    Parameters
    ----------
    recording
        Any rate and number of channels.
    scorer
        Says the findings.
    folder
        For ``segment-1.png`` … and ``explanations.json``; made where it is missing.
    method
        See `resp.score.explain.explain_segment`.
    label
        The class to explain in every segment; None takes each segment's own.

    Yields
    ------
    tuple
        Each picture's file and its explanation, as they are made; the summary stands when the last was taken.

    Raises
    ------
    ReportError
        A recording without any finding to explain, or a folder that cannot be written to.
    ExplainError
        A method or class that cannot be explained.
    """
    report = scorer.score(recording)
    chosen = [
        (number, segment)
        for number, segment in enumerate(report.segments, 1)
        if label is not None or segment.label is not None
    ]
    if not chosen:
        raise ReportError(f"{recording.source}: no finding to explain ({report.reason or 'no segment has a label'})")
    told: list[dict[str, Any]] = []
    for number, segment in chosen:
        explanation = scorer.explain(recording, segment, method=method, label=label)
        if not told:
            # Not before: a class that cannot be explained leaves no empty folder behind.
            _make(folder)
        picture = folder / f"segment-{number}.png"
        _write(picture, draw_explanation(recording, explanation))
        told.append({"segment": number, "picture": picture.name, **explanation.to_dict()})
        yield picture, explanation
    _write(folder / SUMMARY, _summary(report, told))


def _summary(report: Report, explanations: list[dict[str, object]]) -> bytes:
    model = report.model
    content = {
        "file": report.recording.file,
        "model": {"name": model.name, "version": model.version, "sha256": model.sha256} if model else None,
        "explanations": explanations,
        "disclaimer": DISCLAIMER,
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"{folder}: cannot be made ({error.strerror}); expected the name of a folder") from error


def _write(path: Path, content: bytes) -> None:
    file = AtomicFile(path)
    try:
        file.stream.write(content)
        file.commit()
    except OSError as error:
        file.discard()
        raise ReportError(f"{path}: cannot be written ({error.strerror})") from error
