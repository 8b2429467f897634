"""What people corrected or signed becomes a training set in the layout of ICBHI 2017: nothing else needs to know it.

::

    <folder>/
      ICBHI_final_database/101_1b1_Pl_sc_Meditron.wav   the sound, written anew: nothing of the old file's header stays
      ICBHI_final_database/101_1b1_Pl_sc_Meditron.txt   start (s), end (s), crackles (0 or 1), wheezes (0 or 1); tabs
      ICBHI_challenge_train_test.txt                    recording, train or test; a patient is in one part alone
      demographic_info.txt                              patient, then NA: no age, sex, weight or height is kept
      recordings.csv                                    what ICBHI's names cannot say: exact site, device, model
      README.txt                                        what this is

There is no file of diagnoses, as the records hold none. Patients are numbers: drawn at random when a patient is first
exported, kept with the patient in the records so that a later export gives the same number and the same part, and gone
with the patient.
"""

import csv
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from math import floor
from pathlib import Path
from random import SystemRandom
from tempfile import mkdtemp
from typing import TYPE_CHECKING, get_args

from sqlmodel import Session, col, or_, select

from resp.audio.cycle import Cycle
from resp.audio.decode import load_recording
from resp.audio.encode import write_wav
from resp.audio.errors import AudioError
from resp.audio.naming import ICBHI_SITES, DeviceCode
from resp.datasets.items import SOUND_CLASSES
from resp.records import tables
from resp.records.access import User
from resp.records.cycles import current_cycles
from resp.records.errors import RecordsError
from resp.records.reviews import recording_detail
from resp.records.scope import number_of
from resp.records.views import RecordingDetail, TrainingSetSummary
from resp.score.schema import Report

if TYPE_CHECKING:
    from resp.records.open import Records

SOUNDS, SPLIT, DEMOGRAPHICS = "ICBHI_final_database", "ICBHI_challenge_train_test.txt", "demographic_info.txt"
# The names of ICBHI know four devices; one of them stands for all others, and recordings.csv says which it was.
STAND_IN: DeviceCode = "Meditron"
TEST_SHARE = 0.2
# ICBHI's own patients are 101 to 226: theirs are taken last, so that the two sets can be put together.
_NUMBERS = (*range(300, 1000), *range(227, 300), *range(101), *range(101, 227))
_README = """\
Breath cycles that people corrected or signed, in the layout of the ICBHI 2017 Respiratory Sound Database.

Patients are pseudonyms: numbers drawn at random, which the clinic alone can trace. Speech and names that were recorded
are still in the sounds. The device in a name is {stand_in} wherever it was none of ICBHI's four; recordings.csv says
what is known. The parts train and test share no patient.

For research and education; not a medical device.
"""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A recording to be written, with the name it gets; ``heard`` is the result that was before the person."""

    name: str
    patient: str
    part: str
    detail: RecordingDetail
    heard: Report | None
    cycles: tuple[Cycle, ...]
    device: str | None


def export_training_set(records: "Records", user: User, folder: Path) -> TrainingSetSummary:
    """Write a clinic's corrected and signed recordings as a training set; whole or not at all.

    Parameters
    ----------
    records
        Where from.
    user
        Whose clinic.
    folder
        New or empty.

    Returns
    -------
    TrainingSetSummary
        What was written, and what was left out why.

    Raises
    ------
    RecordsError
        The folder holds something or cannot be written, nothing was corrected or signed, or more than 1000 patients
        were: ICBHI's names have three digits.
    """
    folder = Path(folder).expanduser().resolve()
    _check_folder(folder)
    left_out: Counter[str] = Counter()
    with records.database.writing() as session:
        scope = records.scope(session, user)
        reviewed = session.exec(
            select(tables.Recording)
            .where(
                tables.Recording.clinic == user.clinic,
                or_(col(tables.Recording.corrected), col(tables.Recording.signed_at).is_not(None)),
            )
            .order_by(col(tables.Recording.id))
        ).all()
        details = [recording_detail(scope, number_of(recording.id)) for recording in reviewed]
        usable = [(detail, cycles) for detail in details if (cycles := _usable(detail, left_out))]
        patients = _number_patients(session, user.clinic, {detail.row.patient_id for detail, _ in usable})
        chosen = list(_name(usable, patients))
        scope.log("training set exported", "training set", recordings=len(chosen), patients=len(patients))
    if not chosen:
        raise RecordsError(
            "no recording can be exported: " + ("; ".join(_told(left_out)) or "none was corrected or signed yet")
        )
    written = _write(records, folder, chosen, left_out)
    labels = Counter(SOUND_CLASSES[cycle.sound_class] for one in written for cycle in one.cycles)
    return TrainingSetSummary(
        folder,
        len({one.patient for one in written}),
        len(written),
        sum(labels.values()),
        {name: labels[name] for name in SOUND_CLASSES},
        _told(left_out),
    )


def _usable(detail: RecordingDetail, left_out: Counter[str]) -> tuple[Cycle, ...]:
    """Return the cycles that ICBHI's annotation can say; none where the recording cannot be named either."""
    if detail.row.patient_id is None:
        left_out["of no patient (give it to one first)"] += 1
        return ()
    if detail.row.site is None:
        left_out["without a place on the chest (place it first)"] += 1
        return ()
    cycles = []
    corrected = detail.correction.cycles if detail.correction else None
    for cycle in current_cycles(_heard(detail), corrected):
        start_s, end_s = round(cycle.start_s, 3), round(cycle.end_s, 3)
        if cycle.label in SOUND_CLASSES and start_s < end_s:
            sound_class = SOUND_CLASSES.index(cycle.label)
            cycles.append(Cycle(start_s, end_s, bool(sound_class & 1), bool(sound_class & 2)))
    if not cycles:
        left_out[f"without a cycle that is {', '.join(SOUND_CLASSES[:-1])} or {SOUND_CLASSES[-1]}"] += 1
    return tuple(cycles)


def _heard(detail: RecordingDetail) -> Report | None:
    """Return the result that was corrected or signed, which need not be the newest."""
    review = detail.correction or detail.signature
    return next((stored.report for stored in detail.reports if review and stored.id == review.report_id), None)


def _number_patients(session: Session, clinic: str, wanted: Iterable[int | None]) -> dict[int, tuple[str, str]]:
    """Return patient → number of three digits and part; drawn now for those who have none yet."""
    everybody = session.exec(
        select(tables.Patient)
        .where(tables.Patient.clinic == clinic)
        .order_by(col(tables.Patient.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    taken = {patient.training_number for patient in everybody}
    free = [number for number in _NUMBERS if number not in taken]
    new = [patient for patient in everybody if patient.id in set(wanted) and patient.training_number is None]
    if len(new) > len(free):
        raise RecordsError(f"more than {len(_NUMBERS)} patients; the names of ICBHI have room for no more")
    chance = SystemRandom()
    chance.shuffle(new)
    drawn = chance.sample(free[: max(len(new), 700)], len(new))
    for patient, number in zip(new, drawn, strict=True):
        numbered = [other for other in everybody if other.training_number is not None]
        tested = sum(other.training_part == "test" for other in numbered)
        wanted_tests = max(1, round(TEST_SHARE * (len(numbered) + 1)))
        patient.training_part = "test" if numbered and tested < wanted_tests else "train"
        patient.training_number = number
        session.add(patient)
    return {
        number_of(patient.id): (f"{patient.training_number:03d}", str(patient.training_part))
        for patient in everybody
        if patient.id in set(wanted)
    }


def _name(
    usable: Sequence[tuple[RecordingDetail, tuple[Cycle, ...]]], patients: dict[int, tuple[str, str]]
) -> Iterable[_Chosen]:
    count: Counter[str] = Counter()
    for detail, cycles in sorted(usable, key=lambda one: (one[0].row.heard_at, one[0].row.id)):
        patient, part = patients[number_of(detail.row.patient_id)]
        count[patient] += 1
        site = str(detail.row.site)[:2]
        said = [stored.report.recording.device for stored in detail.reports]
        device = next((one for one in said if one), None)
        code = device if device in get_args(DeviceCode) else STAND_IN
        if site not in ICBHI_SITES:
            raise RecordsError(
                f"the place {detail.row.site!r} is none of ICBHI's; place recording {detail.row.id} anew"
            )
        name = f"{patient}_1b{count[patient]}_{site}_sc_{code}"
        yield _Chosen(name, patient, part, detail, _heard(detail), cycles, device)


def _write(records: "Records", folder: Path, chosen: Sequence[_Chosen], left_out: Counter[str]) -> list[_Chosen]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise RecordsError(f"{folder}: cannot be made ({error.strerror}); expected a folder to write in") from error
    try:
        (scratch / SOUNDS).mkdir()
        tried = [_write_recording(records, scratch / SOUNDS, one, left_out) for one in chosen]
        written = [one for one in tried if one is not None]
        if not written:
            raise RecordsError(f"no recording can be exported: {'; '.join(_told(left_out))}")
        _write_tables(scratch, written)
        scratch.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        scratch.rename(folder)
    except OSError as error:
        raise RecordsError(f"{folder}: cannot be written ({error.strerror}); nothing was left there") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return written


def _write_recording(records: "Records", folder: Path, one: _Chosen, left_out: Counter[str]) -> _Chosen | None:
    """Write a recording; return it with the cycles that lie in its sound, None where that is not possible."""
    try:
        recording = load_recording(records.sounds.read(one.detail.row.sha256), name=one.name)
    except (AudioError, RecordsError):
        left_out["whose sound cannot be read"] += 1
        return None
    last_s = floor(recording.duration_s * 1000) / 1000
    within = tuple(replace(cycle, end_s=min(cycle.end_s, last_s)) for cycle in one.cycles if cycle.start_s < last_s)
    if not within:
        left_out["whose cycles lie after the end of the sound"] += 1
        return None
    write_wav(recording, folder / f"{one.name}.wav")
    rows = [f"{cycle.start_s:.3f}\t{cycle.end_s:.3f}\t{cycle.crackles:d}\t{cycle.wheezes:d}\n" for cycle in within]
    (folder / f"{one.name}.txt").write_text("".join(rows), encoding="utf-8")
    return replace(one, cycles=within)


def _write_tables(folder: Path, written: Sequence[_Chosen]) -> None:
    split = "".join(f"{one.name}\t{one.part}\n" for one in written)
    (folder / SPLIT).write_text(split, encoding="utf-8")
    people = sorted({one.patient for one in written})
    (folder / DEMOGRAPHICS).write_text("".join(f"{one} NA NA NA NA NA\n" for one in people), encoding="utf-8")
    table = StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("recording", "site", "device", "reviewed", "model", "model_version", "model_label"))
    for one in written:
        detail = one.detail
        model = one.heard.model if one.heard else None
        summary = one.heard.summary if one.heard else None
        reviewed = "corrected " * detail.row.corrected + "signed" * (detail.row.signed_at is not None)
        rows.writerow(
            (
                one.name,
                detail.row.site,
                one.device or "",
                reviewed.strip(),
                model.name if model else "",
                model.version if model else "",
                (summary.label if summary else None) or "",
            )
        )
    (folder / "recordings.csv").write_text(table.getvalue(), encoding="utf-8")
    (folder / "README.txt").write_text(_README.format(stand_in=STAND_IN), encoding="utf-8")


def _check_folder(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise RecordsError(f"{folder}: not an empty folder; name a new one for the training set")


def _told(left_out: Counter[str]) -> tuple[str, ...]:
    return tuple(
        f"{count} {'recording' if count == 1 else 'recordings'} {why}" for why, count in sorted(left_out.items())
    )
