"""The records that the settings name, opened for a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resp.records import Records


@contextmanager
def records_at_hand() -> "Iterator[Records]":
    """Open the records that the settings name, and close them in the end."""
    from resp.records import open_records
    from resp.records.settings_sources import load_settings

    chosen = load_settings()
    with open_records(chosen.database_url, chosen.folder) as records:
        yield records
