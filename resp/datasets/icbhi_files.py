"""Finding the files of the ICBHI 2017 database, in whichever folders a copy keeps them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from resp.audio.naming import parse_icbhi_name
from resp.datasets.errors import DataError
from resp.datasets.folders import walk

TABLES = {
    "official_split.txt": "split",
    "icbhi_challenge_train_test.txt": "split",
    "patient_diagnosis.csv": "diagnosis",
    "patient_diagnosis.txt": "diagnosis",
    "icbhi_challenge_diagnosis.txt": "diagnosis",
    "demographic_info.txt": "demographics",
    "patient_list_foldwise.txt": "folds",
}
SOUND_SUFFIXES = (".wav", ".flac")


@dataclass(slots=True)
class IcbhiFiles:
    """What a folder holds: recording name → file, table → file, and the copies that were passed over."""

    annotations: dict[str, Path] = field(default_factory=dict)
    sounds: dict[str, Path] = field(default_factory=dict)
    tables: dict[str, Path] = field(default_factory=dict)
    copies: list[Path] = field(default_factory=list)


def find_icbhi_files(root: Path) -> IcbhiFiles:
    """Look for annotations, sounds and tables anywhere below a folder.

    The database's ZIP has sounds and annotations in one folder; other copies have a folder for each, or the
    same files twice: the one nearest to the root is taken. A table may also lie beside the root.

    Parameters
    ----------
    root
        Folder of the database.

    Raises
    ------
    DataError
        The root is not a folder, or has no ICBHI annotation below it.
    """
    if not root.is_dir():
        raise DataError(f"{root}: not a folder; expected the root of the ICBHI 2017 database")
    found = IcbhiFiles()
    for path in walk(root):
        _take(path, found)
    for path in sorted(root.resolve().parent.iterdir()):
        name = TABLES.get(path.name.lower())
        if name and name not in found.tables and path.is_file():
            found.tables[name] = path
    if not found.annotations:
        raise DataError(
            f"{root}: no ICBHI annotation found (101_1b1_Al_sc_Meditron.txt and the like); "
            "expected the unpacked database, or a part of it"
        )
    return found


def match_names(wanted: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Find under which known recording name each wanted one stands.

    Copies of the database disagree on the device in one name (patient 226, ``226_1b1_Pl_sc_Meditron`` in some
    splits, ``…_LittC2SE`` in the annotations). A wanted name without an equal is given to the known name that
    differs in the device alone, where that name is not wanted itself and there is just one such name.

    Returns
    -------
    dict
        Wanted name → known name; without the wanted names that match nothing.
    """
    wanted, known = list(wanted), set(known)
    free: dict[str, list[str]] = {}
    for name in sorted(known - set(wanted)):
        free.setdefault(_without_device(name), []).append(name)
    matched = {}
    for name in wanted:
        candidates = [name] if name in known else free.pop(_without_device(name), [])
        if len(candidates) == 1:
            matched[name] = candidates[0]
    return matched


def _without_device(name: str) -> str:
    return re.sub(r"_[^_]*$", "", name)


def _take(path: Path, found: IcbhiFiles) -> None:
    table = TABLES.get(path.name.lower())
    if table:
        _keep_first(found.tables, table, path, found.copies)
        return
    suffix = path.suffix.lower()
    if suffix not in (".txt", *SOUND_SUFFIXES) or parse_icbhi_name(path.name) is None:
        return
    _keep_first(found.annotations if suffix == ".txt" else found.sounds, path.stem, path, found.copies)


def _keep_first(kept: dict[str, Path], key: str, path: Path, copies: list[Path]) -> None:
    if key in kept:
        copies.append(path)
    else:
        kept[key] = path
