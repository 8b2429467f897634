"""The KAUH lung sound data set: one labelled recording per patient, under three filters of one stethoscope.

Fraiwan et al. 2021, "A dataset of lung sounds recorded from the chest wall using an electronic stethoscope",
Data in Brief 35 (doi 10.1016/j.dib.2021.106913; Mendeley Data jwyy9np4gv). Labels stand in the file names;
they hold for a whole recording.

============  ===================================================
sound code    class
============  ===================================================
N             normal
Crep, C, I C  crackle
I C B         crackle (with bronchial breathing)
E W, I E W    wheeze
I C E W       both
Bronchial     none of the four; abnormal where there are two
============  ===================================================

The bell, diaphragm and extended filter (B, D, E) of a patient are one and the same recording, so they share
the patient's key and no split divides them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from resp.audio.naming import describe_kauh_site, parse_kauh_name
from resp.datasets.census import Census, Count, name_some
from resp.datasets.errors import DataError
from resp.datasets.folders import walk
from resp.datasets.items import SOUND_CLASSES, TWO_CLASSES, DataSet, Item
from resp.datasets.settings import Labels

RECORDINGS, PATIENTS = 336, 112
# Byte for byte the same recordings (76 and 77, 100 and 101) under labels that exclude each other.
CONTRADICTORY_PATIENTS = ("76", "77", "100", "101")
SOUNDS = {
    "n": "normal",
    "crep": "crackle",
    "c": "crackle",
    "i c": "crackle",
    "i c b": "crackle",
    "e w": "wheeze",
    "i e w": "wheeze",
    "i c e w": "both",
    "bronchial": "bronchial",
}
DIAGNOSES = (
    "healthy",
    "asthma",
    "bronchitis",
    "copd",
    "heart failure",
    "lung fibrosis",
    "pleural effusion",
    "pneumonia",
)
SPELLINGS = {"n": "healthy", "bron": "bronchitis", "plueral effusion": "pleural effusion"}
DEVICE = "Litt3200"


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    patient: str
    filter: str
    sound: str
    diagnosis: str
    site: str
    attributes: dict[str, str]
    sha256: str


def read_kauh(root: Path, labels: Labels = "four_class") -> DataSet:
    """Read the KAUH recordings below a folder.

    Parameters
    ----------
    root
        Folder of the data set, or of a part of it.
    labels
        With ``four_class`` bronchial breathing is left out, with ``two_class`` it counts as abnormal, with
        ``diagnosis`` patients with two diseases are left out.

    Returns
    -------
    DataSet
        One item per recording and filter, sorted by patient; the census says what was left out.

    Raises
    ------
    DataError
        No KAUH recording is below the root, or a name has a sound code or diagnosis that is not known.
    """
    root = Path(root)
    files, notes = _read_files(root)
    contradictory = _contradictory(files)
    if contradictory:
        count = sum(file.patient in contradictory for file in files)
        notes.append(
            f"left out: {count} recordings of patients {', '.join(contradictory)}, "
            "whose identical sounds have contradictory labels"
        )
    notes += _identical_filters(files)
    kept = [file for file in files if file.patient not in contradictory]
    classes = {"four_class": SOUND_CLASSES, "two_class": TWO_CLASSES, "diagnosis": DIAGNOSES}[labels]
    items, unlabelled = [], Counter[str]()
    for file in kept:
        name = _class_name(file, labels)
        if name in classes:
            items.append(_item(file, classes.index(name)))
        else:
            unlabelled[name] += 1
    notes += [f"left out, not one of the classes: {count} recordings ({name})" for name, count in unlabelled.items()]
    return DataSet("kauh", classes, tuple(items), Census(tuple(_counts(files)), tuple(notes)))


def _read_files(root: Path) -> tuple[list[_File], list[str]]:
    """Read names and contents of all recordings, sorted by patient and filter."""
    if not root.is_dir():
        raise DataError(f"{root}: not a folder; expected the folder of the KAUH recordings")
    files: dict[tuple[int, str], _File] = {}
    copies = 0
    for path in walk(root):
        name = parse_kauh_name(path.name) if path.suffix.lower() == ".wav" else None
        if name is None:
            continue
        key = (int(name.patient), name.stethoscope_filter)
        if key in files:
            copies += 1
            continue
        files[key] = _File(
            path=path,
            patient=name.patient,
            filter=name.stethoscope_filter,
            sound=_sound(path, name.sound),
            diagnosis=_diagnosis(path, name.diagnosis),
            site=describe_kauh_site(name.site) or name.site,
            attributes={
                "filter": name.stethoscope_filter,
                **({"age_years": str(name.age_years)} if name.age_years is not None else {}),
                **({"sex": name.sex} if name.sex else {}),
            },
            sha256=sha256(path.read_bytes()).hexdigest(),
        )
    if not files:
        raise DataError(
            f"{root}: no KAUH recording found (BP1_Asthma,I E W,P L L,70,M.wav and the like); "
            "expected the folder of its wav files"
        )
    return [files[key] for key in sorted(files)], [f"passed over: {copies} further copies"] if copies else []


def _sound(path: Path, code: str) -> str:
    sound = SOUNDS.get(" ".join(code.lower().split()))
    if sound is None:
        raise DataError(f"{path}: sound code {code!r}; expected one of {', '.join(SOUNDS)} (any case)")
    return sound


def _diagnosis(path: Path, words: str) -> str:
    """Return the diagnoses under one spelling, joined by a plus sign where there are two."""
    parts = [part.strip() for part in words.lower().replace(" and ", "+").split("+")]
    parts = [SPELLINGS.get(part, part) for part in parts]
    for part in parts:
        if part not in DIAGNOSES:
            raise DataError(f"{path}: diagnosis {words!r}; expected {', '.join(DIAGNOSES)}, or two joined by +")
    return " + ".join(parts)


def _contradictory(files: list[_File]) -> list[str]:
    """Return the patients whose sounds are identical to another's under another label, in order."""
    sounds = defaultdict(set)
    for file in files:
        sounds[file.sha256].add((file.patient, file.sound))
    found = {
        patient for labelled in sounds.values() if len({sound for _, sound in labelled}) > 1 for patient, _ in labelled
    }
    # In a part of the data set one of a pair may be missing; the other is no more to be trusted for it.
    found |= {file.patient for file in files if file.patient in CONTRADICTORY_PATIENTS}
    return sorted(found, key=int)


def _identical_filters(files: list[_File]) -> list[str]:
    """Return notes on recordings that are byte for byte those of another filter of the same patient."""
    filters = defaultdict(list)
    for file in files:
        filters[file.patient, file.sha256].append(file.filter)
    same = [f"{patient} {'='.join(names)}" for (patient, _), names in filters.items() if len(names) > 1]
    return [f"identical under two filters: patients {name_some(same)}"] if same else []


def _class_name(file: _File, labels: Labels) -> str:
    if labels == "diagnosis":
        return file.diagnosis
    if labels == "two_class":
        return "normal" if file.sound == "normal" else "abnormal"
    return file.sound


def _item(file: _File, label: int) -> Item:
    return Item(
        recording=file.path.stem,
        path=file.path,
        start_s=None,
        end_s=None,
        label=label,
        patient=file.patient,
        device=DEVICE,
        site=file.site,
        attributes={**file.attributes, "sound": file.sound, "diagnosis": file.diagnosis},
    )


def _counts(files: list[_File]) -> Iterable[Count]:
    yield Count("patients", len({file.patient for file in files}), PATIENTS)
    yield Count("recordings", len(files), RECORDINGS)
    sounds = Counter(file.sound for file in files)
    for name in (*SOUND_CLASSES, "bronchial"):
        yield Count(name, sounds[name])
