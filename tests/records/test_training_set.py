"""What people said becomes a training set that ICBHI's reader and a recipe take as it is."""

import csv
import re
from io import BytesIO

import numpy as np
import pytest
import soundfile

from made_records import ADMIN, ELSEWHERE, report, scored, sound
from resp.audio.naming import parse_icbhi_name
from resp.datasets import open_dataset
from resp.datasets.icbhi import read_icbhi
from resp.records import CorrectedCycle, RecordsError


def _correct(desk, detail, *cycles):
    desk.correct(detail.row.id, [CorrectedCycle(*cycle) for cycle in cycles], report_id=detail.report.id)


@pytest.fixture
def desk(records):
    """Four patients: corrected, signed, both and neither; and what cannot be exported."""
    desk = records.desk(ADMIN)
    ids = [desk.add_patient(f"Patient-{name}").id for name in "ABCD"]
    one = scored(records, desk, "crackle", "normal", seed=1, patient_id=ids[0], site="PlL")
    _correct(desk, one, (0.0, 0.51234, "both"), (0.51234, 1.2, "wheeze"), (1.2, 1.5, None), (1.5, 2.04, "normal"))
    signed = scored(records, desk, "normal", "crackle", seed=2, patient_id=ids[1], site="Tc")
    desk.sign(signed.row.id)
    for seed, site in ((3, "ArU"), (4, "ArU")):
        detail = scored(records, desk, "normal", seed=seed, patient_id=ids[2], site=site)
        _correct(desk, detail, (0.1, 1.9, "crackle"))
        desk.sign(detail.row.id)
    scored(records, desk, "wheeze", seed=5, patient_id=ids[3], site="Al")
    _correct(desk, scored(records, desk, seed=6, patient_id=ids[3]), (0, 1, "normal"))
    _correct(desk, scored(records, desk, seed=7, site="Al"), (0, 1, "normal"))
    _correct(desk, scored(records, desk, seed=8, patient_id=ids[3], site="Al"), (0, 1, None))
    _correct(records.desk(ELSEWHERE), scored(records, records.desk(ELSEWHERE), seed=9, site="Al"), (0, 1, "normal"))
    return desk


def test_the_reader_of_icbhi_reads_back_what_people_said(desk, tmp_path):
    summary = desk.export_training_set(tmp_path / "set")
    assert (summary.patients, summary.recordings, summary.cycles) == (3, 4, 7)
    assert summary.labels == {"normal": 2, "crackle": 3, "wheeze": 1, "both": 1}
    assert summary.left_out == (
        "1 recording of no patient (give it to one first)",
        "1 recording without a cycle that is normal, crackle, wheeze or both",
        "1 recording without a place on the chest (place it first)",
    )
    dataset = read_icbhi(summary.folder)
    assert dataset.class_counts() == summary.labels
    first = next(item for item in dataset.items if item.attributes["sound"] == "both")
    cycles = [(i.start_s, i.end_s, i.attributes["sound"]) for i in dataset.items if i.recording == first.recording]
    assert cycles == [(0.0, 0.512, "both"), (0.512, 1.2, "wheeze"), (1.5, 2.0, "normal")]
    assert first.site == "posterior left"
    samples, rate_hz = soundfile.read(first.path)
    expected, _ = soundfile.read(BytesIO(sound(1)))
    assert rate_hz == 4000
    np.testing.assert_array_equal(samples, expected)


def test_the_parts_share_no_patient_and_both_have_one(desk, tmp_path):
    desk.export_training_set(tmp_path / "set")
    dataset = read_icbhi(tmp_path / "set")
    parts = {item.part: {other.patient for other in dataset.items if other.part == item.part} for item in dataset.items}
    assert parts.keys() == {"train", "test"}
    assert not parts["train"] & parts["test"]


def test_a_recipe_loads_it_unchanged(desk, tmp_path):
    from resp.train.data import open_parts
    from resp.train.recipe import load_recipe

    desk.export_training_set(tmp_path / "set")
    for split in ("folds", "official"):
        changes = [f"data.root={tmp_path / 'set'}", f"data.split={split}", "data.folds=3", "training.drop_last=false"]
        recipe = load_recipe("configs/icbhi/ast_ce.yaml", changes)
        parts = open_parts(recipe)
        assert parts.dataset.name == "icbhi"
        assert len(parts.split.train) > 0
        assert len(parts.split.test) > 0
        assert open_dataset(recipe.data).items == parts.found.items


def test_patients_are_numbers_that_stay_and_tell_nothing(records, desk, tmp_path):
    desk.export_training_set(tmp_path / "one")
    more = desk.add_patient("Patient-E")
    detail = scored(records, desk, seed=20, patient_id=more.id, site="Al")
    desk.sign(detail.row.id)
    desk.export_training_set(tmp_path / "two")

    def tables(folder):
        names = sorted(path.stem for path in (tmp_path / folder).rglob("*.wav"))
        split = (tmp_path / folder / "ICBHI_challenge_train_test.txt").read_text().split("\n")
        return set(names), set(split)

    assert all(before <= after for before, after in zip(tables("one"), tables("two"), strict=True))
    numbers = {parse_icbhi_name(name).patient for name in tables("two")[0]}
    assert len(numbers) == 4
    # Not those of ICBHI's own patients, so that both sets can be put together.
    assert not any(101 <= int(number) <= 226 for number in numbers)
    for path in (path for path in (tmp_path / "two").rglob("*") if path.is_file()):
        assert b"Patient-" not in path.read_bytes()
        assert not re.search(r"Patient-|\b2026\b", path.name)


def test_what_the_names_cannot_say_stands_beside(records, tmp_path):
    desk = records.desk(ADMIN)
    row = desk.add_recording(sound(1), "a.wav", patient_id=desk.add_patient("one").id, site="LrM")
    heard = report("crackle")
    heard = heard.model_copy(update={"recording": heard.recording.model_copy(update={"device": "Eko CORE 500"})})
    records.queue.finish(records.queue.claim("w"), heard)
    desk.sign(row.id)
    desk.export_training_set(tmp_path / "set")
    with (tmp_path / "set" / "recordings.csv").open() as table:
        (told,) = csv.DictReader(table)
    assert re.fullmatch(r"\d{3}_1b1_Lr_sc_Meditron", told.pop("recording"))
    assert told == {
        "site": "LrM",
        "device": "Eko CORE 500",
        "reviewed": "signed",
        "model": "lungs",
        "model_version": "1",
        "model_label": "crackle",
    }
    assert "none of ICBHI's four" in (tmp_path / "set" / "README.txt").read_text()


def test_what_was_signed_is_written_and_not_what_came_later(records, tmp_path):
    desk = records.desk(ADMIN)
    patient = desk.add_patient("one").id
    signed = scored(records, desk, "crackle", seed=1, patient_id=patient, site="Al")
    corrected = scored(records, desk, "crackle", seed=2, patient_id=patient, site="Al")
    _correct(desk, corrected, (0, 1, "wheeze"))
    for detail in (signed, corrected):
        desk.sign(detail.row.id)
        desk.rescore(detail.row.id, "other")
        assert records.queue.finish(records.queue.claim("w"), report("normal", model="other"))
    assert desk.export_training_set(tmp_path / "set").labels == {"normal": 0, "crackle": 0, "wheeze": 1, "both": 0}
    with (tmp_path / "set" / "recordings.csv").open() as table:
        assert [(row["model"], row["model_label"]) for row in csv.DictReader(table)] == [("lungs", "crackle")]


def test_cycles_end_where_the_sound_ends(records, tmp_path):
    """The list of cycles may be longer than the sound by what players and headers disagree on."""
    desk = records.desk(ADMIN)
    patient = desk.add_patient("one").id
    rows = [
        desk.add_recording(sound(seed, duration_s=1.99988), f"{seed}.wav", patient_id=patient, site="Al")
        for seed in (1, 2)
    ]
    desk.correct(
        rows[0].id, [CorrectedCycle(1, 1.9996, "normal"), CorrectedCycle(1.9994, 2.5, "wheeze")], report_id=None
    )
    desk.correct(rows[1].id, [CorrectedCycle(2.1, 2.5, "wheeze")], report_id=None)
    summary = desk.export_training_set(tmp_path / "set")
    assert (summary.cycles, summary.left_out) == (1, ("1 recording whose cycles lie after the end of the sound",))
    dataset = read_icbhi(tmp_path / "set")
    assert [(item.start_s, item.end_s) for item in dataset.items] == [(1.0, 1.999)]


def test_nothing_of_the_old_header_stays(records, tmp_path):
    desk = records.desk(ADMIN)
    content = sound(1)
    named = (
        content[:12] + b"LIST" + (26).to_bytes(4, "little") + b"INFOINAM\x0e\x00\x00\x00Erika Muster\0\0" + content[12:]
    )
    named = named[:4] + (len(named) - 8).to_bytes(4, "little") + named[8:]
    row = desk.add_recording(named, "a.wav", patient_id=desk.add_patient("one").id, site="Al")
    records.queue.finish(records.queue.claim("w"), report())
    desk.sign(row.id)
    desk.export_training_set(tmp_path / "set")
    (written,) = (tmp_path / "set").rglob("*.wav")
    assert b"Erika" not in written.read_bytes()
    assert soundfile.info(written).frames == 8000


def test_a_sound_that_cannot_be_read_is_left_out_and_said(records, desk, tmp_path):
    row = desk.add_recording(b"no sound", "b.wav", patient_id=desk.find_patient("Patient-A").id, site="Al")
    desk.correct(row.id, [CorrectedCycle(0, 1, "normal")], report_id=None)
    lost = next(row for row in desk.recordings() if row.file_name == "2.wav")
    records.sounds.remove(lost.sha256)
    summary = desk.export_training_set(tmp_path / "set")
    assert summary.recordings == 3
    assert "2 recordings whose sound cannot be read" in summary.left_out
    for name in list(records.sounds.names()):
        records.sounds.remove(name)
    with pytest.raises(RecordsError, match="5 recordings whose sound cannot be read"):
        desk.export_training_set(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_folder_that_holds_something_or_nothing_to_export_is_refused(records, desk, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(RecordsError, match="not an empty folder"):
        desk.export_training_set(tmp_path / "full")
    (tmp_path / "empty").mkdir()
    assert desk.export_training_set(tmp_path / "empty").recordings == 4
    eve = records.desk(ELSEWHERE)
    with pytest.raises(RecordsError, match="no recording can be exported: 1 recording of no patient"):
        eve.export_training_set(tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "records") == ["empty", "full"]


def test_more_patients_than_names_have_room_for_are_told(records, desk, tmp_path, monkeypatch):
    from resp.records import training_set

    monkeypatch.setattr(training_set, "_NUMBERS", (1, 2))
    with pytest.raises(RecordsError, match="more than 2 patients"):
        desk.export_training_set(tmp_path / "set")
