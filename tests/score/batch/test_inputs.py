import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from resp.audio import AudioError, load_recording
from resp.datasets.errors import DataError
from resp.models.config import ModelConfig
from resp.score import ScoreError
from resp.score.batch import Input, Shard, list_inputs
from resp.score.batch.inputs import read_names
from resp.score.batch.preparing import prepare_input
from resp.score.known import Known


def fill(folder, *files):
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def names(inputs, folder):
    return [os.path.relpath(item.name, folder) for item in inputs.all]


def test_files_folders_and_globs(tmp_path):
    fill(tmp_path, "b/x.WAV", "b/c/y.Flac", "a.mp3", "b/notes.txt", ".h/z.wav", "d/1.wav", "d/2.wav", "d/e/3.wav")
    assert names(list_inputs([tmp_path]), tmp_path) == [
        "a.mp3", "b/x.WAV", "b/c/y.Flac", "d/1.wav", "d/2.wav", "d/e/3.wav",
    ]  # fmt: skip
    assert names(list_inputs([f"{tmp_path}/d/*.wav"]), tmp_path) == ["d/1.wav", "d/2.wav"]
    assert names(list_inputs([f"{tmp_path}/**/*"]), tmp_path) == [
        "a.mp3", "b/c/y.Flac", "b/x.WAV", "d/1.wav", "d/2.wav", "d/e/3.wav",
    ]  # fmt: skip
    assert names(list_inputs([f"{tmp_path}/b/*.txt"]), tmp_path) == ["b/notes.txt"]
    assert names(list_inputs([f"{tmp_path}/q/*.wav", tmp_path / "gone"]), tmp_path) == ["q/*.wav", "gone"]


def test_a_name_with_wild_cards_that_exists_is_a_name(tmp_path):
    fill(tmp_path, "a[1].wav", "a1.wav")
    assert names(list_inputs([tmp_path / "a[1].wav"]), tmp_path) == ["a[1].wav"]


def test_every_recording_comes_once(tmp_path):
    fill(tmp_path, "a/x.wav", "a/y.wav")
    (tmp_path / "a" / "z.wav").symlink_to(tmp_path / "a" / "x.wav")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    given = [tmp_path / "a" / "y.wav", tmp_path / "a", tmp_path / "link", f"{tmp_path}/a/../a/x.wav"]
    found = list_inputs(given)
    assert names(found, tmp_path) == ["a/y.wav", "a/x.wav"]
    assert found.repeated == 6
    assert found.hold(tmp_path / "link" / "z.wav")
    assert not found.hold(tmp_path / "table.csv")


def test_folders_behind_links_are_searched_and_circles_end(tmp_path):
    fill(tmp_path, "elsewhere/x.wav", "in/y.wav")
    (tmp_path / "in" / "study").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "round").symlink_to(tmp_path / "in")
    (tmp_path / "elsewhere" / "up").symlink_to(tmp_path)
    assert names(list_inputs([tmp_path / "in"]), tmp_path) == ["in/y.wav", "in/study/x.wav"]


def test_names_that_cannot_be_looked_at_stay_in_the_list(tmp_path):
    long = tmp_path / ("x" * 400 + ".wav")
    assert [item.name for item in list_inputs([long, "a\0b.wav"]).all] == [str(long), "a\0b.wav"]


@pytest.mark.parametrize("name", ["x.wav", "123"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    fill(tmp_path, "a.wav")
    os.mkfifo(tmp_path / name)
    found = names(list_inputs([tmp_path]), tmp_path)
    assert found == (["a.wav", "x.wav"] if name == "x.wav" else ["a.wav"])
    with pytest.raises(AudioError, match="a pipe or a device"):
        load_recording(tmp_path / name)


def test_a_key_changes_with_the_file_and_what_is_known(tmp_path):
    fill(tmp_path, "x.wav")
    (first,) = list_inputs([tmp_path]).all
    assert first.size == 5
    keys = {first.key(), Input("other", first.size, first.stamp).key(), Input(first.name, 6, first.stamp).key()}
    keys.add(Input(first.name, first.size, first.stamp, Known(device="A")).key())
    keys.add(Input(first.name, first.size, first.stamp, Known(body_site="A")).key())
    os.utime(tmp_path / "x.wav", (1, 1))
    keys.add(list_inputs([tmp_path]).all[0].key())
    assert len(keys) == 6
    assert list_inputs([tmp_path]).all[0].key() in keys


def test_a_manifest_says_more(tmp_path):
    fill(tmp_path, "in/x.wav", "in/y.wav")
    table = tmp_path / "in" / "m.csv"
    table.write_text(
        "path;site;patient;start;ward\nx.wav;trachea;p1;2026-11-21T19:30:00+00:00;3\ns3://b/k.wav;;;;\ny.wav;;p2;;\n"
    )
    first, second, third = list_inputs([], manifest=table).all
    assert first.known == Known(
        body_site="trachea", patient_key="p1", started_at=datetime(2026, 11, 21, 19, 30, tzinfo=UTC)
    )
    assert (second.name, second.known, second.size) == ("s3://b/k.wav", Known(), None)
    assert (third.name, third.known) == (str(tmp_path / "in" / "y.wav"), Known(patient_key="p2"))
    rows = {"path": ["x.wav", "y.wav"], "device": ["A", None], "start": [datetime(2026, 1, 2), None], "more": [1, 2]}
    pq.write_table(pa.table(rows), tmp_path / "in" / "m.parquet")
    one, two = list_inputs([], manifest=tmp_path / "in" / "m.parquet").all
    assert one.known == Known(device="A", started_at=datetime(2026, 1, 2))
    assert two.known == Known()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_wrong_row_costs_its_own_recording(tmp_path, suffix):
    fill(tmp_path, "x.wav", "y.wav")
    table = tmp_path / f"m.{suffix}"
    rows = {"path": ["x.wav", "", "y.wav"], "site": ["a", "b", "c"], "start": ["noon", "", "2026-11-21"]}
    if suffix == "csv":
        table.write_text("\n".join([",".join(rows), *map(",".join, zip(*rows.values(), strict=True))]))
    else:
        pq.write_table(pa.table(rows), table)
    wrong, nameless, right = list_inputs([], manifest=table).all
    assert (wrong.name, right.name) == (str(tmp_path / "x.wav"), str(tmp_path / "y.wav"))
    assert "start 'noon'; expected a time in ISO 8601" in wrong.problem
    assert nameless.problem == f"{nameless.name}: no path; expected a sound file or an address"
    assert (right.problem, right.known.body_site) == ("", "c")
    assert wrong.key() != replace(wrong, problem="").key()
    for item in (wrong, nameless):
        with pytest.raises(ScoreError, match="row"):
            prepare_input(item, ModelConfig(name="any", network="ast", classes=("normal",)), 4000)


@pytest.fixture(params=["csv", "parquet"])
def write_list(tmp_path, request):
    """Write rows of text as a list of either kind, and return its path."""

    def write(columns):
        path = tmp_path / f"m.{request.param}"
        if request.param == "csv":
            path.write_text("\n".join([",".join(columns), *map(",".join, zip(*columns.values(), strict=True))]))
        else:
            pq.write_table(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), path)
        return path

    return write


def test_both_kinds_of_list_read_alike(tmp_path, write_list):
    table = write_list({" Path": [" x.wav ", ""], "PATIENT": ["p1 ", " "], "start": [" 2026-11-21", ""]})
    (only,) = list_inputs([], manifest=table).all
    assert only.name == str(tmp_path / "x.wav")
    assert only.known == Known(patient_key="p1", started_at=datetime(2026, 11, 21))


def test_both_kinds_of_list_are_refused_alike(write_list):
    with pytest.raises((ScoreError, DataError), match="no rows"):
        list_inputs([], manifest=write_list({"path": []}))
    with pytest.raises((ScoreError, DataError), match="named twice"):
        list_inputs([], manifest=write_list({"path": ["x.wav"], "Site": ["a"], "site ": ["b"]}))


def test_columns_are_carried(tmp_path, write_list, caplog):
    fill(tmp_path, "x.wav", "z.wav")
    table = write_list({"path": ["x.wav", "y.wav"], "Visit": ["7", ""], "side": ["left", "right"]})
    inputs = list_inputs([tmp_path / "z.wav"], manifest=table, carry=["side", "visit"])
    assert inputs.carried == ("side", "visit")
    assert [item.carried for item in inputs.all] == [(None, None), ("left", "7"), ("right", None)]
    # What is carried is no slip; and changing it scores nothing anew.
    assert "left alone" not in caplog.text
    assert [item.key() for item in inputs.all[1:]] == [item.key() for item in list_inputs([], manifest=table).all]
    with pytest.raises(ScoreError, match="no column ward among path, visit, side"):
        list_inputs([], manifest=table, carry=["ward"])
    with pytest.raises(ScoreError, match="ward: carried from a manifest"):
        list_inputs([tmp_path / "x.wav"], carry=["ward"])


def test_a_wrong_manifest_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text("file\nx.wav\n")
    with pytest.raises(DataError, match="no column path"):
        list_inputs([], manifest=tmp_path / "m.csv")
    pq.write_table(pa.table({"file": ["x"]}), tmp_path / "m.parquet")
    with pytest.raises(ScoreError, match="no column path"):
        list_inputs([], manifest=tmp_path / "m.parquet")
    (tmp_path / "no.parquet").write_text("a letter")
    with pytest.raises(ScoreError, match="as Parquet"):
        list_inputs([], manifest=tmp_path / "no.parquet")


def test_columns_of_others_are_left_alone_and_likely_slips_are_told(tmp_path, caplog):
    (tmp_path / "m.csv").write_text("path,side,state,ward\nx.wav,left,open,3\n")
    (only,) = list_inputs([], manifest=tmp_path / "m.csv").all
    assert only.known == Known()
    assert "the column 'side' is left alone; if it is the site, name it so" in caplog.text
    assert "ward" not in caplog.text
    (tmp_path / "m.csv").write_text(f"path,ward\nx.wav,{'9' * 200_000}\n")
    with pytest.raises(DataError, match="line 2: cannot be read as CSV"):
        list_inputs([], manifest=tmp_path / "m.csv")


def test_a_recording_of_two_names_is_in_one_part(tmp_path, monkeypatch):
    fill(tmp_path, *(f"in/{number}.wav" for number in range(20)))
    monkeypatch.chdir(tmp_path)
    parts = [list_inputs(["in", tmp_path / "in"], shard=Shard(number, 2)) for number in (1, 2)]
    files = [os.path.realpath(item.name) for part in parts for item in part.all]
    assert len(files) == len(set(files)) == 20
    assert sum(part.repeated for part in parts) == 20


def test_shards_divide_by_name_alone(tmp_path):
    fill(tmp_path, *(f"{number}.wav" for number in range(60)))
    parts = [list_inputs([tmp_path], shard=Shard(number, 4)) for number in (1, 2, 3, 4)]
    together = sorted(name for part in parts for name in names(part, tmp_path))
    assert together == sorted(names(list_inputs([tmp_path]), tmp_path))
    assert min(len(part.all) for part in parts) > 5
    fill(tmp_path, *(f"0{number}.wav" for number in range(20)))
    more = names(list_inputs([tmp_path], shard=Shard.parse("2/4")), tmp_path)
    assert [name for name in more if not name.startswith("0") or name == "0.wav"] == names(parts[1], tmp_path)


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "-1/2", "1/0"])
def test_no_such_shard(text):
    with pytest.raises(ScoreError, match="expected"):
        Shard.parse(text)


def test_lists_of_names():
    assert read_names(b"a b.wav\r\n\nc.wav\n") == ["a b.wav", "c.wav"]
    assert read_names(b"a\nb.wav\0c.wav\0") == ["a\nb.wav", "c.wav"]
    assert os.fsencode(read_names(b"\xff.wav\n")[0]) == b"\xff.wav"


def test_nothing_given():
    with pytest.raises(ScoreError, match="at least one"):
        list_inputs([])


def test_names_that_are_no_text_have_keys():
    assert Input("\udcff.wav").key() != Input("\udcfe.wav").key()
    assert json.dumps("\udcff.wav")
    assert sum(Shard(number, 3).holds("\udcff.wav") for number in (1, 2, 3)) == 1
