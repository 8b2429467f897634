"""A report as flat rows: one per recording, or one per cycle or window."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from resp.report.errors import ReportError
from resp.score.findings import Finding, FindingRules, find_findings
from resp.score.schema import Report, Segment

Level = Literal["recording", "segment", "finding"]
Row = dict[str, Any]

# These columns are always there, whatever the model's classes are.
SOUND_CLASSES = ("normal", "crackle", "wheeze", "both")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, and whether it holds text, numbers or whole numbers."""

    name: str
    kind: Literal["text", "number", "count"] = "text"


_LAST = (
    Column("quality"),
    Column("familiarity"),
    Column("sounds_like"),
    Column("familiarity_distance", "number"),
    Column("duration_s", "number"),
    Column("body_site"),
    Column("device"),
    Column("patient_key"),
    Column("started_at"),
    Column("warnings"),
    Column("model"),
    Column("model_version"),
    Column("model_sha256"),
    Column("engine"),
    Column("precision"),
    Column("recording_sha256"),
)


def columns(level: Level = "recording", classes: Sequence[str] = (), carried: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns of a table.

    Parameters
    ----------
    level
        A row per ``recording``, ``segment`` or ``finding``.
    classes
        The model's classes; those beside `SOUND_CLASSES` add a column ``p_<class>`` each.
    carried
        Columns of a list of recordings that go into the table as they are, after all others.

    Raises
    ------
    ReportError
        A carried column is called as one of the table's, or named twice.
    """
    own = _own_columns(level, classes)
    taken = {column.name for column in own}
    for place, name in enumerate(carried):
        if name in taken:
            raise ReportError(f"column {name!r}: the table has one of that name already; call it otherwise in the list")
        if name in carried[:place]:
            raise ReportError(f"column {name!r} is to be carried twice; name it once")
    return (*own, *(Column(name) for name in carried))


def _own_columns(level: Level, classes: Sequence[str]) -> tuple[Column, ...]:
    # A model of two classes has one that is called abnormal: its column is there already.
    more = tuple(name for name in classes if name not in (*SOUND_CLASSES, "abnormal"))
    place = (
        (Column("segment", "count"), Column("kind"), Column("start_s", "number"), Column("end_s", "number"))
        if level == "segment"
        else ()
    )
    if level == "finding":
        event = (
            Column("label"),
            Column("start_s", "number"),
            Column("end_s", "number"),
            Column("segments", "count"),
            Column("p_highest", "number"),
            Column("p_mean", "number"),
        )
        return (Column("file"), Column("finding", "count"), *event, Column("status"), Column("reason"), *_LAST)
    whole = (
        (
            Column("breaths_per_min", "number"),
            Column("breaths_low", "number"),
            Column("breaths_high", "number"),
            Column("segments", "count"),
        )
        if level == "recording"
        else ()
    )
    return (
        Column("file"),
        *place,
        Column("status"),
        Column("reason"),
        Column("label"),
        *(Column(f"p_{name}", "number") for name in (*SOUND_CLASSES, *more)),
        Column("p_abnormal", "number"),
        Column("prediction_set"),
        *whole,
        *_LAST,
    )


def rows(
    report: Report,
    level: Level = "recording",
    classes: Sequence[str] = (),
    segments: Iterable[Segment] | None = None,
    rules: FindingRules | None = None,
    carried: Mapping[str, str | None] | None = None,
) -> Iterator[Row]:
    """Yield the rows of a report, each with every column of `columns`; what is unknown is None.

    Parameters
    ----------
    report
        Any report, failed ones too.
    level
        With ``segment`` and ``finding``, a report without any still gives one row, so that every input has one.
    classes
        The model's classes.
    segments
        Those of a long recording whose report does not hold them; None takes the report's.
    rules
        What counts as a finding; the labels where None.
    carried
        What a list of recordings says of this one, by column.
    """
    carried = carried or {}
    names = [column.name for column in columns(level, classes, tuple(carried))]
    common = _common(report) | dict(carried)
    if level == "recording":
        yield _complete(names, common | _recording(report))
        return
    if level == "finding":
        own = (_finding(one) for one in find_findings(report, segments, rules or FindingRules()))
    else:
        own = (_segment(segment) for segment in (report.segments if segments is None else segments))
    number = 0
    for number, row in enumerate(own, start=1):
        yield _complete(names, common | row | {level: number})
    if not number:
        yield _complete(names, common)


def _complete(names: Sequence[str], known: Row) -> Row:
    return {name: known.get(name) for name in names}


def _common(report: Report) -> Row:
    recording, model, known = report.recording, report.model, report.familiarity
    return {
        "file": recording.file,
        "status": report.status,
        "reason": report.reason,
        "quality": report.quality.verdict if report.quality else None,
        "familiarity": known.verdict if known else None,
        "sounds_like": known.kind if known else None,
        "familiarity_distance": known.distance if known else None,
        "duration_s": recording.duration_s,
        "body_site": recording.body_site,
        "device": recording.device,
        "patient_key": recording.patient_key,
        "started_at": recording.started_at.isoformat() if recording.started_at else None,
        "warnings": "; ".join(report.warnings) or None,
        "model": model.name if model else None,
        "model_version": model.version if model else None,
        "model_sha256": model.sha256 if model else None,
        "engine": model.engine if model else None,
        "precision": model.precision if model else None,
        "recording_sha256": recording.sha256,
    }


def _recording(report: Report) -> Row:
    summary = report.summary
    if summary is None:
        return {"segments": report.segment_count}
    low, high = summary.breaths_interval or (None, None)
    return {
        "label": summary.label,
        "p_abnormal": summary.p_abnormal,
        **_probabilities(summary.probabilities),
        "prediction_set": " ".join(summary.prediction_set) or None,
        "breaths_per_min": summary.breaths_per_min,
        "breaths_low": low,
        "breaths_high": high,
        "segments": report.segment_count,
    }


def _finding(finding: Finding) -> Row:
    return {
        "label": finding.label,
        "start_s": finding.start_s,
        "end_s": finding.end_s,
        "segments": finding.segments,
        "p_highest": finding.p_highest,
        "p_mean": finding.p_mean,
    }


def _segment(segment: Segment) -> Row:
    normal = segment.probabilities.get("normal")
    return {
        "kind": segment.kind,
        "start_s": segment.start_s,
        "end_s": segment.end_s,
        "status": "abstained" if segment.abstained else "scored",
        "reason": segment.abstained,
        "label": segment.label,
        "p_abnormal": None if normal is None else 1 - normal,
        **_probabilities(segment.probabilities),
        "prediction_set": " ".join(segment.prediction_set) or None,
    }


def _probabilities(probabilities: dict[str, float]) -> Row:
    return {f"p_{name}": value for name, value in probabilities.items()}
