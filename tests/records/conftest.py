"""Every test of the records runs on SQLite and on a PostgreSQL server that the session starts for itself."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from made_records import ADMIN
from resp.records import Records, open_records
from resp.records.database import Database, records_url
from resp.records.tables import METADATA
from resp.records.upgrading import upgrade

PACKAGE = "postgresql"
PATIENCE_S = 60
_SHARED = "resp_shared"


@dataclass
class Server:
    """A PostgreSQL server of this session: a socket in a folder of its own, no port, nothing kept."""

    socket: Path
    user: str
    databases: int = 0

    def url(self, database: str) -> str:
        return f"postgresql://{self.user}@/{database}?host={self.socket}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def new(self) -> str:
        """A database with nothing in it."""
        self.databases += 1
        name = f"resp_{self.databases}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def emptied(self) -> str:
        """The database with the tables, emptied, the rows that can never be deleted among them."""
        tables = ", ".join(METADATA.tables)
        with psycopg.connect(self.url(_SHARED)) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        return self.url(_SHARED)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="resp-pg-"))
    owner = _unprivileged()
    if owner:
        shutil.chown(folder, owner)
    user = owner or pwd.getpwuid(os.getuid()).pw_name
    data = folder / "data"
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c synchronous_commit=off"
    started = False
    try:
        _run(owner, programs / "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        _run(owner, programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
        started = True
        server = Server(folder, user)
        server.run(f"CREATE DATABASE {_SHARED}")
        database = Database(records_url(server.url(_SHARED), folder))
        upgrade(database)
        database.close()
        yield server
    finally:
        if started:
            _run(owner, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Place:
    """Where the records of a test are."""

    folder: Path
    url: str | None

    def open(self) -> Records:
        return open_records(self.url, self.folder)

    @property
    def database(self) -> Database:
        return Database(records_url(self.url, self.folder))


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the tables and nothing in them."""
    folder = tmp_path_factory.mktemp("tables")
    database = Database(records_url(None, folder))
    upgrade(database)
    database.close()
    return folder / "records.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place without records, but with the tables already, which take a moment to make."""
    if request.param == "sqlite":
        (tmp_path / "records").mkdir()
        shutil.copy(request.getfixturevalue("sqlite_tables"), tmp_path / "records")
        return Place(tmp_path / "records", None)
    return Place(tmp_path / "records", request.getfixturevalue("postgresql").emptied())


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place without even tables."""
    if request.param == "sqlite":
        return Place(tmp_path / "records", None)
    return Place(tmp_path / "records", request.getfixturevalue("postgresql").new())


@pytest.fixture
def records(place: Place) -> Iterator[Records]:
    with place.open() as opened:
        yield opened


@pytest.fixture
def desk(records: Records):
    return records.desk(ADMIN)


def _programs() -> Path:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    for folder in (*folders, *([Path(on_path).resolve().parent] if on_path else [])):
        if (folder / "initdb").is_file() and (folder / "pg_ctl").is_file():
            return folder
    missing = f"PostgreSQL was not found in /usr/lib/postgresql or PATH (Debian: apt-get install {PACKAGE})"
    if PACKAGE in os.environ.get("RESP_REQUIRE", "").split(","):
        pytest.fail(missing)
    pytest.skip(missing)


def _unprivileged() -> str | None:
    """Whom the server runs as: it refuses root."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(owner: str | None, *words: object) -> None:
    command = [str(word) for word in words]
    if owner:
        command = ["setpriv", f"--reuid={owner}", "--clear-groups", "--", *command]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd="/"
    )
    assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}"
