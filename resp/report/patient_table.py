"""A patient's recordings and cycles as rows: what stands, what the model had said, who says otherwise."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from resp.report.chest_map import SITES
from resp.report.heard import HeardRecording, Remark
from resp.report.tabular import Row


def recording_rows(recordings: Iterable[HeardRecording]) -> Iterator[Row]:
    """Yield a row a recording."""
    for one in recordings:
        report = one.report
        summary = report.summary if report else None
        yield {
            **_common(one),
            "status": report.status if report else "waiting",
            "reason": report.reason if report else None,
            "finding": one.label,
            "model_finding": one.model_label,
            "corrected": one.corrected,
            "p_abnormal": one.p_abnormal,
            "cannot_rule_out": " ".join(summary.prediction_set) or None if summary else None,
            "cycles": len(one.cycles),
            "breaths_per_min": summary.breaths_per_min if summary else None,
            "quality": report.quality.verdict if report and report.quality else None,
            **_said("corrected", one.correction.remark if one.correction else None),
            **_said("signed", one.signature),
            "comments": " | ".join(remark.text for remark in one.comments) or None,
            "warnings": "; ".join(report.warnings) or None if report else None,
            "model": report.model.name if report and report.model else None,
            "model_version": report.model.version if report and report.model else None,
            "model_sha256": report.model.sha256 if report and report.model else None,
            "recording_sha256": report.recording.sha256 if report else None,
        }


def cycle_rows(recordings: Sequence[HeardRecording]) -> Iterator[Row]:
    """Yield a row a cycle, as it stands; the probabilities are the model's, empty for one that a person drew."""
    classes: dict[str, None] = {}
    for one in recordings:
        for segment in one.report.segments if one.report else ():
            classes |= dict.fromkeys(segment.probabilities)
    for one in recordings:
        for number, cycle in enumerate(one.cycles, 1):
            model = cycle.segment
            said = model.probabilities if model else {}
            yield {
                **_common(one),
                "cycle": number,
                "start_s": cycle.start_s,
                "end_s": cycle.end_s,
                "finding": cycle.label,
                "corrected": cycle.corrected,
                "model_finding": model.label if model else None,
                "reason": model.abstained if model else None,
                "p_abnormal": cycle.p_abnormal,
                **{f"p_{name}": said.get(name) for name in classes},
            }


def recording_value(one: HeardRecording) -> dict[str, Any]:
    """Return all that is known of a recording as plain JSON values: the whole report, and what people said."""
    correction = one.correction
    return {
        **_common(one),
        "report": one.report.to_dict() if one.report else None,
        "finding": one.label,
        "correction": None
        if correction is None
        else {
            **_remark(correction.remark),
            "cycles": [{"start_s": start, "end_s": end, "label": label} for start, end, label in correction.cycles],
        },
        "signature": _remark(one.signature) if one.signature else None,
        "comments": [_remark(remark) for remark in one.comments],
    }


def _common(one: HeardRecording) -> Row:
    return {
        "visit": one.day.isoformat(),
        "site": one.site,
        "body_site": SITES[one.site].body_site if one.site in SITES else None,
        "file": one.file_name,
        "recorded_at": one.heard_at.isoformat() if one.heard_at else None,
    }


def _said(what: str, remark: Remark | None) -> Row:
    return {f"{what}_by": remark.by if remark else None, f"{what}_at": remark.at.isoformat() if remark else None}


def _remark(remark: Remark) -> dict[str, str]:
    return {"by": remark.by, "at": remark.at.isoformat(), "text": remark.text}
