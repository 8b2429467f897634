"""How a recording stands, from all that was said of it; the only place that sets what the lists show."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from resp.records import tables
from resp.records.cycles import read_cycles
from resp.records.views import CorrectedCycle
from resp.score.schema import Report

NORMAL = "normal"


def settle(session: Session, recording: tables.Recording) -> None:
    """Set the list's columns of a recording from its reports, reviews and jobs.

    A failure does not hide an earlier result, and a correction stands before what any model said.
    """
    session.flush()
    row = standing_report_row(session, recording.id)
    report = None if row is None else Report.model_validate_json(row.body)
    jobs = session.exec(select(tables.Job).where(tables.Job.recording_id == recording.id)).all()
    if jobs:
        recording.state = "working" if any(job.worker is not None for job in jobs) else "waiting"
    elif report is not None:
        recording.state = report.status
    if report is not None:
        summary = report.summary
        recording.label = summary.label if summary else None
        recording.p_abnormal = summary.p_abnormal if summary else None
        recording.reason = report.reason
        recording.model = report.model.name if report.model else None
        recording.abnormal = _abnormal_by_model(report)
        recording.duration_s = report.recording.duration_s or recording.duration_s
    reviews = session.exec(
        select(tables.Review).where(tables.Review.recording_id == recording.id).order_by(col(tables.Review.id))
    ).all()
    signature: tables.Review | None = None
    for review in reviews:
        if review.kind == "correction":
            signature = None
            recording.corrected = True
            recording.abnormal = _abnormal_by_person(read_cycles(review.cycles or "[]"))
        elif review.kind == "signature":
            # What was signed must be what stands: a newer result is not, unless a correction stands before both.
            stands = review.signs is not None or review.report_id == (row.id if row else None)
            signature = review if stands else None
    recording.signed_by = signature.by_name if signature else None
    recording.signed_at = signature.at if signature else None
    session.add(recording)
    session.flush()


def standing_report_row(session: Session, recording_id: int | None) -> tables.Report | None:
    """Return the newest report that is no failure; the newest failure where there are only such."""
    query = select(tables.Report).where(tables.Report.recording_id == recording_id)
    newest = query.order_by(col(tables.Report.id).desc()).limit(1)
    return session.exec(newest.where(tables.Report.status != "failed")).first() or session.exec(newest).first()


def _abnormal_by_model(report: Report) -> bool | None:
    """None where the model abstained, or knows no ``normal`` to differ from."""
    summary = report.summary
    if summary is None or summary.label is None or summary.p_abnormal is None:
        return None
    return summary.label != NORMAL


def _abnormal_by_person(cycles: Sequence[CorrectedCycle]) -> bool | None:
    labels = {cycle.label for cycle in cycles if cycle.label is not None}
    return bool(labels - {NORMAL}) if labels else None
