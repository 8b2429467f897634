"""The tables, as they are now; `resp.records.migrations` brings older records here.

=============  =====================================================================================================
table          row
=============  =====================================================================================================
``patient``    a patient of a clinic, by the clinic's own key
``recording``  a sound of a patient, where and when; with what the lists show of its newest result and reviews
``report``     what a model said; rows are added and never changed
``review``     what a person said: correction, comment, signature; rows are added and never changed
``job``        what is still to be scored
``audit``      who saw and changed what; rows are added, never changed and never deleted
``person``     who may sign in
``identity``   one row: which records these are, for the folder of their sounds
``erasure``    recordings that are being deleted in this transaction; empty outside one
=============  =====================================================================================================

The lists' columns of ``recording`` (from ``state`` on) repeat what reports, reviews and jobs say, and are only ever set
by `resp.records.standing`.
"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Dialect, Index, MetaData, Text, TypeDecorator, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from resp.records.errors import RecordsError


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: with a time zone in Python, kept in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring it to UTC; SQLite keeps no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise RecordsError(f"the time {value} has no time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give it back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Table(SQLModel, registry=registry(metadata=MetaData())):
    pass


METADATA: MetaData = _Table.metadata
# SQLite would give the number of a deleted last row to the next one, and the audit trail would speak of both.
_NEVER_AGAIN: dict[str, Any] = {"sqlite_autoincrement": True}


def _moment(**settings: Any) -> Any:
    return Field(sa_type=UtcDateTime, **settings)


def _long_text(**settings: Any) -> Any:
    return Field(sa_type=Text, **settings)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Patient(_Table, table=True):
    """A patient; ``listed_at`` is when the patient or a recording of theirs was last added."""

    __tablename__ = "patient"
    __table_args__ = (
        Index("patient_key", "clinic", "key_folded", unique=True),
        Index("patient_listed", "clinic", "listed_at", "id"),
        Index("patient_training", "clinic", "training_number", unique=True, **_where("training_number IS NOT NULL")),
        _NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    clinic: str
    key: str
    key_folded: str
    added_at: datetime = _moment()
    added_by: str
    listed_at: datetime = _moment()
    training_number: int | None = None
    training_part: str | None = None


class Recording(_Table, table=True):
    """A sound of a patient, or of none yet."""

    __tablename__ = "recording"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'working', 'scored', 'abstained', 'failed')", name="recording_state"),
        Index("recording_listed", "clinic", "id"),
        Index("recording_in_state", "clinic", "state", "id"),
        # Each engine's own words for true: SQLite takes the index only where the query has the same words.
        Index("recording_unread", "clinic", "id", sqlite_where=text("unread = 1"), postgresql_where=text("unread")),
        Index("recording_patient", "patient_id", "id"),
        Index("recording_sound", "sha256"),
        Index("recording_once", "patient_id", "sha256", unique=True, **_where("patient_id IS NOT NULL")),
        Index("recording_once_alone", "clinic", "sha256", unique=True, **_where("patient_id IS NULL")),
        _NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    clinic: str
    patient_id: int | None = Field(default=None, foreign_key="patient.id", ondelete="CASCADE")
    file_name: str
    file_folded: str
    site: str | None = None
    recorded_at: datetime | None = _moment(default=None)
    added_at: datetime = _moment()
    added_by: str
    visit: date
    sha256: str
    size: int = Field(sa_type=BigInteger)
    duration_s: float | None = None
    state: str = "waiting"
    label: str | None = None
    p_abnormal: float | None = None
    reason: str | None = _long_text(default=None)
    model: str | None = None
    unread: bool = False
    corrected: bool = False
    abnormal: bool | None = None
    signed_by: str | None = None
    signed_at: datetime | None = _moment(default=None)


class Report(_Table, table=True):
    """What a model said; ``body`` is the `resp.Report` as JSON."""

    __tablename__ = "report"
    __table_args__ = (Index("report_recording", "recording_id", "id"), _NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True)
    recording_id: int = Field(foreign_key="recording.id", ondelete="CASCADE")
    at: datetime = _moment()
    model: str | None = None
    status: str
    body: str = _long_text()


class Review(_Table, table=True):
    """What a person said; ``cycles`` is the full list of a correction as JSON, ``signs`` the correction signed."""

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("kind IN ('correction', 'comment', 'signature')", name="review_kind"),
        Index("review_recording", "recording_id", "id"),
        _NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    recording_id: int = Field(foreign_key="recording.id", ondelete="CASCADE")
    kind: str
    by: str
    by_name: str
    role: str
    at: datetime = _moment()
    comment: str = _long_text(default="")
    report_id: int | None = Field(default=None, foreign_key="report.id", ondelete="CASCADE")
    signs: int | None = Field(default=None, foreign_key="review.id", ondelete="CASCADE")
    cycles: str | None = _long_text(default=None)


class Job(_Table, table=True):
    """A recording to be scored; the row goes when that is done."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_turn", "worker", "id"),
        Index("job_recording", "recording_id"),
        _NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    recording_id: int = Field(foreign_key="recording.id", ondelete="CASCADE")
    model: str | None = None
    asked_at: datetime = _moment()
    attempt: int = 0
    worker: str | None = None
    lease_until: datetime | None = _moment(default=None)


class Audit(_Table, table=True):
    """Who saw and changed what; refers to no row, so that it outlives them."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_clinic", "clinic", "id"),
        Index("audit_subject", "clinic", "subject", "id"),
        _NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _moment()
    who: str
    who_name: str
    role: str
    clinic: str
    action: str
    subject: str
    details: str = _long_text(default="{}")


class Person(_Table, table=True):
    """Who may sign in."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    name: str
    role: str
    clinic: str


class Identity(_Table, table=True):
    """Which records these are."""

    __tablename__ = "identity"

    id: str = Field(primary_key=True)


class Erasure(_Table, table=True):
    """A recording that is being deleted: only then may its reports and reviews go."""

    __tablename__ = "erasure"

    recording_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
