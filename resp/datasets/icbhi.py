"""The ICBHI 2017 Respiratory Sound Database: annotated breath cycles of 126 patients.

Rocha et al. 2019, "An open access database for the evaluation of respiratory sound classification
algorithms", Physiological Measurement 40 (doi 10.1088/1361-6579/ab03ea). The database is read from the layout
of its ZIP (sounds and annotations in one folder) and from copies with a folder for each, in full or in part;
the census says how much of it was found.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from resp.audio.cycle import Cycle
from resp.audio.naming import ICBHI_SITES, parse_icbhi_name
from resp.datasets.census import Census, Count, name_some
from resp.datasets.errors import DataError
from resp.datasets.icbhi_files import IcbhiFiles, find_icbhi_files, match_names
from resp.datasets.icbhi_tables import (
    DIAGNOSES,
    read_annotation,
    read_demographics,
    read_diagnoses,
    read_folds,
    read_split,
)
from resp.datasets.items import SOUND_CLASSES, TWO_CLASSES, DataSet, Item
from resp.datasets.settings import Labels
from resp.datasets.sound import sound_duration_s

Value = TypeVar("Value")
PATIENTS, RECORDINGS = 126, 920
CYCLES = {"": (3642, 1864, 886, 506), "train": (2063, 1215, 501, 363), "test": (1579, 649, 385, 143)}
PART_RECORDINGS = {"train": 539, "test": 381}


@dataclass(frozen=True, slots=True)
class _Recording:
    name: str
    sound: Path | None
    duration_s: float | None
    cycles: tuple[Cycle, ...]
    part: str | None


def read_icbhi(root: Path, labels: Labels = "four_class", *, without_sound: bool = False) -> DataSet:
    """Read the breath cycles of the ICBHI 2017 database.

    Parameters
    ----------
    root
        Folder of the database, or of a part of it.
    labels
        What an item's label is. An item is a breath cycle in any case: with ``diagnosis`` every cycle of a
        patient has the patient's diagnosis.
    without_sound
        Keep the cycles whose sound is not there too (to count and split them; they cannot be heard).

    Returns
    -------
    DataSet
        Items sorted by recording and time, with the census of all that was found, missed and left out.

    Raises
    ------
    DataError
        Nothing of the database is below the root, no sound is there at all, or a table cannot be read.
    """
    root = Path(root)
    files = find_icbhi_files(root)
    notes: list[str] = []
    recordings = _read_recordings(files, notes)
    if not (without_sound or any(recording.sound for recording in recordings)):
        raise DataError(
            f"{root}: {len(recordings)} annotations and none of their sound files; "
            "put the wav files of the database below this folder"
        )
    tables = files.tables
    diagnoses = read_diagnoses(tables["diagnosis"]) if "diagnosis" in tables else {}
    if labels == "diagnosis" and not diagnoses:
        raise DataError(f"{root}: no patient_diagnosis.csv found, which the labels 'diagnosis' are read from")
    demographics = read_demographics(tables["demographics"]) if "demographics" in tables else {}
    folds = read_folds(tables["folds"]) if "folds" in tables else {}
    items: list[Item] = []
    for recording in recordings:
        if recording.sound is None and not without_sound:
            continue
        patient = recording.name.split("_")[0]
        known = dict(demographics.get(patient, {}))
        known |= {"diagnosis": diagnoses[patient]} if patient in diagnoses else {}
        known |= {"fold": folds[patient]} if patient in folds else {}
        items += _cycle_items(recording, labels, known, files.annotations[recording.name])
    if labels == "diagnosis":
        nobody = sorted({recording.name.split("_")[0] for recording in recordings} - set(diagnoses))
        if nobody:
            notes.append(f"left out for want of a diagnosis: {len(nobody)} patients ({name_some(nobody)})")
    classes = {"four_class": SOUND_CLASSES, "two_class": TWO_CLASSES, "diagnosis": DIAGNOSES}[labels]
    return DataSet("icbhi", classes, tuple(items), Census(tuple(_counts(recordings)), tuple(notes)))


def _read_recordings(files: IcbhiFiles, notes: list[str]) -> list[_Recording]:
    """Bring annotation, sound and part of the split together under the annotation's name."""
    names = sorted(files.annotations)
    split = read_split(files.tables["split"]) if "split" in files.tables else {}
    if not split:
        notes.append("no official split found (official_split.txt or ICBHI_challenge_train_test.txt)")
    part_of = _rename(split, names, "official split", notes)
    sound_of = _rename(files.sounds, names, "sound file", notes)
    if split and len(part_of) < len(names):
        unknown = [name for name in names if name not in part_of]
        notes.append(f"in no part of the official split: {len(unknown)} recordings ({name_some(unknown)})")
    silent = [name for name in names if name not in sound_of]
    if silent:
        notes.append(f"sound missing: {len(silent)} of {len(names)} annotated recordings ({name_some(silent)})")
    if files.copies:
        notes.append(f"passed over: {len(files.copies)} further copies of files already found")
    recordings = []
    unreadable = []
    for name in names:
        sound = sound_of.get(name)
        duration_s = sound_duration_s(sound) if sound else None
        if sound and duration_s is None:
            unreadable.append(name)
            sound = None
        cycles = read_annotation(files.annotations[name])
        recordings.append(_Recording(name, sound, duration_s, cycles, part_of.get(name)))
    if unreadable:
        notes.append(f"sound unreadable: {len(unreadable)} recordings left out ({name_some(unreadable)})")
    notes += _overruns(recordings)
    return recordings


def _rename(table: Mapping[str, Value], names: list[str], what: str, notes: list[str]) -> dict[str, Value]:
    """Return the table under the names of the annotations, and note what had to be matched or was left."""
    matched = match_names(table, names)
    for other, name in matched.items():
        if other != name:
            notes.append(f"{what} {other} taken for the annotation {name} (they differ in the device alone)")
    lost = [other for other in table if other not in matched]
    if lost:
        notes.append(f"{what} without an annotation: {len(lost)} ({name_some(sorted(lost))})")
    return {name: table[other] for other, name in matched.items()}


def _overruns(recordings: Iterable[_Recording]) -> list[str]:
    """Return notes on annotated cycles that go beyond the end of their sound."""
    over, outside, most_s = [], [], 0.0
    for recording in recordings:
        if recording.duration_s is None:
            continue
        for cycle in recording.cycles:
            where = f"{recording.name} {cycle.start_s:g}-{cycle.end_s:g} s of {recording.duration_s:.3f} s"
            if cycle.start_s >= recording.duration_s:
                outside.append(where)
            elif cycle.end_s > recording.duration_s:
                over.append(where)
                most_s = max(most_s, cycle.end_s - recording.duration_s)
    notes = []
    if over:
        notes.append(f"cut at the end of their sound: {len(over)} cycles, by up to {most_s:.3f} s ({name_some(over)})")
    if outside:
        notes.append(f"left out, annotated after the end of their sound: {len(outside)} cycles ({name_some(outside)})")
    return notes


def _cycle_items(recording: _Recording, labels: Labels, known: dict[str, str], annotation: Path) -> list[Item]:
    if labels == "diagnosis" and "diagnosis" not in known:
        return []
    name = parse_icbhi_name(recording.name)
    if name is None:
        raise DataError(f"{annotation}: not a recording name of the ICBHI database")
    items = []
    for cycle in recording.cycles:
        if recording.duration_s is not None and cycle.start_s >= recording.duration_s:
            continue
        label = cycle.sound_class
        if labels == "two_class":
            label = min(label, 1)
        elif labels == "diagnosis":
            label = DIAGNOSES.index(known["diagnosis"])
        items.append(
            Item(
                recording=recording.name,
                path=recording.sound or annotation.with_suffix(".wav"),
                start_s=cycle.start_s,
                end_s=cycle.end_s,
                label=label,
                patient=name.patient,
                device=name.device,
                site=ICBHI_SITES[name.site],
                part=recording.part,
                attributes={**known, "mode": name.channels_mode, "sound": SOUND_CLASSES[cycle.sound_class]},
            )
        )
    return items


def _counts(recordings: list[_Recording]) -> Iterable[Count]:
    """Count what was found of what the publication counts."""
    heard = [recording for recording in recordings if recording.sound]
    yield Count("patients", len({recording.name.split("_")[0] for recording in recordings}), PATIENTS)
    yield Count("recordings", len(recordings), RECORDINGS)
    yield Count("recordings with sound", len(heard), RECORDINGS)
    yield Count("cycles with sound", sum(len(recording.cycles) for recording in heard), sum(CYCLES[""]))
    for part, expected in CYCLES.items():
        chosen = [recording for recording in recordings if part in ("", recording.part)]
        prefix = f"{part} " if part else ""
        if part:
            yield Count(f"{part} recordings", len(chosen), PART_RECORDINGS[part])
        found = Counter(cycle.sound_class for recording in chosen for cycle in recording.cycles)
        yield Count(f"{prefix}cycles", found.total(), sum(expected))
        for index, name in enumerate(SOUND_CLASSES):
            yield Count(f"{prefix}{name}", found[index], expected[index])
