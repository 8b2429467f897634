"""From what is kept of a recording to what papers, exports and the page tell of it."""

from dataclasses import replace

from resp.records.views import RecordingDetail, Review
from resp.report.heard import Correction, HeardRecording, Remark


def heard(detail: RecordingDetail) -> HeardRecording:
    """Return a recording as `resp.report` reads it: the result, the correction and the signature that stand."""
    row, report, correction, signature = detail.row, detail.report, detail.correction, detail.signature
    return HeardRecording(
        file_name=row.file_name,
        day=row.visit,
        report=report.report if report else None,
        site=row.site,
        heard_at=row.recorded_at,
        correction=None if correction is None else _correction(correction),
        signature=None if signature is None else _remark(signature),
        comments=tuple(_remark(review) for review in detail.reviews if review.kind == "comment"),
        recording_id=row.id,
    )


def heard_by(detail: RecordingDetail, review: Review) -> HeardRecording:
    """Return a recording as it stood with one of its corrections, beside the result that was before that person."""
    before = next((stored.report for stored in detail.reports if stored.id == review.report_id), None)
    return replace(heard(detail), report=before, correction=_correction(review), signature=None)


def _correction(review: Review) -> Correction:
    cycles = tuple((cycle.start_s, cycle.end_s, cycle.label) for cycle in review.cycles or ())
    return Correction(_remark(review), cycles)


def _remark(review: Review) -> Remark:
    return Remark(review.by_name, review.at, review.comment)
