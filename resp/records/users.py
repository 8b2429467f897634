"""Who may sign in, for whoever runs the machine; the desk knows nothing of it."""

from typing import TYPE_CHECKING

from sqlmodel import col, select

from resp.records import tables
from resp.records.access import User
from resp.records.audit import write_program_audit
from resp.records.errors import NotFoundError

if TYPE_CHECKING:
    from resp.records.open import Records

_COMMAND = "resp records users"


class Users:
    """The people of all clinics with their roles."""

    def __init__(self, records: "Records") -> None:
        self._records = records

    def all(self) -> tuple[User, ...]:
        """Return everybody, by clinic and id."""
        with self._records.database.reading() as session:
            rows = session.exec(select(tables.Person).order_by(col(tables.Person.clinic), col(tables.Person.id))).all()
            return tuple(_user(row) for row in rows)

    def find(self, user_id: str) -> User | None:
        """Return the person with an id, None where nobody has it."""
        with self._records.database.reading() as session:
            row = session.get(tables.Person, user_id.replace("\0", "\ufffd"))
            return None if row is None else _user(row)

    def save(self, user: User) -> None:
        """Add a person, or change the name, role and clinic of the one with this id."""
        with self._records.database.writing() as session:
            session.merge(tables.Person(id=user.id, name=user.name, role=user.role, clinic=user.clinic))
            now, subject = self._records.now(), f"user {user.id}"
            write_program_audit(session, now, _COMMAND, "user saved", subject, clinic=user.clinic, role=user.role)

    def remove(self, user_id: str) -> None:
        """Take a person's access away; what they said stays.

        Raises
        ------
        NotFoundError
            Nobody has this id.
        """
        with self._records.database.writing() as session:
            row = session.get(tables.Person, user_id.replace("\0", "\ufffd"))
            if row is None:
                raise NotFoundError(f"no user {user_id!r}; `resp records users` lists them")
            session.delete(row)
            now, subject = self._records.now(), f"user {user_id}"
            write_program_audit(session, now, _COMMAND, "user removed", subject, clinic=row.clinic)


def _user(row: tables.Person) -> User:
    return User(row.id, row.name, row.role, row.clinic)  # type: ignore[arg-type]  # User refuses other roles
