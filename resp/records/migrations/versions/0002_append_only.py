"""Reports, reviews and the audit trail can be added to and never changed.

Reports and reviews go with their recording alone, when it is deleted on purpose: it stands in ``erasure`` then. Rows of
the audit trail never go.
"""

import sqlalchemy as sa
from alembic import op

from resp.records.upgrading import refuse_downgrade

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SAID = ("report", "review")


def upgrade() -> None:
    """Make the triggers."""
    op.create_table("erasure", sa.Column("recording_id", sa.Integer(), primary_key=True, autoincrement=False))
    if op.get_bind().dialect.name == "sqlite":
        for table in (*_SAID, "audit"):
            _sqlite_trigger(table, "update", f"rows of {table} are never changed")
        for table in _SAID:
            being_deleted = "EXISTS (SELECT 1 FROM erasure WHERE recording_id = OLD.recording_id)"
            _sqlite_trigger(
                table, "delete", f"rows of {table} go with their recording alone", f"WHEN NOT {being_deleted}"
            )
        _sqlite_trigger("audit", "delete", "rows of audit are never deleted")
        return
    op.execute(_POSTGRESQL_FUNCTIONS)
    for table in _SAID:
        _postgresql_trigger(table, "UPDATE", "ROW", "resp_never_changed")
        _postgresql_trigger(table, "DELETE", "ROW", "resp_only_with_its_recording")
        _postgresql_trigger(table, "TRUNCATE", "STATEMENT", "resp_never_changed")
    for action, level in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        _postgresql_trigger("audit", action, level, "resp_never_changed")


def downgrade() -> None:
    """Refuse."""
    refuse_downgrade()


def _sqlite_trigger(table: str, action: str, message: str, when: str = "") -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _postgresql_trigger(table: str, action: str, level: str, function: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} FOR EACH {level} "
        f"EXECUTE FUNCTION {function}()"
    )


_POSTGRESQL_FUNCTIONS = """
CREATE FUNCTION resp_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed and never deleted', TG_TABLE_NAME;
END $$;
CREATE FUNCTION resp_only_with_its_recording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM erasure WHERE recording_id = OLD.recording_id) THEN
        RAISE EXCEPTION 'rows of % go with their recording alone', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;
"""
