"""All of a patient in one ZIP file, for a chart, a colleague or a study: papers, tables, sounds, labels, checksums.

===================  ==================================================================
``README.txt``       what is in it
``report-….pdf``     a page a visit
``recordings.csv``   a row a recording, as it stands
``cycles.csv``       a row a cycle, as it stands
``reports.json``     the models' whole reports, and all that people said to them
``recordings/``      the files as they were given
``clips/``           the sounds of the findings
``labels/``          Audacity and Raven: as it stands, and as the model said it where a person said otherwise
``SHA256SUMS``       checksums of all of these, for ``sha256sum --check``
===================  ==================================================================
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from pathlib import PurePath
from typing import Any, BinaryIO

from resp.report.clips import finding_clips, write_clips
from resp.report.csv_format import field
from resp.report.file_names import different_names, safe_name
from resp.report.heard import HeardRecording
from resp.report.label_tracks import audacity_labels, model_cycles, raven_table
from resp.report.patient_pdf import Sounds, patient_pdf
from resp.report.patient_summary import summarise_patient
from resp.report.patient_table import cycle_rows, recording_rows, recording_value
from resp.report.tabular import Row
from resp.words import Words, words

Contents = Callable[[HeardRecording], bytes | None]
SUMS = "SHA256SUMS"


def write_bundle(
    stream: BinaryIO,
    recordings: Sequence[HeardRecording],
    *,
    patient_key: str | None,
    made_at: datetime,
    sounds: Sounds | None = None,
    contents: Contents | None = None,
    language: Words | None = None,
    clinic: str = "",
    zone: tzinfo = UTC,
) -> None:
    """Write a ZIP file; the same things give the same bytes.

    Parameters
    ----------
    stream
        Where to; it stays open.
    recordings
        Of one patient, of any visits.
    patient_key
        Whose they are.
    made_at
        When it is made, with a time zone.
    sounds
        Gives the decoded sound of a recording, for clips and pictures; none of these where it gives None.
    contents
        Gives a recording's file as it was given; left out where it gives None.
    language
        Of the papers; English where None. Tables and labels keep the models' own words.
    clinic, zone
        As for `patient_pdf`.
    """
    said = language or words()
    pages = {"made_at": made_at, "language": said, "clinic": clinic, "zone": zone, "sounds": sounds}
    with zipfile.ZipFile(stream, "w") as archive:
        box = _Box(archive, made_at.astimezone(zone))
        box.add("README.txt", _readme(said, patient_key, made_at.astimezone(zone)))
        for day in sorted({one.day for one in recordings}):
            summary = summarise_patient(recordings, patient_key=patient_key, day=day)
            box.add(f"report-{day.isoformat()}.pdf", patient_pdf(summary, **pages))  # type: ignore[arg-type]
        box.add("recordings.csv", _csv(recording_rows(recordings)))
        box.add("cycles.csv", _csv(cycle_rows(recordings)))
        box.add(
            "reports.json", _json({"patient": patient_key, "recordings": [recording_value(one) for one in recordings]})
        )
        for one, name in zip(
            recordings, different_names(f"{one.day}_{safe_name(one.file_name)}" for one in recordings), strict=True
        ):
            _add_recording(box, one, name, sounds, contents)
        box.close()


def _add_recording(
    box: "_Box", one: HeardRecording, name: str, sounds: Sounds | None, contents: Contents | None
) -> None:
    content = contents(one) if contents else None
    given = name + _ending(one.file_name)
    if content is not None:
        box.add(f"recordings/{given}", content)
    tracks = {"": one.cycles}
    if one.corrected:
        tracks[".model"] = model_cycles(one)
    rate_hz = one.report.recording.rate_hz if one.report else None
    for kind, cycles in tracks.items():
        if cycles:
            box.add(f"labels/{name}{kind}.audacity.txt", audacity_labels(cycles))
            box.add(f"labels/{name}{kind}.raven.txt", raven_table(cycles, given, rate_hz=rate_hz))
    recording = sounds(one) if sounds and finding_clips(one) else None
    if recording is not None:
        for clip, sound in write_clips(one, recording):
            box.add(f"clips/{one.day}_{clip}", sound)


class _Box:
    """A ZIP file that remembers the checksum of all that goes in."""

    def __init__(self, archive: zipfile.ZipFile, made_at: datetime) -> None:
        self._archive = archive
        self._when = max(made_at.timetuple()[:6], (1980, 1, 1, 0, 0, 0))
        self._sums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        """Put a file in; a second one of the same name gets a number."""
        base, dot, ending = name.rpartition(".")
        number = 2
        while name in self._sums:
            name, number = f"{base}-{number}{dot}{ending}", number + 1
        self._sums[name] = sha256(content).hexdigest()
        self._write(name, content)

    def close(self) -> None:
        """Put the checksums in."""
        self._write(SUMS, "".join(f"{total}  {name}\n" for name, total in self._sums.items()).encode())

    def _write(self, name: str, content: bytes) -> None:
        entry = zipfile.ZipInfo(name, self._when)
        entry.external_attr = 0o644 << 16
        # Compressed sound and paper shrink no further.
        packed = name.endswith((".pdf", ".mp3", ".m4a", ".ogg", ".flac"))
        entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        self._archive.writestr(entry, content)


def _readme(said: Words, patient_key: str | None, made_at: datetime) -> bytes:
    from resp import __version__

    kinds = (
        ("report-*.pdf", "report"),
        ("recordings.csv", "table_recordings"),
        ("cycles.csv", "table_cycles"),
        ("reports.json", "reports"),
        ("recordings/", "recordings"),
        ("clips/", "clips"),
        ("labels/", "labels"),
        (SUMS, "manifest"),
    )
    title = said.text("files.title", patient=patient_key or said.text("report.no_key"))
    told = said.text(
        "files.readme",
        title=title,
        line="=" * len(title),
        when=said.moment(made_at),
        version=__version__,
        list="\n".join(f"{name:<16} {said.text(f'files.{kind}')}" for name, kind in kinds),
        disclaimer=said.text("report.disclaimer"),
    )
    return told.encode()


def _csv(rows: Iterable[Row]) -> bytes:
    listed = list(rows)
    text = io.StringIO(newline="")
    if listed:
        writer = csv.DictWriter(text, list(listed[0]))
        writer.writeheader()
        writer.writerows({name: field(value) for name, value in row.items()} for row in listed)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode("ascii")


def _ending(file_name: str) -> str:
    suffix = PurePath(file_name).suffix
    return suffix.lower() if suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 6 else ""
