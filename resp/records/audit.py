"""The audit trail: who saw and changed what. No patient's key, no comment and no search stands in it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from resp.records import tables
from resp.records.access import User
from resp.records.views import AuditRow, Page

EVERYWHERE = ""
"""The clinic of what concerns all of them, such as a back-up."""

SEEN_AGAIN = timedelta(minutes=10)
_MOST_REMEMBERED = 10_000


def write_audit(session: Session, at: datetime, user: User, action: str, subject: str, **details: object) -> None:
    """Add a row, in the transaction of what it tells of."""
    _add(session, at, (user.id, user.name, user.role), user.clinic, action, subject, details)


def write_program_audit(
    session: Session, at: datetime, who: str, action: str, subject: str, *, clinic: str = EVERYWHERE, **details: object
) -> None:
    """Add a row of what a program did: a worker, or a command."""
    _add(session, at, (who, who, "program"), clinic, action, subject, details)


def _add(
    session: Session,
    at: datetime,
    who: tuple[str, str, str],
    clinic: str,
    action: str,
    subject: str,
    details: dict[str, Any],
) -> None:
    said = json.dumps(details, ensure_ascii=False, sort_keys=True)
    row = tables.Audit(
        at=at, who=who[0], who_name=who[1], role=who[2], clinic=clinic, action=action, subject=subject, details=said
    )
    session.add(row)


class SeenLately:
    """Remembers what was looked at, so that a page that draws itself anew does not fill the trail.

    The same person looking at the same thing again within ten minutes is the same look.
    """

    def __init__(self) -> None:
        self._times: dict[tuple[str, ...], datetime] = {}
        self._lock = Lock()

    def once(self, user: User, action: str, subject: str, now: datetime, write: Callable[[], None]) -> None:
        """Call ``write`` unless this look was written already."""
        key = (user.id, user.clinic, user.role, action, subject)
        with self._lock:
            last = self._times.get(key)
            if last is not None and now - last < SEEN_AGAIN:
                return
        write()
        with self._lock:
            self._times.pop(key, None)
            self._times[key] = now
            while len(self._times) > _MOST_REMEMBERED:
                self._times.pop(next(iter(self._times)))


def list_audit(
    session: Session,
    clinic: str,
    limit: int,
    offset: int,
    *,
    subject: str | None = None,
    who: str | None = None,
    action: str | None = None,
) -> Page[AuditRow]:
    """Return a clinic's rows and those of all clinics, newest first."""
    rules = [or_(col(tables.Audit.clinic) == clinic, col(tables.Audit.clinic) == EVERYWHERE)]
    for column, wanted in (
        (tables.Audit.subject, subject),
        (tables.Audit.who, who),
        (tables.Audit.action, action),
    ):
        if wanted is not None:
            rules.append(col(column) == wanted)
    total = session.exec(select(func.count()).select_from(tables.Audit).where(*rules)).one()
    query = select(tables.Audit).where(*rules).order_by(col(tables.Audit.id).desc()).limit(limit).offset(offset)
    rows = tuple(
        AuditRow(
            row.id or 0,
            row.at,
            row.who,
            row.who_name,
            row.role,
            row.clinic,
            row.action,
            row.subject,
            json.loads(row.details),
        )
        for row in session.exec(query)
    )
    return Page(rows, total, limit, offset)
