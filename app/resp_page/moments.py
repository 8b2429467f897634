"""Times as the reader's clock shows them."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from resp_page.language import spoken


def zone() -> tzinfo:
    """Return the time zone of the reader's browser."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def now() -> datetime:
    """Return the time of the reader's clock."""
    return datetime.now(zone())


def local(moment: datetime) -> datetime:
    """Return a moment in the reader's time zone."""
    return moment.astimezone(zone())


def short(moment: datetime) -> str:
    """Return the time of today, the day of any other day."""
    here = local(moment)
    return f"{here:%H:%M}" if here.date() == now().date() else spoken().day(here)


def full(moment: datetime) -> str:
    """Return day and time."""
    return spoken().moment(local(moment))


def day(when: date) -> str:
    """Return a day."""
    return spoken().day(when)
