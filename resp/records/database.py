"""Connections and transactions: SQLite beside the sounds, or PostgreSQL; the same code above both.

SQLite runs with a write-ahead log (readers never wait for a writer), foreign keys, full synchronisation (what was
confirmed outlives a power cut) and overwrites what is deleted. Each of our transactions says at its beginning whether
it will write, so that none fails half-way for want of the lock.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError
from sqlmodel import Session

from resp.records.errors import RecordsError

BUSY_S = 30
_WRITES = "resp_writes"
# Chosen once at random; says "the stored sounds of resp" to PostgreSQL's advisory locks.
_SOUNDS_LOCK, _UPGRADE_LOCK = 7_270_151_901, 7_270_151_902


class Database:
    """An engine with two kinds of transactions.

    Parameters
    ----------
    url
        Of an SQLite file or a PostgreSQL database.

    Raises
    ------
    RecordsError
        An engine that is neither, or whose driver is not installed.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = _make_engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writer = self.engine.execution_options(**{_WRITES: True})
        # An SQLite transaction sees one state anyway.
        one_state = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reader = self.engine.execution_options(**one_state)

    @property
    def name(self) -> str:
        """Which database it is, without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that only reads, and sees one state."""
        with self._told(), Session(self._reader) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that is kept as a whole when the block ends, and not at all when it raises."""
        with self._told(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            # Now, and not at the first statement: what is looked at before that would be looked at without the lock.
            session.connection()
            yield session

    @contextmanager
    def upgrading(self) -> Iterator[Connection]:
        """Open a transaction in which nobody else upgrades or writes."""
        with self._told(), self._writer.connect() as connection, connection.begin():
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            yield connection

    def hold_sounds(self, session: Session, *, alone: bool) -> None:
        """Keep stored sounds from being swept until the transaction ends; ``alone`` is what sweeps.

        An SQLite transaction that writes is alone already.
        """
        if not self.is_sqlite:
            shared = "" if alone else "_shared"
            session.execute(text(f"SELECT pg_advisory_xact_lock{shared}(:key)"), {"key": _SOUNDS_LOCK})

    def forget_deleted(self) -> None:
        """Bring what was overwritten from SQLite's log into its file now, so that nothing deleted stays in the log."""
        if self.is_sqlite:
            with self._told(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in words what the database could not do; what it refused by a rule of its own goes on as it is."""
        try:
            yield
        except DatabaseError as error:
            if not (isinstance(error, OperationalError) or type(error) is DatabaseError):
                raise
            raise RecordsError(
                f"the records in {self.name} cannot be reached or written ({_first_line(error)}); "
                "nothing was changed: try again, and if it stays, ask whoever runs this machine"
            ) from error


def records_url(url: str | None, folder: Path) -> URL:
    """Return the database's address: the folder's SQLite file unless another is given.

    Raises
    ------
    RecordsError
        Not an address, or of a database that is neither SQLite nor PostgreSQL.
    """
    if url is None:
        return URL.create("sqlite", database=str(folder / "records.sqlite3"))
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        raise RecordsError(
            "the address of the records cannot be read; expected postgresql://user:password@host/name or "
            "sqlite:////absolute/path/records.sqlite3"
        ) from None
    kind = made.drivername.split("+")[0]
    if kind == "sqlite":
        if made.database in (None, "", ":memory:"):
            raise RecordsError("records in memory would be lost; give a file: sqlite:////absolute/path/records.sqlite3")
        return made.set(drivername="sqlite")
    if kind in ("postgresql", "postgres"):
        return made.set(drivername="postgresql+psycopg")
    raise RecordsError(f"records in {kind!r}; expected an address that begins with postgresql:// or sqlite:///")


def _make_engine(url: URL) -> Engine:
    try:
        if url.drivername == "sqlite":
            # For its owner alone, whatever the folder allows; the log beside it takes after it.
            Path(str(url.database)).touch(mode=0o600)
            engine = create_engine(url, connect_args={"timeout": BUSY_S}, pool_size=8, max_overflow=24)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=24)
    except OSError as error:
        raise RecordsError(f"{url.database}: cannot be opened ({error.strerror}); expected a file to write") from error
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise RecordsError("records in PostgreSQL need psycopg; run: pip install 'resp[postgres]'") from error


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver begins transactions by itself, and too late; with None it leaves that to us.
    connection.isolation_level = None
    _begin_log(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_log(connection: Any) -> None:
    # Whatever its time-out, SQLite does not wait where several begin the log of a new file at once.
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            # The low byte: the others say what the lock is for.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]
