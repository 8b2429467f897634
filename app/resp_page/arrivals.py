"""What a file that comes in says of itself: where on the chest and when it was recorded."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import resp
from resp.audio.elsewhere import is_dicom
from resp.errors import RespError
from resp.report.chest_map import guess_site


@dataclass(frozen=True, slots=True)
class Told:
    """What is known from the file itself; None where it does not say."""

    site: str | None = None
    recorded_at: datetime | None = None


def told_by_file(content: bytes, name: str) -> Told:
    """Return what a file says of itself: DICOM in its header, others in their name."""
    if not is_dicom(BytesIO(content)):
        return Told(guess_site(name))
    try:
        recording = resp.load_recording(content, name=name)
    except RespError:
        # Why it cannot be read is told where it is scored.
        return Told(guess_site(name))
    return Told(guess_site(name, recording.body_site), recording.started_at)
