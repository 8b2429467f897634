"""DICOM audio files made element by element, with pydicom alone: what `resp.dicom` must read, by a second author.

Stored values are chosen by the test, encoded here with `struct` and numpy, and never touched by the code under test.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

GENERAL_AUDIO = "1.2.840.10008.5.1.4.1.1.9.4.2"
BASIC_VOICE = "1.2.840.10008.5.1.4.1.1.9.4.1"
RESPIRATORY = "1.2.840.10008.5.1.4.1.1.9.6.1"
MULTI_CHANNEL_RESPIRATORY = "1.2.840.10008.5.1.4.1.1.9.6.2"
TWELVE_LEAD_ECG = "1.2.840.10008.5.1.4.1.1.9.1.1"

# Waveform Sample Interpretation (5400,1006) → bits allocated, kind: PS3.3 C.10.9.1.5, PS3.5 A.2.
LINEAR = {
    "SB": (8, "signed"),
    "UB": (8, "unsigned"),
    "SS": (16, "signed"),
    "US": (16, "unsigned"),
    "SL": (32, "signed"),
    "UL": (32, "unsigned"),
}
COMPANDED = {"MB": (8, "mu"), "AB": (8, "a")}
EVERY_INTERPRETATION = (*LINEAR, *COMPANDED)

PATIENT_NAME = "Zwölfgang^Ännchen^^Frau"
PATIENT_ID = "PID-770-4711"


@dataclass(frozen=True)
class Group:
    """One multiplex group: stored integers [channels, time] and how they are stored.

    ``stored`` holds the numbers as they stand in the file: signed, unsigned or G.711 codes.
    """

    stored: NDArray[Any]
    rate_hz: float = 8000.0
    interpretation: str = "SS"
    bits_stored: int | None = None
    sensitivity: float | None = None
    baseline: float = 0.0
    correction: float = 1.0
    label: str | None = None

    @property
    def bits_allocated(self) -> int:
        return (LINEAR | COMPANDED)[self.interpretation][0]


def tone(
    rate_hz: float = 8000, duration_s: float = 0.5, frequency_hz: float = 220.0, channels: int = 1
) -> NDArray[Any]:
    """A sine of half of full scale, [channels, time] float64; each channel an octave above the one before."""
    time_s = np.arange(round(rate_hz * duration_s)) / rate_hz
    return np.stack([0.5 * np.sin(2 * np.pi * frequency_hz * 2**c * time_s) for c in range(channels)])


def stored_of(sound: NDArray[Any], interpretation: str) -> NDArray[Any]:
    """The stored integers of a sound in [−1, 1), [channels, time]; G.711 codes by the tables of ITU-T G.711."""
    if interpretation == "MB":
        return _nearest(sound, mu_law_table())
    if interpretation == "AB":
        return _nearest(sound, a_law_table())
    bits, kind = LINEAR[interpretation]
    full = 1 << (bits - 1)
    signed = np.clip(np.round(sound * full), -full, full - 1).astype(np.int64)
    return signed if kind == "signed" else signed + full


def sound_of(stored: NDArray[Any], interpretation: str) -> NDArray[Any]:
    """What a reader should hear, in [−1, 1): the slow and obvious inverse of `stored_of`, [channels, time] float64."""
    if interpretation == "MB":
        return mu_law_table()[stored]
    if interpretation == "AB":
        return a_law_table()[stored]
    bits, kind = LINEAR[interpretation]
    full = 1 << (bits - 1)
    return (np.asarray(stored, np.int64) - (0 if kind == "signed" else full)) / full


def mu_law_table() -> NDArray[np.float64]:
    """Code 0 … 255 → sound: ITU-T G.711 table 2, as the recommendation's 14-bit values over 8192, [256]."""
    values = []
    for code in range(256):
        bits = code ^ 0xFF
        segment, step = (bits >> 4) & 7, bits & 15
        magnitude = ((2 * step + 33) << segment) - 33
        values.append(-magnitude if bits & 0x80 else magnitude)
    return np.array(values) / 8192


def a_law_table() -> NDArray[np.float64]:
    """Code 0 … 255 → sound: ITU-T G.711 table 1, as the recommendation's 13-bit values over 4096, [256]."""
    values = []
    for code in range(256):
        bits = code ^ 0x55
        segment, step = (bits >> 4) & 7, bits & 15
        magnitude = 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)
        values.append(magnitude if bits & 0x80 else -magnitude)
    return np.array(values) / 4096


def _nearest(sound: NDArray[Any], table: NDArray[np.float64]) -> NDArray[Any]:
    return np.abs(sound[..., None] - table).argmin(axis=-1).astype(np.int64)


def make_audio(
    groups: Group | Sequence[Group] | None = None,
    *,
    sop_class: str = GENERAL_AUDIO,
    modality: str = "AU",
    study: str | None = None,
    series: str | None = None,
    instance: str | None = None,
    number: int = 1,
    laterality: str | None = None,
    **elements: Any,
) -> Dataset:
    """A data set that dciodvfy finds valid; ``elements`` are set last, by keyword, and removed where None."""
    if groups is None:
        groups = Group(stored_of(tone(), "SS"))
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID = sop_class
    data.SOPInstanceUID = instance or generate_uid()
    data.StudyDate = data.ContentDate = "20240229"
    data.StudyTime = data.ContentTime = "101500"
    data.AcquisitionDateTime = "20240229101500"
    data.AccessionNumber = "ACC-99"
    data.Modality = modality
    data.Manufacturer = "Stethoscope works"
    data.ManufacturerModelName = "Ear 3"
    data.ReferringPhysicianName = "Überweiser^Otto"
    data.PatientName = PATIENT_NAME
    data.PatientID = PATIENT_ID
    data.PatientBirthDate = "19610203"
    data.PatientSex = "F"
    data.StudyInstanceUID = study or generate_uid()
    data.SeriesInstanceUID = series or generate_uid()
    data.StudyID = "S1"
    data.SeriesNumber = 1
    data.InstanceNumber = number
    data.AcquisitionContextSequence = Items([])
    if laterality is not None:
        data.BodyPartExamined, data.Laterality = "LUNG", laterality
    data.WaveformSequence = Items([_group(one) for one in ([groups] if isinstance(groups, Group) else groups)])
    for keyword, value in elements.items():
        if value is None:
            delattr(data, keyword)
        else:
            setattr(data, keyword, value)
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return data


def body_site(code: str = "39607008", meaning: str = "Lung", scheme: str = "SCT") -> Items:
    """An AcquisitionContextSequence that says where was listened: one CODE item, (123014, DCM, "Target Region")."""
    item = Dataset()
    item.ValueType = "CODE"
    item.ConceptNameCodeSequence = Items([_code("123014", "DCM", "Target Region")])
    item.ConceptCodeSequence = Items([_code(code, scheme, meaning)])
    return Items([item])


def as_bytes(data: Dataset, *, preamble: bool = True) -> bytes:
    """The file of a data set; without preamble and file meta where ``preamble`` is False (implicit little endian)."""
    import pydicom

    stream = io.BytesIO()
    if preamble:
        pydicom.dcmwrite(stream, data, enforce_file_format=True)
    else:
        bare = Dataset({key: element for key, element in data.items()})  # noqa: C416
        pydicom.dcmwrite(stream, bare, implicit_vr=True, little_endian=True, enforce_file_format=False)
    return stream.getvalue()


def write(data: Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_bytes(data))
    return path


def make_dicomdir(folder: Path, sounds: Sequence[Dataset]) -> Path:
    """A file set with a DICOMDIR that lists every sound; returns the DICOMDIR."""
    files = FileSet()
    for sound in sounds:
        files.add(sound)
    files.write(folder)
    return folder / "DICOMDIR"


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    """A ZIP with these members, whose names are written as they are, paths that escape too."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _group(group: Group) -> Dataset:
    stored = np.atleast_2d(group.stored)
    item = Dataset()
    item.WaveformOriginality = "ORIGINAL"
    item.NumberOfWaveformChannels = stored.shape[0]
    item.NumberOfWaveformSamples = stored.shape[1]
    item.SamplingFrequency = f"{group.rate_hz:g}"
    if group.label is not None:
        item.MultiplexGroupLabel = group.label
    item.ChannelDefinitionSequence = Items([_channel(group, number) for number in range(stored.shape[0])])
    item.WaveformBitsAllocated = group.bits_allocated
    item.WaveformSampleInterpretation = group.interpretation
    kind = (LINEAR | COMPANDED)[group.interpretation][1]
    sign = "i" if kind == "signed" else "u"
    # Samples of the channels lie beside each other: PS3.3 C.10.9.1.7.
    packed = stored.T.astype(f"<{sign}{group.bits_allocated // 8}").tobytes()
    item.add_new(0x54001010, "OB" if group.bits_allocated == 8 else "OW", packed + b"\0" * (len(packed) % 2))
    return item


def _channel(group: Group, number: int) -> Dataset:
    channel = Dataset()
    channel.ChannelLabel = f"channel {number + 1}"
    channel.ChannelSourceSequence = Items([_code("109011", "DCM", "Audio")])
    if group.sensitivity is not None:
        channel.ChannelSensitivity = f"{group.sensitivity:g}"
        channel.ChannelSensitivityUnitsSequence = Items([_code("Pa", "UCUM", "Pascal")])
        channel.ChannelSensitivityCorrectionFactor = f"{group.correction:g}"
        channel.ChannelBaseline = f"{group.baseline:g}"
    channel.ChannelSampleSkew = "0"
    channel.WaveformBitsStored = group.bits_stored or group.bits_allocated
    return channel


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue = value
    code.CodingSchemeDesignator = scheme
    code.CodeMeaning = meaning
    return code
