"""One file with everything: made while others work on, checked before anything of it is put back.

==================  ==================================================================================================
in the ZIP          what
==================  ==================================================================================================
``manifest.json``   what this is, of which program and when, and the SHA-256 of the database
``records.sqlite3`` all tables as an SQLite file, also where the records are in PostgreSQL
``sounds/ab/cd…``   every sound that a recording has, as it was added
==================  ==================================================================================================

So an archive can be restored to either database, and moves records from one to the other.
"""

import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text

import resp
from resp.records.audit import write_program_audit
from resp.records.database import Database, records_url
from resp.records.errors import RecordsError
from resp.records.identity import new_identity, read_identity, write_identity
from resp.records.open import Records, open_records
from resp.records.store import SoundStore
from resp.records.tables import METADATA
from resp.records.upgrading import known_revisions, newest_revision, upgrade

KIND, FORMAT = "resp records", 1
_DATABASE, _MANIFEST = "records.sqlite3", "manifest.json"
_SOUND = re.compile(r"sounds/([0-9a-f]{2})/([0-9a-f]{62})")
_ATTEMPTS = 3
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Archive:
    """What is in an archive; ``damaged`` are sounds that could not be read when it was made, and so are not in it."""

    file: Path
    made_at: datetime
    patients: int
    recordings: int
    sounds: int
    damaged: tuple[str, ...] = ()


def back_up(records: Records, file: Path) -> Archive:
    """Write everything into one archive; others go on working meanwhile.

    Parameters
    ----------
    records
        What to back up.
    file
        A name that is not taken, best with the date in it and on another disk.

    Returns
    -------
    Archive
        What is in it. A sound that is damaged or missing does not keep the others from being saved: look at
        ``damaged``.

    Raises
    ------
    RecordsError
        The file exists, or cannot be written.
    """
    file = Path(file).expanduser().resolve()
    if file.exists():
        raise RecordsError(f"{file}: exists already; give the back-up a name of its own")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as scratch:
            for attempt in range(_ATTEMPTS):
                made = _write_archive(records, Path(scratch) / f"{attempt}.zip", Path(scratch) / f"{attempt}.sqlite3")
                if made is not None:
                    break
            else:
                raise RecordsError("patients were deleted faster than they could be copied; make the back-up again")
            _keep(made.file, file)
    except OSError as error:
        raise RecordsError(f"{file}: cannot be written ({error.strerror}); no back-up was made") from error
    with records.database.writing() as session:
        write_program_audit(
            session,
            records.now(),
            "resp records backup",
            "back-up made",
            "records",
            recordings=made.recordings,
            sounds=made.sounds,
            damaged=len(made.damaged),
        )
    return Archive(file, made.made_at, made.patients, made.recordings, made.sounds, made.damaged)


def restore(file: Path, *, folder: Path, url: str | None = None) -> Archive:
    """Put an archive where no records are; all of it is checked before the first row is there.

    Parameters
    ----------
    file
        What `back_up` wrote.
    folder
        Where sounds, and by default the database, will be.
    url
        Of an empty PostgreSQL database; None for SQLite in the folder.

    Returns
    -------
    Archive
        What was restored.

    Raises
    ------
    RecordsError
        The archive is none, damaged or of a newer program; or there are records already.
    """
    file, folder = Path(file).expanduser().resolve(), Path(folder).expanduser().resolve()
    address = records_url(url, folder)
    database_file = Path(str(address.database)) if address.drivername == "sqlite" else None
    for taken in (database_file, database_file and Path(f"{database_file}-wal")):
        if taken is not None and taken.exists():
            raise RecordsError(f"{taken}: records are there already; restore to an empty folder, then move it")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restoring.") as scratch:
            staged = Path(scratch) / _DATABASE
            archive = _take_out(file, staged, SoundStore(folder / "sounds"))
            # Another than the archive's: the records it was made of may go on beside, even in this folder.
            known = new_identity()
            with closing(sqlite3.connect(staged)) as connection, connection:
                connection.execute("UPDATE identity SET id = ?", (known,))
            if database_file is None:
                _fill(staged, Database(address))
            else:
                database_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _keep(staged, database_file)
        write_identity(folder, known)
    except OSError as error:
        raise RecordsError(f"{folder}: cannot be restored to ({error.strerror}); nothing counts as restored") from error
    with open_records(url, folder) as records, records.database.writing() as session:
        write_program_audit(
            session,
            records.now(),
            "resp records restore",
            "records restored",
            "records",
            made_at=archive.made_at.isoformat(),
            recordings=archive.recordings,
        )
    return archive


def _write_archive(records: Records, file: Path, copy: Path) -> Archive | None:
    """Write an archive; None where a sound went meanwhile because its patient was deleted."""
    now = records.now()
    _copy_database(records.database, copy)
    with closing(sqlite3.connect(copy)) as connection:
        patients = connection.execute("SELECT count(*) FROM patient").fetchone()[0]
        recordings = connection.execute("SELECT count(*) FROM recording").fetchone()[0]
        names = [row[0] for row in connection.execute("SELECT DISTINCT sha256 FROM recording ORDER BY sha256")]
    damaged = []
    with zipfile.ZipFile(file, "x", zipfile.ZIP_STORED) as archive:
        for name in names:
            try:
                archive.writestr(f"sounds/{name[:2]}/{name[2:]}", records.sounds.read(name))
            except RecordsError:
                if not _is_owned(records, name):
                    return None
                damaged.append(name)
        archive.write(copy, _DATABASE, zipfile.ZIP_DEFLATED)
        manifest = {
            "kind": KIND,
            "format": FORMAT,
            "resp": resp.__version__,
            "revision": newest_revision(),
            "made_at": now.isoformat(),
            "database_sha256": _checksum(copy),
            "patients": patients,
            "recordings": recordings,
            "sounds": len(names) - len(damaged),
            "damaged": damaged,
        }
        archive.writestr(_MANIFEST, json.dumps(manifest, indent=1))
    return Archive(file, now, patients, recordings, len(names) - len(damaged), tuple(damaged))


def _take_out(file: Path, staged: Path, sounds: SoundStore) -> Archive:
    """Check an archive, put its sounds into the store (where nobody owns them yet) and its database beside."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _read_manifest(file, archive)
            with archive.open(_DATABASE) as source, staged.open("wb") as target:
                shutil.copyfileobj(source, target)
            if _checksum(staged) != manifest["database_sha256"]:
                raise RecordsError(f"{file}: its database is damaged; take another back-up")
            wanted, identity = _check_database(file, staged)
            wanted -= set(manifest["damaged"])
            _check_place(sounds, wanted, identity)
            there = {"".join(match.groups()) for name in archive.namelist() if (match := _SOUND.fullmatch(name))}
            if missing := wanted - there:
                raise RecordsError(f"{file}: {len(missing)} sounds are missing in it; take another back-up")
            for name in sorted(wanted):
                content = archive.read(f"sounds/{name[:2]}/{name[2:]}")
                if sha256(content).hexdigest() != name:
                    raise RecordsError(f"{file}: the sound {name} in it is damaged; take another back-up")
                sounds.put(content, name)
            return Archive(
                file,
                datetime.fromisoformat(manifest["made_at"]),
                manifest["patients"],
                manifest["recordings"],
                len(wanted),
                tuple(manifest["damaged"]),
            )
    except FileNotFoundError:
        raise RecordsError(f"{file}: no such file; expected a back-up of records") from None
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError, NotImplementedError) as error:
        raise RecordsError(f"{file}: not a back-up of records, or damaged ({error}); take another one") from error


def _check_place(sounds: SoundStore, wanted: set[str], identity: str) -> None:
    """Refuse a folder with sounds of other records: they would be taken for sounds of nobody."""
    folder = sounds.folder.parent
    told = read_identity(folder)
    fits = wanted.issuperset(sounds.names()) if told is None else told == identity
    if not fits:
        raise RecordsError(f"{folder}: sounds of other records are there; restore to an empty folder, then move it")


def _read_manifest(file: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(archive.read(_MANIFEST))
    if manifest["kind"] != KIND:
        raise RecordsError(f"{file}: not a back-up of records")
    if manifest["format"] != FORMAT or manifest["revision"] not in known_revisions():
        raise RecordsError(f"{file}: made by a newer program (resp {manifest['resp']}); upgrade resp first")
    return manifest


def _check_database(file: Path, staged: Path) -> tuple[set[str], str]:
    """Return the sounds that the recordings in a database file need, and which records they are."""
    try:
        with closing(sqlite3.connect(staged)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise RecordsError(f"{file}: its database is damaged; take another back-up")
            if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise RecordsError(f"{file}: rows of its database belong to nothing; take another back-up")
            (identity,) = connection.execute("SELECT id FROM identity").fetchone()
            return {row[0] for row in connection.execute("SELECT sha256 FROM recording")}, identity
    except sqlite3.DatabaseError as error:
        raise RecordsError(f"{file}: its database cannot be read ({error}); take another back-up") from error


def _copy_database(database: Database, copy: Path) -> None:
    """Copy the database as it is at one moment into an SQLite file without a log beside it."""
    if database.is_sqlite:
        source_file = str(database.url.database)
        with closing(sqlite3.connect(source_file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE").close()
        return
    made = Database(records_url(None, copy.parent).set(database=str(copy)))
    with closing(made):
        upgrade(made)
        with database.reading() as session, made.upgrading() as target:
            _copy_rows(session.connection(), target)
    with closing(sqlite3.connect(copy)) as file:
        file.execute("PRAGMA journal_mode=DELETE").close()


def _fill(staged: Path, database: Database) -> None:
    """Copy all rows of an SQLite file into an empty database, in one transaction."""
    source = Database(records_url(None, staged.parent))
    with closing(source), closing(database):
        upgrade(source)
        upgrade(database)
        with source.reading() as session, database.upgrading() as target:
            # Only opening it wrote that row; from now on it is the records of the archive.
            target.execute(delete(METADATA.tables["identity"]))
            for table in METADATA.sorted_tables:
                if target.execute(select(func.count()).select_from(table)).scalar_one():
                    raise RecordsError(f"{database.name}: records are there already; restore to an empty database")
            _copy_rows(session.connection(), target)


def _copy_rows(source: Connection, target: Connection) -> None:
    for table in METADATA.sorted_tables:
        rows = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table).order_by(*table.primary_key))
        for some in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in some])
        if table.columns[0].name == "id" and table.columns[0].type.python_type is int:
            _set_last_number(target, table, _last_number(source, table))


def _last_number(connection: Connection, table: Table) -> int:
    """Return the highest number that was ever given to a row of a table, deleted ones among them."""
    if connection.dialect.name == "sqlite":
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return int(connection.execute(query, {"name": table.name}).scalar() or 0)
    query = text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table.name}_id_seq")
    return int(connection.execute(query).scalar_one())


def _set_last_number(connection: Connection, table: Table, number: int) -> None:
    if number == 0:
        return
    if connection.dialect.name == "sqlite":
        name = {"name": table.name}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), name)
        query = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)")
        connection.execute(query, {**name, "number": number})
        return
    connection.execute(text(f"SELECT setval('{table.name}_id_seq', :number)"), {"number": number})


def _is_owned(records: Records, name: str) -> bool:
    table = METADATA.tables["recording"]
    with records.database.reading() as session:
        query = select(table.c.id).where(table.c.sha256 == name).limit(1)
        return session.connection().execute(query).first() is not None


def _keep(file: Path, place: Path) -> None:
    """Bring a finished file to its place, on the disk."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
    file.replace(place)
    handle = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _checksum(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
