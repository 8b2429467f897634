"""Patients: by a key of the clinic's own, counted, renamed, deleted with everything of theirs."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, func
from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from resp.records import tables
from resp.records.checks import KEY_MOST, check_text, fold
from resp.records.errors import RecordsError
from resp.records.scope import Scope, check_window, number_of
from resp.records.views import Deleted, Page, PatientRow

REASON_MOST = 500


def list_patients(scope: Scope, search: str, limit: int, offset: int) -> Page[PatientRow]:
    """Return the clinic's patients whose key holds ``search``; whom something was added to last stands first."""
    check_window(limit, offset)
    rules = [col(tables.Patient.clinic) == scope.user.clinic]
    if search.strip():
        rules.append(col(tables.Patient.key_folded).contains(searched(search), autoescape=True))
    total = scope.session.exec(select(func.count()).select_from(tables.Patient).where(*rules)).one()
    order = (col(tables.Patient.listed_at).desc(), col(tables.Patient.id).desc())
    found = scope.session.exec(select(tables.Patient).where(*rules).order_by(*order).limit(limit).offset(offset)).all()
    return Page(tuple(patient_rows(scope, found)), total, limit, offset)


def patient_rows(scope: Scope, patients: Sequence[tables.Patient]) -> list[PatientRow]:
    """Return patients with what is counted of their recordings."""
    recording = tables.Recording
    counted: dict[int, Any] = {}
    if patients:
        heard_at = func.max(func.coalesce(col(recording.recorded_at), col(recording.added_at)))
        query = (
            select_columns(
                col(recording.patient_id),
                heard_at.label("heard_at"),
                func.count().label("recordings"),
                _count(col(recording.unread)).label("unread"),
                _count(col(recording.state) == "abstained").label("abstained"),
                _count(col(recording.state) == "failed").label("failed"),
                _count(col(recording.state).in_(("waiting", "working"))).label("waiting"),
                _count(col(recording.abnormal).is_(True)).label("abnormal"),
            )
            .where(col(recording.patient_id).in_([patient.id for patient in patients]))
            .group_by(col(recording.patient_id))
        )
        counted = {row.patient_id: row for row in scope.session.execute(query)}
    return [_row(patient, counted.get(number_of(patient.id))) for patient in patients]


def find_patient(scope: Scope, key: str) -> PatientRow | None:
    """Return the clinic's patient with a key, None where there is none."""
    rules = (tables.Patient.clinic == scope.user.clinic, tables.Patient.key_folded == searched(key))
    found = scope.session.exec(select(tables.Patient).where(*rules)).all()
    return next(iter(patient_rows(scope, found)), None)


def add_patient(scope: Scope, key: str) -> PatientRow:
    """Add a patient.

    Raises
    ------
    RecordsError
        The key is empty, too long, cannot be seen, or is another patient's.
    """
    clean = check_text(key, "the patient's key", most=KEY_MOST)
    patient = tables.Patient(
        clinic=scope.user.clinic,
        key=clean,
        key_folded=fold(clean),
        added_at=scope.now,
        added_by=scope.user.id,
        listed_at=scope.now,
    )
    scope.session.add(patient)
    _flush_key(scope, clean)
    scope.log("patient added", f"patient {patient.id}")
    return patient_rows(scope, [patient])[0]


def rename_patient(scope: Scope, patient_id: int, key: str) -> PatientRow:
    """Give a patient another key; the audit trail says that it was done, not what the keys are."""
    clean = check_text(key, "the patient's key", most=KEY_MOST)
    patient = scope.patient(patient_id, lock=True)
    patient.key, patient.key_folded = clean, fold(clean)
    scope.session.add(patient)
    _flush_key(scope, clean)
    scope.log("patient renamed", f"patient {patient_id}")
    return patient_rows(scope, [patient])[0]


def delete_patient(scope: Scope, patient_id: int, reason: str) -> tuple[Deleted, tuple[str, ...]]:
    """Delete a patient's rows; return what went, and the sounds that may be nobody's now."""
    why = check_text(reason, "the reason", most=REASON_MOST, lines=True)
    patient = scope.patient(patient_id, lock=True)
    if _names(patient.key_folded, fold(why)):
        raise RecordsError("the reason names the patient's key; leave it away, as the reason stays in the audit trail")
    recordings = scope.session.exec(
        select(tables.Recording).where(tables.Recording.patient_id == patient_id).with_for_update()
    ).all()
    deleted, sounds = delete_recordings(scope, recordings)
    scope.session.execute(delete(tables.Patient).where(col(tables.Patient.id) == patient_id))
    scope.log(
        "patient deleted",
        f"patient {patient_id}",
        reason=why,
        recordings=deleted.recordings,
        reports=deleted.reports,
        reviews=deleted.reviews,
    )
    return deleted, sounds


def delete_recordings(scope: Scope, recordings: Sequence[tables.Recording]) -> tuple[Deleted, tuple[str, ...]]:
    """Delete recordings with all that was said of them; return what went, and the sounds that may be nobody's now."""
    session = scope.session
    numbers = [number_of(recording.id) for recording in recordings]
    sounds = tuple({recording.sha256 for recording in recordings})
    counts = [
        session.exec(select(func.count()).select_from(table).where(col(table.recording_id).in_(numbers))).one()
        for table in (tables.Report, tables.Review)
    ]
    session.add_all([tables.Erasure(recording_id=number) for number in numbers])
    session.flush()
    session.execute(delete(tables.Recording).where(col(tables.Recording.id).in_(numbers)))
    session.execute(delete(tables.Erasure).where(col(tables.Erasure.recording_id).in_(numbers)))
    session.expunge_all()
    return Deleted(len(numbers), counts[0], counts[1], 0), sounds


def searched(text: str) -> str:
    """Return a search as it is compared; what cannot be kept cannot be found, and PostgreSQL takes no NUL."""
    return fold(text.strip().replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8"))


def _flush_key(scope: Scope, key: str) -> None:
    try:
        scope.session.flush()
    except IntegrityError as error:
        raise RecordsError(f"there is a patient {key!r} already; open that one, or take another key") from error


def _row(patient: tables.Patient, counts: Any) -> PatientRow:
    heard_at: datetime | None = counts.heard_at if counts else None
    return PatientRow(
        id=number_of(patient.id),
        key=patient.key,
        added_at=patient.added_at,
        last_heard_at=heard_at,
        recordings=counts.recordings if counts else 0,
        unread=counts.unread if counts else 0,
        abstained=counts.abstained if counts else 0,
        failed=counts.failed if counts else 0,
        waiting=counts.waiting if counts else 0,
        abnormal=counts.abnormal if counts else 0,
    )


def _names(key: str, text: str) -> bool:
    # A single letter is a word of its own too often.
    return len(key) > 1 and re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) is not None


def _count(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))
