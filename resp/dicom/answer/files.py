"""DICOM files with sound become DICOM files with findings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from resp.dicom.answer.make import answer
from resp.dicom.errors import DicomError
from resp.dicom.instance import as_bytes
from resp.dicom.read import read_instances
from resp.dicom.uids import COMPREHENSIVE_SR, ENCAPSULATED_PDF, SECONDARY_CAPTURE
from resp.report.atomic import AtomicFile

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from resp.score import Scorer

_SUFFIXES = {COMPREHENSIVE_SR: "sr", ENCAPSULATED_PDF: "pdf", SECONDARY_CAPTURE: "spectrogram"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sound.

    Parameters
    ----------
    name
        The file, and which sound of it.
    status
        The report's, or ``"failed"`` where there is none.
    detail
        The finding, or the reason why there is none.
    files
        What was written.
    """

    name: str
    status: str
    detail: str
    files: tuple[Path, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it could not be read or scored."""
        return self.status == "failed"

    def words(self) -> str:
        """Return it as one line."""
        written = f"; written to {', '.join(file.name for file in self.files)}" if self.files else ""
        return f"{self.name}: {self.status}: {self.detail}{written}"


def answer_files(
    paths: Iterable[str | PathLike[str]], scorer: "Scorer", out: Path, *, pdf: bool = True, capture: bool = False
) -> Iterator[Outcome]:
    """Score the sound of files, folders, DICOMDIRs and ZIP archives, and write the answers into a folder.

    Parameters
    ----------
    paths
        Where the sound is.
    scorer
        What scores it.
    out
        Where the answers go, made where it is missing: ``<name>.sr.dcm``, ``.pdf.dcm``, ``.spectrogram.dcm``.
    pdf, capture
        What comes along with the structured report.

    Raises
    ------
    DicomError
        The folder cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DicomError(f"{out}: cannot be made ({error.strerror}); name another folder") from error
    taken: set[str] = set()
    for path in paths:
        try:
            found = read_instances(path)
        except DicomError as error:
            yield Outcome(str(path), "failed", str(error))
            continue
        for one in found:
            # The object's own name goes into the record, not what a file is called on this machine, and where it lies.
            place = f"{one.source.sop_instance_uid}.dcm" + (f"#{one.source.group}" if one.source.groups > 1 else "")
            report = scorer.score(one.recording.with_known(source=place))
            made = answer(report, one.source, one.recording, pdf=pdf, capture=capture)
            stem = _free(Path(one.source.name).name.removesuffix(".dcm"), one.source.group, one.source.groups, taken)
            files = tuple(out / f"{stem}.{_SUFFIXES[str(instance.SOPClassUID)]}.dcm" for instance in made)
            for instance, file in zip(made, files, strict=True):
                write_instance(instance, file)
            label = report.summary.label if report.summary else None
            yield Outcome(one.recording.source, report.status, label or report.reason or "no finding", files)


def write_instance(instance: "Dataset", path: Path) -> None:
    """Write an instance as a file that is complete or not there.

    Raises
    ------
    ReportError
        The place cannot be written to.
    DicomError
        A value cannot be encoded.
    """
    data = as_bytes(instance)
    place = AtomicFile(path)
    try:
        place.stream.write(data)
        place.commit()
    except BaseException:
        place.discard()
        raise


def _free(stem: str, group: int, groups: int, taken: set[str]) -> str:
    """Return a name that no other sound of this run has."""
    name = f"{stem}.{group}" if groups > 1 else stem
    place = 1
    while name in taken:
        place += 1
        name = f"{stem}.{group}-{place}" if groups > 1 else f"{stem}-{place}"
    taken.add(name)
    return name
