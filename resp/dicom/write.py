"""Any recording becomes a General Audio Waveform: sound from a stethoscope enters the record (PS3.3 A.34.10).

Samples are 16 bits, signed. What was recorded with 16 bits or fewer is stored bit for bit. Anything else (24 bits,
floats) is scaled so that its loudest sample becomes 32767. Either way (003A,0210) Channel Sensitivity says what one
step is worth, so that every reader gets the same amplitudes back: shares of full scale.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resp.audio.recording import Recording
from resp.audio.resampling import resample
from resp.dicom.body_sites import TRACHEA, acquisition_context, site_codes
from resp.dicom.codes import FULL_SCALE, dcm
from resp.dicom.errors import DicomError
from resp.dicom.instance import (
    MANUFACTURER,
    MODEL_NAME,
    as_bytes,
    complete,
    date_of,
    datetime_of,
    time_of,
)
from resp.dicom.uids import GENERAL_AUDIO_WAVEFORM, derived_uid, new_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

HIGHEST_RATE_HZ = 44_100
CHANNELS_A_GROUP = 2
_LOUDEST = 32767
_STEPS = 32768
_SYNTHETIC = "Synthetic sound: no chest made it"
# CID 3000, Audio Channel Source.
_BODY_SOUND = dcm("109115", "Physiological audio signal")
_PROCESSING = dcm("109102", "Processing Equipment")


@dataclass(frozen=True, slots=True)
class Whose:
    """The patient and study that a sound belongs to; what is None stays empty.

    Parameters
    ----------
    patient_id
        The recording's patient key where None.
    patient_name
        Such as ``Family^Given``.
    birth_date, sex
        ``YYYYMMDD``; ``M``, ``F`` or ``O``.
    study_uid
        A study that is there already; a new one where None.
    study_id, accession_number, study_description
        Of that study.
    study_date, study_time
        ``YYYYMMDD`` and ``HHMMSS``, of a study that is there already; a new study begins with its recording.
    """

    patient_id: str | None = None
    patient_name: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    study_uid: str | None = None
    study_id: str | None = None
    accession_number: str | None = None
    study_description: str | None = None
    study_date: str | None = None
    study_time: str | None = None


def write_waveform(
    recording: Recording,
    whose: Whose | None = None,
    *,
    now: datetime | None = None,
    series_number: int = 1,
    instance_number: int = 1,
) -> "Dataset":
    """Return a recording as a General Audio Waveform.

    Parameters
    ----------
    recording
        Any. A rate above 44.1 kHz, the most that the class allows, is brought down to it; more than two channels
        become several multiplex groups of one or two.
    whose
        Patient and study.
    now
        When it is written; the clock where None. Stands as the time of acquisition too, which the class demands, where
        ``recording.started_at`` is not known.
    series_number, instance_number
        Which one it is in the study.

    Returns
    -------
    Dataset
        With file meta information, ready for ``save_as`` or the network; `waveform_bytes` makes a file of it.

    Raises
    ------
    DicomError
        A patient or study value that DICOM cannot hold.
    """
    from pydicom.dataset import Dataset

    whose = whose or Whose()
    now = now or datetime.now().astimezone()
    started = recording.started_at or now
    data = Dataset()
    _add_patient_and_study(data, whose, recording, started)
    study_uid = whose.study_uid or new_uid()
    data.StudyInstanceUID = _uid("study", study_uid)
    complete(
        data,
        sop_class=GENERAL_AUDIO_WAVEFORM,
        instance_uid=new_uid(),
        # Recordings of one study and series number are one series, whenever each was written.
        series_uid=derived_uid("waveform series", study_uid, str(series_number)),
        modality="AU",
        now=now,
    )
    data.ContentDate, data.ContentTime = date_of(started), time_of(started)
    data.AcquisitionDateTime = datetime_of(started)
    data.SeriesNumber, data.InstanceNumber = series_number, instance_number
    if recording.synthetic:
        data.SeriesDescription = _SYNTHETIC
    _add_place(data, recording.body_site)
    _add_equipment(data, recording.device)
    data.WaveformSequence = _groups(recording)
    return data


def waveform_bytes(recording: Recording, whose: Whose | None = None, *, now: datetime | None = None) -> bytes:
    """Return a recording as a DICOM file: `write_waveform`, encoded."""
    return as_bytes(write_waveform(recording, whose, now=now))


def _add_patient_and_study(data: "Dataset", whose: Whose, recording: Recording, started: datetime) -> None:
    data.PatientName = _text("patient name", whose.patient_name, 64 * 3)
    data.PatientID = _text("patient ID", whose.patient_id or recording.patient_key, 64)
    data.PatientBirthDate = _date("birth date", whose.birth_date)
    if (whose.sex or "") not in ("", "M", "F", "O"):
        raise DicomError(f"sex {whose.sex!r}; expected M, F, O or nothing")
    data.PatientSex = whose.sex or ""
    # What is not said of a study that is there already stays empty, so that nothing here contradicts it.
    new = whose.study_uid is None
    data.StudyDate = _date("study date", whose.study_date) or (date_of(started) if new else "")
    data.StudyTime = _text("study time", whose.study_time, 14) or (time_of(started) if new else "")
    data.StudyID = _text("study ID", whose.study_id, 16)
    data.AccessionNumber = _text("accession number", whose.accession_number, 16)
    data.ReferringPhysicianName = ""
    if whose.study_description:
        data.StudyDescription = _text("study description", whose.study_description, 64)


def _add_place(data: "Dataset", body_site: str | None) -> None:
    data.AcquisitionContextSequence = acquisition_context(body_site)
    coded = [value for _, value in site_codes(body_site)] if body_site else []
    if coded:
        data.BodyPartExamined = "TRACHEA" if TRACHEA in coded else "CHEST"


def _add_equipment(data: "Dataset", device: str | None) -> None:
    """Say what recorded the sound, and that resp put it into this form (C.7.5.1, C.12.1)."""
    from pydicom.dataset import Dataset

    data.Manufacturer = ""
    if device:
        data.ManufacturerModelName = _text("device", device, 64)
    ours = Dataset()
    ours.PurposeOfReferenceCodeSequence = [_PROCESSING.item()]
    ours.Manufacturer = MANUFACTURER
    ours.ManufacturerModelName = MODEL_NAME
    data.ContributingEquipmentSequence = [ours]


def _groups(recording: Recording) -> "list[Dataset]":
    rate_hz, samples = recording.rate_hz, recording.samples
    resampled = rate_hz > HIGHEST_RATE_HZ
    if resampled:
        samples = resample(samples, rate_hz, HIGHEST_RATE_HZ)
        rate_hz = HIGHEST_RATE_HZ
    stored, step = to_16_bits(samples)
    changed = resampled or float(step) * _STEPS != 1
    return [
        _group(stored[first : first + CHANNELS_A_GROUP], first, rate_hz, step, changed)
        for first in range(0, len(stored), CHANNELS_A_GROUP)
    ]


def to_16_bits(samples: NDArray[np.float32]) -> tuple[NDArray[np.int16], str]:
    """Return samples as 16-bit numbers, and what one step is worth as a decimal string of at most 16 characters.

    Parameters
    ----------
    samples
        [channels, time]. Those that are whole multiples of 2⁻¹⁵ in [−1, 1) are kept exactly; others are scaled so that
        the loudest becomes 32767, and rounded.
    """
    from pydicom.valuerep import format_number_as_ds

    steps = samples.astype(np.float64) * _STEPS
    whole = np.rint(steps)
    if (steps == whole).all() and whole.min() >= -_STEPS and whole.max() <= _LOUDEST:
        return whole.astype(np.int16), format_number_as_ds(1 / _STEPS)
    step = format_number_as_ds(float(np.abs(samples).max()) / _LOUDEST)
    return np.clip(np.rint(samples.astype(np.float64) / float(step)), -_LOUDEST, _LOUDEST).astype(np.int16), step


def _group(stored: NDArray[np.int16], first: int, rate_hz: int, step: str, changed: bool) -> "Dataset":
    from pydicom.dataset import Dataset

    group = Dataset()
    group.WaveformOriginality = "DERIVED" if changed else "ORIGINAL"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = stored.shape
    group.SamplingFrequency = str(rate_hz)
    group.ChannelDefinitionSequence = [_channel(first + number + 1, step) for number in range(len(stored))]
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    # Samples of the channels lie beside each other (C.10.9.1.7).
    group.add_new(0x54001010, "OW", stored.T.astype("<i2").tobytes())
    return group


def _channel(number: int, step: str) -> "Dataset":
    from pydicom.dataset import Dataset

    channel = Dataset()
    channel.ChannelLabel = f"channel {number}"
    channel.ChannelSourceSequence = [_BODY_SOUND.item()]
    channel.ChannelSensitivity = step
    channel.ChannelSensitivityUnitsSequence = [FULL_SCALE.item()]
    channel.ChannelSensitivityCorrectionFactor = "1"
    channel.ChannelBaseline = "0"
    channel.ChannelSampleSkew = "0"
    channel.WaveformBitsStored = 16
    return channel


def _text(what: str, value: str | None, most: int) -> str:
    value = (value or "").strip()
    if len(value) > most:
        raise DicomError(f"the {what} has {len(value)} characters; DICOM holds at most {most}")
    if "\\" in value or not value.isprintable():
        raise DicomError(f"the {what} holds a backslash or a control character, which DICOM cannot; give it without")
    return value


def _date(what: str, value: str | None) -> str:
    value = (value or "").replace("-", "").strip()
    if value:
        try:
            datetime.strptime(value, "%Y%m%d")
        except ValueError as error:
            raise DicomError(f"{what} {value!r}; expected YYYYMMDD or YYYY-MM-DD") from error
    return value


def _uid(what: str, value: str) -> str:
    from pydicom.uid import RE_VALID_UID

    if len(value) > 64 or not re.fullmatch(RE_VALID_UID, value):
        raise DicomError(f"{what} UID {value!r}; expected digits and dots, at most 64 characters, as 1.2.840.113619")
    return value
