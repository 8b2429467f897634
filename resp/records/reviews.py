"""What people say of a recording: corrections, comments, signatures. Each is added; none changes another."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from resp.records import tables
from resp.records.access import User
from resp.records.checks import COMMENT_MOST, check_text
from resp.records.cycles import check_cycles, current_cycles, read_cycles, write_cycles
from resp.records.errors import NotFoundError, RecordsError
from resp.records.recordings import recording_row
from resp.records.scope import Scope, is_id, number_of, shown
from resp.records.standing import settle, standing_report_row
from resp.records.views import CorrectedCycle, RecordingDetail, Review, ReviewKind, StoredReport
from resp.score.schema import Report


def recording_detail(scope: Scope, recording_id: int) -> RecordingDetail:
    """Return a recording with all that was said of it."""
    recording = scope.recording(recording_id)
    session = scope.session
    reports = tuple(
        StoredReport(number_of(row.id), Report.model_validate_json(row.body), row.model, row.at)
        for row in session.exec(
            select(tables.Report)
            .where(tables.Report.recording_id == recording_id)
            .order_by(col(tables.Report.id).desc())
        )
    )
    reviews = reviews_of(session, recording_id)
    jobs = session.exec(
        select(tables.Job.model).where(tables.Job.recording_id == recording_id).order_by(col(tables.Job.id))
    ).all()
    detail = RecordingDetail(recording_row(scope, recording), reports, (), reviews, tuple(jobs))
    stands, correction = detail.report, detail.correction
    cycles = current_cycles(stands.report if stands else None, correction.cycles if correction else None)
    return RecordingDetail(detail.row, reports, cycles, reviews, detail.pending)


def reviews_of(session: Session, recording_id: int) -> tuple[Review, ...]:
    """Return what people said of a recording, oldest first."""
    query = select(tables.Review).where(tables.Review.recording_id == recording_id).order_by(col(tables.Review.id))
    return tuple(_view(row) for row in session.exec(query))


def correct(
    scope: Scope,
    recording_id: int,
    cycles: Sequence[CorrectedCycle],
    comment: str,
    report_id: int | None,
    seen: int | None,
) -> Review:
    """Add a correction; a signature that stood no longer does."""
    recording = scope.recording(recording_id, lock=True)
    _check_seen(scope, recording_id, seen)
    report = None if report_id is None else _report(scope, recording_id, report_id)
    checked = check_cycles(cycles, report, recording.duration_s)
    review = _add(scope, recording, "correction", _optional(comment), report_id=report_id, cycles=write_cycles(checked))
    scope.log("cycles corrected", f"recording {recording_id}", review=review.id, report=report_id, cycles=len(checked))
    return review


def sign(scope: Scope, recording_id: int, comment: str, report_id: int | None, seen: int | None) -> Review:
    """Add a signature under what stands: the newest result, and the correction after which nothing was corrected."""
    recording = scope.recording(recording_id, lock=True)
    _check_seen(scope, recording_id, seen)
    row = standing_report_row(scope.session, recording_id)
    correction = _standing_correction(scope.session, recording_id)
    if row is None and correction is None:
        raise RecordsError(f"recording {recording_id} has no result and no correction yet; there is nothing to sign")
    newest = row.id if row else None
    if report_id is not None and report_id != newest:
        raise RecordsError(f"recording {recording_id} has a newer result than the one you saw; look at it, then sign")
    review = _add(
        scope,
        recording,
        "signature",
        _optional(comment),
        report_id=newest,
        signs=correction.id if correction else None,
    )
    scope.log("recording signed", f"recording {recording_id}", review=review.id, report=newest, signs=review.signs)
    return review


def comment_on(scope: Scope, recording_id: int, text: str) -> Review:
    """Add a comment."""
    said = check_text(text, "the comment", most=COMMENT_MOST, lines=True)
    recording = scope.recording(recording_id, lock=True)
    row = standing_report_row(scope.session, recording_id)
    review = _add(scope, recording, "comment", said, report_id=row.id if row else None)
    scope.log("comment written", f"recording {recording_id}", review=review.id)
    return review


def _add(
    scope: Scope,
    recording: tables.Recording,
    kind: ReviewKind,
    comment: str,
    *,
    report_id: int | None,
    cycles: str | None = None,
    signs: int | None = None,
) -> Review:
    user: User = scope.user
    row = tables.Review(
        recording_id=number_of(recording.id),
        kind=kind,
        by=user.id,
        by_name=user.name,
        role=user.role,
        at=scope.now,
        comment=comment,
        report_id=report_id,
        cycles=cycles,
        signs=signs,
    )
    scope.session.add(row)
    settle(scope.session, recording)
    return _view(row)


def _view(row: tables.Review) -> Review:
    return Review(
        id=number_of(row.id),
        recording_id=row.recording_id,
        kind=row.kind,  # type: ignore[arg-type]  # the table takes these three alone
        by=row.by,
        by_name=row.by_name,
        role=row.role,
        at=row.at,
        comment=row.comment,
        report_id=row.report_id,
        cycles=None if row.cycles is None else read_cycles(row.cycles),
        signs=row.signs,
    )


def _report(scope: Scope, recording_id: int, report_id: int) -> Report:
    row = scope.session.get(tables.Report, report_id) if is_id(report_id) else None
    if row is None or row.recording_id != recording_id:
        raise NotFoundError(f"recording {recording_id} has no result {shown(report_id)}; load it again")
    return Report.model_validate_json(row.body)


def _check_seen(scope: Scope, recording_id: int, seen: int | None) -> None:
    if seen is None:
        return
    correction = _standing_correction(scope.session, recording_id)
    if (correction.id if correction else 0) != seen:
        by = correction.by_name if correction else "somebody"
        raise RecordsError(f"{by} has corrected recording {recording_id} since you opened it; load it again first")


def _standing_correction(session: Session, recording_id: int) -> tables.Review | None:
    return session.exec(
        select(tables.Review)
        .where(tables.Review.recording_id == recording_id, tables.Review.kind == "correction")
        .order_by(col(tables.Review.id).desc())
        .limit(1)
    ).first()


def _optional(comment: str) -> str:
    return check_text(comment, "the comment", most=COMMENT_MOST, lines=True) if comment.strip() else ""
