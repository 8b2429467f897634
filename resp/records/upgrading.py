"""Records of an older program are brought to this one when they are opened; those of a newer one are refused."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from resp.records.database import Database
from resp.records.errors import RecordsError


def upgrade(database: Database, to: str = "head") -> tuple[str | None, str]:
    """Bring a database to this program's tables, all steps or none; of several programs at once only one does.

    Parameters
    ----------
    database
        Empty, older or of now.
    to
        The step at which to stop.

    Returns
    -------
    tuple
        The step at which it was (None: empty), and at which it is.

    Raises
    ------
    RecordsError
        Of a newer program, or not records of resp.
    """
    # Nothing is written, and so no lock is waited for, where nothing is to be done.
    with database.reading() as session:
        before = _revision(session.connection(), database)
    if before == newest_revision() and to == "head":
        return before, before
    with database.upgrading() as connection:
        before = _revision(connection, database)
        config = _config(connection)
        command.upgrade(config, to)
        after = _revision(connection, database)
    assert after is not None  # an upgrade ends at a step
    return before, after


def newest_revision() -> str:
    """Return the last step that this program knows."""
    return known_revisions()[-1]


@cache
def known_revisions() -> tuple[str, ...]:
    """Return the steps that this program knows, the first one first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())[::-1]


def refuse_downgrade() -> None:
    """Say that nothing goes back.

    Raises
    ------
    RecordsError
        Always.
    """
    raise RecordsError(
        "records are never brought back to an older program: what it does not know would be lost. "
        "Restore a back-up that the older program made"
    )


def _revision(connection: Connection, database: Database) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in known_revisions():
        raise RecordsError(
            f"the records in {database.name} were written by a newer program (step {revision}; this one knows up to "
            f"{newest_revision()}); upgrade resp, or restore a back-up that this program made"
        )
    return revision


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # A % in the path would be read as an interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
