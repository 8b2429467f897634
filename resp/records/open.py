"""The way in: open the records of a folder, or of a PostgreSQL database and a folder of sounds."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session, col, select

from resp.records import tables
from resp.records.access import User
from resp.records.audit import SeenLately
from resp.records.database import Database, records_url
from resp.records.desk import Desk
from resp.records.errors import RecordsError
from resp.records.identity import belong_together, check_folder_for_new_file
from resp.records.queue import Queue
from resp.records.scope import Scope
from resp.records.store import SoundStore
from resp.records.upgrading import upgrade
from resp.records.users import Users

# SQLite takes 32 766 values in a statement, PostgreSQL 65 535.
_AT_ONCE = 10_000


class Records:
    """Opened records; may be shared by threads, and several processes may open the same.

    Parameters
    ----------
    database
        Brought up to date already.
    folder
        Where the sounds are kept, in ``sounds``.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.sounds = SoundStore(folder / "sounds")
        self.queue = Queue(self)
        self.users = Users(self)
        self.seen_lately = SeenLately()

    def desk(self, user: User) -> Desk:
        """Return what this person may do."""
        return Desk(self, user)

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.now(UTC)

    def scope(self, session: Session, user: User) -> Scope:
        """Return what one call works in."""
        return Scope(session, user, self.sounds, self.now(), lambda: self.database.hold_sounds(session, alone=False))

    def sweep(self, sounds: Iterable[str] | None = None) -> int:
        """Remove sounds that no recording has: what a deleted patient leaves, or an upload that died half-way.

        Parameters
        ----------
        sounds
            The sounds to look at; None for all that are kept.

        Returns
        -------
        int
            How many were removed.
        """
        with self.database.reading() as session:
            alone = self._of_nobody(session, list(self.sounds.names() if sounds is None else sounds))
        if not alone:
            return 0
        with self.database.writing() as session:
            self.database.hold_sounds(session, alone=True)
            return sum(self.sounds.remove(name) for name in self._of_nobody(session, alone))

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @staticmethod
    def _of_nobody(session: Session, names: list[str]) -> list[str]:
        owned: set[str] = set()
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            owned.update(session.exec(select(tables.Recording.sha256).where(col(tables.Recording.sha256).in_(some))))
        return [name for name in names if name not in owned]


def open_records(url: str | None = None, folder: Path | None = None) -> Records:
    """Open records; they are made where there are none, and brought up to date where an older program wrote them.

    Parameters
    ----------
    url
        Address of a database, ``postgresql://…`` or ``sqlite:///…``; None for ``records.sqlite3`` in the folder.
    folder
        Where the sounds, and by default the database, are kept; made where it is missing, for its owner alone. The
        same folder belongs to the same database, always.

    Returns
    -------
    Records
        To be closed at the end, or used as ``with open_records(…) as records``.

    Raises
    ------
    RecordsError
        The folder or the database cannot be used or do not belong together, or a newer program wrote them.
    """
    if folder is None:
        raise RecordsError("records without a folder; give one for their sounds")
    folder = Path(folder).expanduser().resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RecordsError(f"{folder}: cannot be made ({error.strerror}); expected a folder for the records") from error
    address = records_url(url, folder)
    if address.drivername == "sqlite":
        check_folder_for_new_file(folder, Path(str(address.database)))
    database = Database(address)
    try:
        upgrade(database)
        records = Records(database, folder)
        belong_together(database, folder, records.sounds)
        records.sounds.sweep_unfinished()
        records.sweep()
    except OSError as error:
        database.close()
        raise RecordsError(f"{folder}: cannot be used ({error.strerror}); expected a folder to write in") from error
    except BaseException:
        database.close()
        raise
    return records
