"""Recordings: added once, placed, moved, listed, scored again, deleted."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Any, get_args

from sqlalchemy import case, func
from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, or_, select

from resp.records import tables
from resp.records.checks import check_text, clean_file_name, fold
from resp.records.errors import RecordsError
from resp.records.patients import REASON_MOST, delete_recordings, searched
from resp.records.scope import Scope, check_window, is_id, number_of, shown
from resp.records.standing import settle
from resp.records.views import Deleted, Only, Page, RecordingRow, Visit
from resp.report.chest_map import SITES

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(days=1)
_COLUMNS = (
    "id",
    "patient_id",
    "file_name",
    "site",
    "recorded_at",
    "added_at",
    "visit",
    "sha256",
    "size",
    "duration_s",
    "state",
    "label",
    "p_abnormal",
    "reason",
    "unread",
    "signed_by",
    "signed_at",
    "model",
    "corrected",
    "abnormal",
)


def list_recordings(
    scope: Scope, search: str, only: Only, patient_id: int | None, limit: int, offset: int
) -> Page[RecordingRow]:
    """Return the clinic's recordings, the one added last first."""
    check_window(limit, offset)
    if only not in get_args(Only):
        raise RecordsError(f"only {shown(only)}; expected one of {', '.join(get_args(Only))}")
    recording, patient = tables.Recording, tables.Patient
    rules: list[Any] = [recording.clinic == scope.user.clinic]
    if patient_id is not None:
        scope.patient(patient_id)
        rules.append(recording.patient_id == patient_id)
    if only == "unread":
        rules.append(col(recording.unread))
    elif only == "waiting":
        rules.append(col(recording.state).in_(("waiting", "working")))
    elif only != "all":
        rules.append(recording.state == only)
    counting = select(func.count()).select_from(recording)
    if search.strip():
        counting = counting.outerjoin(patient)
        rules.append(_found_by(search))
    total = scope.session.exec(counting.where(*rules)).one()
    rows = _select_rows(scope, *rules, limit=limit, offset=offset)
    return Page(tuple(rows), total, limit, offset)


def count_recordings(scope: Scope, search: str) -> dict[Only, int]:
    """Return how many recordings `list_recordings` has under each of its filters."""
    recording = tables.Recording
    waiting = col(recording.state).in_(("waiting", "working"))
    filters: dict[Only, Any] = {
        "unread": col(recording.unread),
        "abstained": recording.state == "abstained",
        "failed": recording.state == "failed",
        "waiting": waiting,
    }
    counts = [func.sum(case((rule, 1), else_=0)).label(name) for name, rule in filters.items()]
    query = select_columns(func.count().label("all"), *counts).select_from(recording)
    rules: list[Any] = [recording.clinic == scope.user.clinic]
    if search.strip():
        query = query.outerjoin(tables.Patient)
        rules.append(_found_by(search))
    found = scope.session.execute(query.where(*rules)).one()._mapping
    return {name: int(found[name] or 0) for name in get_args(Only)}


def recordings_by_id(scope: Scope, recording_ids: Sequence[int]) -> tuple[RecordingRow, ...]:
    """Return those of the recordings that are the clinic's, in the order of the numbers; others are left out."""
    wanted = [number for number in recording_ids if is_id(number)]
    recording = tables.Recording
    rows = _select_rows(scope, recording.clinic == scope.user.clinic, col(recording.id).in_(wanted))
    known = {row.id: row for row in rows}
    return tuple(known[number] for number in wanted if number in known)


def unread_around(scope: Scope, recording_id: int) -> tuple[int | None, int | None]:
    """Return the nearest unread recording that was added after this one, and the nearest before it."""
    scope.recording(recording_id)
    number = col(tables.Recording.id)
    unread = select(number).where(tables.Recording.clinic == scope.user.clinic, col(tables.Recording.unread))
    newer = scope.session.exec(unread.where(number > recording_id).order_by(number).limit(1)).first()
    older = scope.session.exec(unread.where(number < recording_id).order_by(number.desc()).limit(1)).first()
    return newer, older


def recording_row(scope: Scope, recording: tables.Recording, *, already: bool = False) -> RecordingRow:
    """Return a recording as the lists show it."""
    patient = scope.session.get(tables.Patient, recording.patient_id) if recording.patient_id else None
    values: dict[str, Any] = {name: getattr(recording, name) for name in _COLUMNS}
    return RecordingRow(**values, patient_key=patient.key if patient else None, already=already)


def visits(scope: Scope, patient_id: int) -> tuple[Visit, ...]:
    """Return a patient's recordings by day, the newest day first, those of a day in the order they were made."""
    scope.patient(patient_id)
    by_day: dict[date, list[RecordingRow]] = {}
    for row in _select_rows(scope, tables.Recording.patient_id == patient_id):
        by_day.setdefault(row.visit, []).append(row)
    return tuple(
        Visit(day, tuple(sorted(by_day[day], key=lambda row: (row.heard_at, row.id))))
        for day in sorted(by_day, reverse=True)
    )


def check_new(
    content: bytes,
    file_name: str,
    site: str | None,
    recorded_at: datetime | None,
    duration_s: float | None,
    now: datetime,
) -> tuple[str, datetime | None]:
    """Return the name and the time under which a sound will be kept.

    A time without a zone is taken for this machine's own.

    Raises
    ------
    RecordsError
        No bytes, an unknown place, a time before 1900 or after now, or a length that is none.
    """
    name = clean_file_name(file_name)
    if not content:
        raise RecordsError(f"{name}: the file is empty (0 bytes); record or copy it again")
    check_site(site)
    if duration_s is not None and not (isfinite(duration_s) and duration_s > 0):
        raise RecordsError(f"{name}: a length of {shown(duration_s)} s; expected a number above 0")
    if recorded_at is None:
        return name, None
    try:
        moment = recorded_at.astimezone(UTC)
    except (OverflowError, ValueError, OSError):
        moment = datetime.max.replace(tzinfo=UTC)
    if not _EARLIEST <= moment <= now + _CLOCKS_DIFFER:
        raise RecordsError(
            f"{name}: recorded at {recorded_at:%Y-%m-%d %H:%M}; expected a time from 1900 until now: "
            "set the clock of the recorder, or leave the time away"
        )
    return name, moment


def check_site(site: str | None) -> None:
    """Refuse a place that is not on the chest map.

    Raises
    ------
    RecordsError
        An unknown code.
    """
    if site is not None and site not in SITES:
        raise RecordsError(f"no place {shown(site)} on the chest map; expected one of {', '.join(SITES)}")


def check_model(model: str | None) -> str | None:
    """Return the name of a model to score with; None is the default one."""
    return None if model is None else check_text(model, "the model's name", most=1000)


def add_recording(
    scope: Scope,
    content: bytes,
    sha256: str,
    name: str,
    *,
    patient_id: int | None,
    site: str | None,
    recorded_at: datetime | None,
    visit: date | None,
    duration_s: float | None,
    model: str | None,
) -> RecordingRow:
    """Add the row and its job for a sound that is kept; the same sound of the same patient is there already."""
    scope.hold_sounds()
    # It was put there before this transaction, when nobody knew of it, and may have been swept since.
    if not scope.sounds.has(sha256):
        scope.sounds.put(content, sha256)
    patient = None if patient_id is None else scope.patient(patient_id, lock=True)
    there = scope.session.exec(
        select(tables.Recording).where(
            tables.Recording.clinic == scope.user.clinic,
            tables.Recording.sha256 == sha256,
            col(tables.Recording.patient_id).is_(None)
            if patient_id is None
            else tables.Recording.patient_id == patient_id,
        )
    ).first()
    if there is not None:
        scope.log("recording added again", f"recording {there.id}")
        return recording_row(scope, there, already=True)
    recording = tables.Recording(
        clinic=scope.user.clinic,
        patient_id=patient_id,
        file_name=name,
        file_folded=fold(name),
        site=site,
        recorded_at=recorded_at,
        added_at=scope.now,
        added_by=scope.user.id,
        # The day as the clinic's clock has it.
        visit=visit or (recorded_at or scope.now).astimezone().date(),
        sha256=sha256,
        size=len(content),
        duration_s=duration_s,
    )
    scope.session.add(recording)
    scope.session.flush()
    if patient is not None:
        patient.listed_at = max(patient.listed_at, scope.now)
        scope.session.add(patient)
    ask_for_score(scope, recording, model)
    scope.log("recording added", f"recording {recording.id}", patient=patient_id)
    return recording_row(scope, recording)


def ask_for_score(scope: Scope, recording: tables.Recording, model: str | None) -> None:
    """Put a recording into the queue, unless it waits there for this model already."""
    waits = scope.session.exec(
        select(tables.Job).where(
            tables.Job.recording_id == recording.id,
            col(tables.Job.model).is_(None) if model is None else tables.Job.model == model,
            col(tables.Job.worker).is_(None),
        )
    ).first()
    if waits is None:
        scope.session.add(tables.Job(recording_id=number_of(recording.id), model=model, asked_at=scope.now))
    settle(scope.session, recording)


def set_site(scope: Scope, recording_id: int, site: str | None) -> RecordingRow:
    """Place a recording on the chest."""
    check_site(site)
    recording = scope.recording(recording_id, lock=True)
    if recording.site != site:
        scope.log("recording placed", f"recording {recording_id}", before=recording.site, after=site)
        recording.site = site
        scope.session.add(recording)
    return recording_row(scope, recording)


def move(scope: Scope, recording_id: int, patient_id: int | None) -> RecordingRow:
    """Give a recording to another patient of the clinic, or to none.

    Raises
    ------
    RecordsError
        The patient has this very sound already.
    """
    # Patients before recordings, as deleting does: nobody waits for each other.
    patient = None if patient_id is None else scope.patient(patient_id, lock=True)
    recording = scope.recording(recording_id, lock=True)
    if recording.patient_id == patient_id:
        return recording_row(scope, recording)
    scope.log("recording moved", f"recording {recording_id}", before=recording.patient_id, after=patient_id)
    recording.patient_id = patient_id
    scope.session.add(recording)
    if patient is not None:
        patient.listed_at = max(patient.listed_at, scope.now)
        scope.session.add(patient)
    try:
        scope.session.flush()
    except IntegrityError as error:
        whom = "among those of no patient" if patient_id is None else "with this patient"
        raise RecordsError(f"recording {recording_id} was not moved: the same sound is {whom} already") from error
    return recording_row(scope, recording)


def mark(scope: Scope, recording_id: int, *, unread: bool) -> None:
    """Mark the newest result as read, or as to be read again."""
    recording = scope.recording(recording_id, lock=True)
    if recording.unread != unread:
        recording.unread = unread
        scope.session.add(recording)
        scope.log("result marked unread" if unread else "result read", f"recording {recording_id}")


def delete_recording(scope: Scope, recording_id: int, reason: str) -> tuple[Deleted, tuple[str, ...]]:
    """Delete one recording's rows; return what went, and the sound that may be nobody's now."""
    why = check_text(reason, "the reason", most=REASON_MOST, lines=True)
    recording = scope.recording(recording_id, lock=True)
    patient_id = recording.patient_id
    deleted, sounds = delete_recordings(scope, [recording])
    scope.log(
        "recording deleted",
        f"recording {recording_id}",
        reason=why,
        patient=patient_id,
        reports=deleted.reports,
        reviews=deleted.reviews,
    )
    return deleted, sounds


def _found_by(search: str) -> Any:
    """Return the rule that a file name or a patient's key holds what is searched for; patients are joined."""
    part = searched(search)
    return or_(
        col(tables.Recording.file_folded).contains(part, autoescape=True),
        col(tables.Patient.key_folded).contains(part, autoescape=True),
    )


def _select_rows(scope: Scope, *rules: Any, limit: int | None = None, offset: int = 0) -> Iterable[RecordingRow]:
    recording = tables.Recording
    columns = [getattr(recording, name) for name in _COLUMNS]
    query = (
        select_columns(*columns, col(tables.Patient.key).label("patient_key"))
        .select_from(recording)
        .outerjoin(tables.Patient)
        .where(*rules)
        .order_by(col(recording.id).desc())
        .limit(limit)
        .offset(offset)
    )
    return (RecordingRow(**row._mapping) for row in scope.session.execute(query))
