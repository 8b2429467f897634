"""A folder of sounds belongs to one database: otherwise the sounds of all would be swept as sounds of nobody."""

from pathlib import Path
from uuid import uuid4

from sqlmodel import Session, col, select

from resp.records import tables
from resp.records.database import Database
from resp.records.errors import RecordsError
from resp.records.store import SoundStore
from resp.report.atomic import AtomicFile

FILE = "identity"
_LOOKED_AT = 1000


def belong_together(database: Database, folder: Path, sounds: SoundStore) -> None:
    """Check that a database and a folder belong together; new ones do from now on.

    Parameters
    ----------
    database
        Brought up to date.
    folder
        Of the records; its file ``identity`` says which they are.
    sounds
        The sounds in it.

    Raises
    ------
    RecordsError
        The sounds are those of another database.
    """
    with database.writing() as session:
        # Of several programs that open new records at once, one says which they are.
        database.hold_sounds(session, alone=True)
        told, known = read_identity(folder), session.exec(select(tables.Identity.id)).first()
        if told is None:
            together = _may_be_of(session, sounds)
        elif known is None:
            # An SQLite file was not begun in a folder of others: a program was killed between the two writes below.
            together = database.is_sqlite and _may_be_of(session, sounds)
        else:
            together = told == known
        if not together:
            raise _of_others(folder, database.name)
        if told is None:
            told = known or new_identity()
            write_identity(folder, told)
        if known is None:
            session.add(tables.Identity(id=told))


def new_identity() -> str:
    """Return an identity that no records have."""
    return uuid4().hex


def read_identity(folder: Path) -> str | None:
    """Return to which records a folder says that its sounds belong; None where it says nothing."""
    file = folder / FILE
    return file.read_text(encoding="utf-8").strip() if file.exists() else None


def write_identity(folder: Path, known: str) -> None:
    """Say in a folder to which records its sounds belong."""
    file = AtomicFile(folder / FILE)
    file.stream.write(f"{known}\n".encode())
    file.commit()


def check_folder_for_new_file(folder: Path, file: Path) -> None:
    """Refuse to begin an SQLite file in a folder whose sounds are those of another database.

    Raises
    ------
    RecordsError
        They are.
    """
    if (folder / FILE).exists() and not file.exists():
        raise _of_others(folder, str(file))


def _may_be_of(session: Session, sounds: SoundStore) -> bool:
    """Tell whether sounds in a folder that says nothing may be the database's: some are, or there are none at all."""
    newest = select(tables.Recording.sha256).order_by(col(tables.Recording.id).desc()).limit(_LOOKED_AT)
    wanted = session.exec(newest).all()
    return any(sounds.has(name) for name in wanted) if wanted else next(sounds.names(), None) is None


def _of_others(folder: Path, database: str) -> RecordsError:
    return RecordsError(
        f"the sounds in {folder} are not those of the records in {database}; "
        "give the address of the database that they belong to, or another folder"
    )
