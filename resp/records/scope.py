"""One call of one person: the transaction, who it is, what the time is; and what of it is theirs to find."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from resp.records import tables
from resp.records.access import User
from resp.records.audit import write_audit
from resp.records.errors import NotFoundError, RecordsError
from resp.records.store import SoundStore

Row = TypeVar("Row", tables.Patient, tables.Recording)
MOST_ROWS = 1000
_HIGHEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Scope:
    """What a call works in.

    Parameters
    ----------
    session
        An open transaction.
    user
        Who calls.
    sounds
        Where sounds are kept.
    now
        When, in UTC.
    hold_sounds
        Keeps sounds from being swept until the transaction ends.
    """

    session: Session
    user: User
    sounds: SoundStore
    now: datetime
    hold_sounds: Callable[[], None]

    def log(self, action: str, subject: str, **details: object) -> None:
        """Write into the audit trail what is done in this transaction."""
        write_audit(self.session, self.now, self.user, action, subject, **details)

    def patient(self, patient_id: int, *, lock: bool = False) -> tables.Patient:
        """Return a patient of the person's clinic.

        Raises
        ------
        NotFoundError
            There is none with this number.
        """
        query = select(tables.Patient).where(tables.Patient.id == patient_id)
        found = self.session.exec(_locked(query) if lock else query).first() if is_id(patient_id) else None
        if found is None or found.clinic != self.user.clinic:
            raise NotFoundError(f"no patient {shown(patient_id)} here; it may have been deleted")
        return found

    def recording(self, recording_id: int, *, lock: bool = False) -> tables.Recording:
        """Return a recording of the person's clinic.

        Raises
        ------
        NotFoundError
            There is none with this number.
        """
        query = select(tables.Recording).where(tables.Recording.id == recording_id)
        found = self.session.exec(_locked(query) if lock else query).first() if is_id(recording_id) else None
        if found is None or found.clinic != self.user.clinic:
            raise NotFoundError(f"no recording {shown(recording_id)} here; it may have been deleted")
        return found


def _locked(query: SelectOfScalar[Row]) -> SelectOfScalar[Row]:
    """Return the query as one that locks its rows and reads them anew."""
    return query.with_for_update().execution_options(populate_existing=True)


def is_id(value: object) -> bool:
    """Tell whether a value can be the number of a row."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _HIGHEST_ID


def shown(value: object) -> str:
    """Return a value as a message shows it: short, and without anything that cannot be seen."""
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def number_of(row_id: int | None) -> int:
    """Return the number of a row that stands in the database."""
    if row_id is None:
        raise RecordsError("a row without a number; it was never written")
    return row_id


def check_window(limit: int, offset: int) -> None:
    """Refuse a part of a list that cannot be.

    Raises
    ------
    RecordsError
        No rows or too many of them, or a part before the beginning.
    """
    if not (isinstance(limit, int) and 1 <= limit <= MOST_ROWS):
        raise RecordsError(f"a limit of {shown(limit)} rows; expected 1 to {MOST_ROWS}")
    if not (isinstance(offset, int) and 0 <= offset <= _HIGHEST_ID):
        raise RecordsError(f"an offset of {shown(offset)} rows; expected 0 or more")
