"""Where a sound comes from in the record: what an answer must refer to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resp.audio.recording import Recording

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class DicomChannel:
    """What a channel says of itself (PS3.3 C.10.9, Channel Definition).

    Parameters
    ----------
    label
        (003A,0203) Channel Label, None where there is none.
    place
        The meaning of (003A,0208) Channel Source and its modifiers, as given.
    sensitivity, unit, baseline
        What one step of the stored numbers is worth (sensitivity × correction factor), in which unit (UCUM), and
        the unit's value at the stored number 0. None where no sensitivity is given.
    """

    label: str | None = None
    place: str | None = None
    sensitivity: float | None = None
    unit: str | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DicomSource:
    """The instance that a recording was read from: all that an answer needs in order to refer to it.

    Parameters
    ----------
    name
        The file, or member of an archive, for messages.
    sop_class_uid, sop_instance_uid, series_instance_uid, study_instance_uid
        The instance's identifiers.
    transfer_syntax_uid
        How it was encoded.
    group, groups
        Which multiplex group of the waveform the recording is (from 1, as DICOM counts), and how many there are.
    channels
        What the channels of this group say of themselves.
    header
        The whole dataset as it was read, its samples left out (Waveform Data is there and empty), with
        ``file_meta`` where the file has any. Not to be changed: copy it.
    sha256
        Checksum of the file's bytes, the same as `Recording.sha256`.
    """

    name: str
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    group: int
    groups: int
    channels: tuple[DicomChannel, ...]
    header: "Dataset"
    sha256: str

    def patient_and_study(self) -> "Dataset":
        """Return the Patient, General Study and Patient Study modules, for another object of the same study.

        Elements of type 2 that the instance lacks are there and empty, as the standard and writers of structured
        reports want them; types 1 and 3 are copied where they are given. The character set comes along.
        """
        from resp.dicom.modules import copy_patient_and_study

        return copy_patient_and_study(self.header)


@dataclass(frozen=True, slots=True, eq=False)
class DicomRecording:
    """A sound and the instance that it came from; what was noticed on the way is in ``recording.notes``."""

    recording: Recording
    source: DicomSource
