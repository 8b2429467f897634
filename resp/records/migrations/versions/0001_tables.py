"""The tables of the first program that kept records."""

import sqlalchemy as sa
from alembic import op

from resp.records.upgrading import refuse_downgrade

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables and their indexes."""
    _make_patients_and_recordings()
    _make_what_was_said()
    op.create_table(
        "job",
        _number(),
        _recording(),
        sa.Column("model", sa.String()),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String()),
        sa.Column("lease_until", _MOMENT),
        sqlite_autoincrement=True,
    )
    op.create_index("job_turn", "job", ["worker", "id"])
    op.create_index("job_recording", "job", ["recording_id"])
    op.create_table(
        "audit",
        _number(),
        sa.Column("at", _MOMENT, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("who", "who_name", "role", "clinic")),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_clinic", "audit", ["clinic", "id"])
    op.create_index("audit_subject", "audit", ["clinic", "subject", "id"])
    op.create_table(
        "person",
        sa.Column("id", sa.String(), primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name", "role", "clinic")),
    )


def downgrade() -> None:
    """Refuse."""
    refuse_downgrade()


def _make_patients_and_recordings() -> None:
    op.create_table(
        "patient",
        _number(),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("clinic", "key", "key_folded")),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("listed_at", _MOMENT, nullable=False),
        sa.Column("training_number", sa.Integer()),
        sa.Column("training_part", sa.String()),
        sqlite_autoincrement=True,
    )
    op.create_index("patient_key", "patient", ["clinic", "key_folded"], unique=True)
    op.create_index("patient_listed", "patient", ["clinic", "listed_at", "id"])
    _index_where("patient_training", "patient", ["clinic", "training_number"], "training_number IS NOT NULL")
    op.create_table(
        "recording",
        _number(),
        sa.Column("clinic", sa.String(), nullable=False),
        sa.Column("patient_id", sa.Integer(), sa.ForeignKey("patient.id", ondelete="CASCADE")),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_folded", sa.String(), nullable=False),
        sa.Column("site", sa.String()),
        sa.Column("recorded_at", _MOMENT),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("visit", sa.Date(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Float()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("label", sa.String()),
        sa.Column("p_abnormal", sa.Float()),
        sa.Column("reason", sa.Text()),
        sa.Column("model", sa.String()),
        sa.Column("unread", sa.Boolean(), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("abnormal", sa.Boolean()),
        sa.Column("signed_by", sa.String()),
        sa.Column("signed_at", _MOMENT),
        sa.CheckConstraint("state IN ('waiting', 'working', 'scored', 'abstained', 'failed')", name="recording_state"),
        sqlite_autoincrement=True,
    )
    op.create_index("recording_listed", "recording", ["clinic", "id"])
    op.create_index("recording_in_state", "recording", ["clinic", "state", "id"])
    op.create_index("recording_patient", "recording", ["patient_id", "id"])
    op.create_index("recording_sound", "recording", ["sha256"])
    # Each engine's own words for true: SQLite takes the index only where the query has the same words.
    true, also_true = sa.text("unread = 1"), sa.text("unread")
    op.create_index("recording_unread", "recording", ["clinic", "id"], sqlite_where=true, postgresql_where=also_true)
    _index_where("recording_once", "recording", ["patient_id", "sha256"], "patient_id IS NOT NULL")
    _index_where("recording_once_alone", "recording", ["clinic", "sha256"], "patient_id IS NULL")


def _make_what_was_said() -> None:
    op.create_table(
        "report",
        _number(),
        _recording(),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("model", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("report_recording", "report", ["recording_id", "id"])
    op.create_table(
        "review",
        _number(),
        _recording(),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "by", "by_name", "role")),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Integer(), sa.ForeignKey("report.id", ondelete="CASCADE")),
        sa.Column("signs", sa.Integer(), sa.ForeignKey("review.id", ondelete="CASCADE")),
        sa.Column("cycles", sa.Text()),
        sa.CheckConstraint("kind IN ('correction', 'comment', 'signature')", name="review_kind"),
        sqlite_autoincrement=True,
    )
    op.create_index("review_recording", "review", ["recording_id", "id"])


def _number() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), primary_key=True)


def _recording() -> sa.Column[int]:
    return sa.Column("recording_id", sa.Integer(), sa.ForeignKey("recording.id", ondelete="CASCADE"), nullable=False)


def _index_where(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)
