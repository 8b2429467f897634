"""Whose sound, heard with what and when: patient key, device and start of a DICOM object."""

import re
from datetime import UTC, datetime, timedelta, timezone

from resp.dicom.values import Values

# Stethoscopes that the shipped models know, by how their makers call them.
_DEVICES = (
    (re.compile(r"littmann.*3200|\b3200\b.*littmann|\b3m\b.*\b3200\b|litt3200", re.IGNORECASE), "Litt3200"),
    (re.compile(r"littmann.*classic\s*(ii|2)\b|littc2se", re.IGNORECASE), "LittC2SE"),
    (re.compile(r"meditron", re.IGNORECASE), "Meditron"),
    (re.compile(r"akg.*c\s*417|akgc417", re.IGNORECASE), "AKGC417L"),
)
_DAY_MS = 86_400_000.0
_MOMENT = re.compile(
    r"(?P<date>\d{8})(?P<time>\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?\s*(?P<zone>[+-]\d{4})?\s*", re.ASCII
)


def find_patient(dataset: Values) -> str | None:
    """Return the patient key: (0010,0020) Patient ID as it is given."""
    return dataset.text("PatientID")


def find_device(dataset: Values) -> str | None:
    """Return the device: our name of a stethoscope that models know, otherwise maker and model as given."""
    maker, model = dataset.text("Manufacturer"), dataset.text("ManufacturerModelName")
    if maker and model and model.casefold().startswith(maker.casefold()):
        maker = None
    given = " ".join(part for part in (maker, model) if part) or None
    if given is None:
        return None
    return next((name for pattern, name in _DEVICES if pattern.search(given)), given)


def find_start(dataset: Values, offset_ms: float = 0.0) -> datetime | None:
    """Return when the sound begins, with its time zone where that is told; None where no date and time are given.

    Parameters
    ----------
    dataset
        (0008,002A) Acquisition DateTime is asked first, then the date and time of acquisition, then of content.
    offset_ms
        (0018,1068) Multiplex Group Time Offset, in milliseconds.
    """
    zone = dataset.text("TimezoneOffsetFromUTC")
    for date, time in (
        ("AcquisitionDateTime", None),
        ("AcquisitionDate", "AcquisitionTime"),
        ("ContentDate", "ContentTime"),
    ):
        written = dataset.text(date)
        if time is not None:
            clock = dataset.text(time)
            written = written + clock if written and clock else None
        if written and (moment := _moment(written, zone)):
            # More than a day is no offset within an acquisition.
            return moment + timedelta(milliseconds=offset_ms if abs(offset_ms) < _DAY_MS else 0.0)
    return None


def _moment(written: str, zone: str | None) -> datetime | None:
    match = _MOMENT.fullmatch(written)
    if match is None or match["time"] is None:
        return None
    clock, _, fraction = match["time"].partition(".")
    try:
        moment = datetime.strptime(match["date"] + clock.ljust(6, "0"), "%Y%m%d%H%M%S")
        return moment.replace(microsecond=int(fraction.ljust(6, "0") or 0), tzinfo=_zone(match["zone"] or zone))
    except ValueError:
        # No such day or hour: what is wrong is not known.
        return None


def _zone(offset: str | None) -> timezone | None:
    match = re.fullmatch(r"([+-])(\d{2})(\d{2})", offset or "")
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes)) if minutes else UTC
