"""The fingerprint of a data set: one checksum that changes when any sound, label or stretch does."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from resp.datasets.contents import content_of
from resp.datasets.items import DataSet


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Checksum of a data set, with the number of its items, sound files and bytes."""

    sha256: str
    items: int
    files: int
    size_bytes: int

    def to_dict(self) -> dict[str, str | int]:
        """Return plain JSON values."""
        return {
            "sha256": self.sha256,
            "items": self.items,
            "files": self.files,
            "size_bytes": self.size_bytes,
        }


def data_fingerprint(dataset: DataSet, memory: Path | None = None) -> Fingerprint:
    """Compute the fingerprint of a data set.

    It covers the classes and, of every item, the sound file's name, size and content, the stretch, the class
    or classes and the patient. It does not depend on the order of the items or on the folder they lie in.

    Parameters
    ----------
    dataset
        What `open_dataset` returned.
    memory
        Where checksums of files are remembered (`WaveformCache.memory`); None reads every file.

    Raises
    ------
    DataError
        A sound file is missing or cannot be read.
    """
    contents = content_of((item.path for item in dataset.items), memory)
    lines = sorted(
        repr(
            (
                item.recording,
                item.path.name,
                contents[item.path].size,
                contents[item.path].sha256,
                item.start_s,
                item.end_s,
                dataset.classes[item.label],
                item.patient,
                *(dataset.classes[label] for label in item.more_labels),
            )
        )
        for item in dataset.items
    )
    digest = sha256("\n".join([repr(dataset.classes), *lines]).encode())
    return Fingerprint(
        digest.hexdigest(), len(dataset), len(contents), sum(content.size for content in contents.values())
    )
