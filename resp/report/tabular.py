"""A report as flat rows: one per recording, or one per cycle or window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from resp.score.schema import Report, Segment

Level = Literal["recording", "segment"]
Row = dict[str, Any]

# These columns are always there, whatever the model's classes are.
SOUND_CLASSES = ("normal", "crackle", "wheeze", "both")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, and whether it holds text, numbers or whole numbers."""

    name: str
    kind: Literal["text", "number", "count"] = "text"


def columns(level: Level = "recording", classes: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns of a table.

    Parameters
    ----------
    level
        A row per ``recording`` or per ``segment``.
    classes
        The model's classes; those beside `SOUND_CLASSES` add a column ``p_<class>`` each.
    """
    # A model of two classes has one that is called abnormal: its column is there already.
    more = tuple(name for name in classes if name not in (*SOUND_CLASSES, "abnormal"))
    place = (
        (Column("segment", "count"), Column("kind"), Column("start_s", "number"), Column("end_s", "number"))
        if level == "segment"
        else ()
    )
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
        Column("quality"),
        Column("familiarity"),
        Column("sounds_like"),
        Column("familiarity_distance", "number"),
        Column("duration_s", "number"),
        Column("body_site"),
        Column("device"),
        Column("patient_key"),
        Column("warnings"),
        Column("model"),
        Column("model_version"),
        Column("model_sha256"),
        Column("recording_sha256"),
    )


def rows(report: Report, level: Level = "recording", classes: Sequence[str] = ()) -> Iterator[Row]:
    """Yield the rows of a report, each with every column of `columns`; what is unknown is None.

    Parameters
    ----------
    report
        Any report, failed ones too.
    level
        With ``segment``, a report without segments still gives one row, so that every input has one.
    classes
        The model's classes.
    """
    names = [column.name for column in columns(level, classes)]
    common = _common(report)
    if level == "recording":
        yield _complete(names, common | _recording(report))
    elif not report.segments:
        yield _complete(names, common)
    else:
        for number, segment in enumerate(report.segments, start=1):
            yield _complete(names, common | _segment(number, segment))


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
        "warnings": "; ".join(report.warnings) or None,
        "model": model.name if model else None,
        "model_version": model.version if model else None,
        "model_sha256": model.sha256 if model else None,
        "recording_sha256": recording.sha256,
    }


def _recording(report: Report) -> Row:
    summary = report.summary
    if summary is None:
        return {"segments": len(report.segments)}
    low, high = summary.breaths_interval or (None, None)
    return {
        "label": summary.label,
        "p_abnormal": summary.p_abnormal,
        **_probabilities(summary.probabilities),
        "prediction_set": " ".join(summary.prediction_set) or None,
        "breaths_per_min": summary.breaths_per_min,
        "breaths_low": low,
        "breaths_high": high,
        "segments": len(report.segments),
    }


def _segment(number: int, segment: Segment) -> Row:
    normal = segment.probabilities.get("normal")
    return {
        "segment": number,
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
