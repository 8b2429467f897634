"""Reports that outlive the service: a JSON file each, in a folder for each key."""

import re
from pathlib import Path

from pydantic import ValidationError

from resp.report import ReportError
from resp.report.atomic import AtomicFile
from resp.score.schema import Report
from resp.service.errors import ServiceError

_ID = re.compile(r"[A-Za-z0-9_-]{22}")


class KeptReports:
    """A folder ``OWNER/ID.json``.

    Parameters
    ----------
    folder
        Made where it is missing, for its owner alone.

    Raises
    ------
    ServiceError
        It cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = AtomicFile(folder / "probe")
        except (OSError, ReportError) as error:
            raise ServiceError(f"{folder}: reports cannot be kept there ({error}); name another folder") from error
        probe.discard()

    def write(self, owner: str, job_id: str, content: bytes) -> None:
        """Keep a report in JSON; it is there whole or not at all.

        Raises
        ------
        OSError, ReportError
            The disk is full, or the folder is gone.
        """
        place = self.folder / owner
        place.mkdir(mode=0o700, exist_ok=True)
        file = AtomicFile(place / f"{job_id}.json")
        try:
            file.stream.write(content)
            file.commit()
        except BaseException:
            file.discard()
            raise

    def read(self, owner: str, job_id: str) -> Report | None:
        """Return a report; None where there is none of that owner and name."""
        if not _ID.fullmatch(job_id):
            return None
        try:
            return Report.model_validate_json((self.folder / owner / f"{job_id}.json").read_bytes())
        except (OSError, ValidationError):
            return None
