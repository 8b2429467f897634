"""What is known of a recording from elsewhere, such as a row of a manifest."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    """What a list says of a recording; it goes before what its name or file says. None is not known."""

    body_site: str | None = None
    device: str | None = None
    patient_key: str | None = None
    started_at: datetime | None = None

    def given(self) -> dict[str, Any]:
        """Return what is known, by name."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}
