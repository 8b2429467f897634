"""``resp score`` of many recordings: what it goes on with, what it is given, what it joins."""

import csv
import io
import json
import os
import re
import signal
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from resp.audio import Recording, write_wav
from resp.cli.score import score
from resp.models.config import ClipSettings, ModelConfig
from resp.models.network import Network
from resp.report import batch
from resp.score import ScoreError, Scorer, prepare_file
from resp.score.long import judge, limits, sound

CLASSES = ("normal", "crackle", "wheeze", "both")
RATE_HZ = 4000


class Loudest(nn.Module):
    def forward(self, waveform):
        return waveform[:, :4] * 0 + waveform.abs().amax(-1, keepdim=True) * torch.arange(4.0)


@pytest.fixture
def model(monkeypatch):
    """A network of one stage in place of a model folder; ``sha256`` is what its checksum is, ``heard`` how much."""
    made = SimpleNamespace(sha256="ab" * 32, heard=0, stop_after=None)

    class Counting(Scorer):
        def judge(self, prepared, keep=None):
            if made.heard == made.stop_after:
                raise KeyboardInterrupt
            made.heard += 1
            return super().judge(prepared, keep)

    def load(model=None, **settings):
        network = Network(
            {"logits": Loudest()}, sites=[], classes=CLASSES, rate_hz=RATE_HZ, input_samples=None, feature_size=1
        )
        clip = ClipSettings(window_s=2.0, hop_s=1.0, segments="windows")
        config = ModelConfig(name="loudest", network="ast", classes=CLASSES, clip=clip)
        return Counting(SimpleNamespace(network=network, config=config, sha256=made.sha256, card="", folder=None))

    monkeypatch.setattr(Scorer, "load", load)
    return made


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    generator = np.random.default_rng(0)
    for number in range(5):
        write_wav(Recording(generator.normal(scale=0.05, size=RATE_HZ * 5), RATE_HZ), place / f"{number}.wav")
    return place


def run(*arguments, **settings):
    return CliRunner().invoke(score, [str(argument) for argument in arguments], **settings)


def listed(result):
    return list(csv.DictReader(io.StringIO(result.stdout, newline="")))


def listed_file(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_that_was_stopped_goes_on(model, folder, tmp_path):
    assert run(folder, "--out", tmp_path / "whole.csv").exit_code == 0
    assert not (tmp_path / "whole.csv.journal").exists()
    model.heard, model.stop_after = 0, 3
    stopped = run(folder, "--out", tmp_path / "x.csv")
    assert stopped.exit_code == 130
    assert "the same command goes on" in stopped.stderr
    assert not (tmp_path / "x.csv").exists()
    model.stop_after = None
    done = run(folder, "--out", tmp_path / "x.csv")
    assert (done.exit_code, model.heard) == (0, 5)
    assert "3 of 5 recordings are scored already" in done.stderr
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "whole.csv", "x.csv"]


def test_without_a_journal_there_is_nothing_to_retry_which_is_said(model, folder, tmp_path):
    again = run(folder, "--out", tmp_path / "x.csv", "--retry-failed")
    assert "x.csv.journal: no journal of an earlier run, so all is scored" in again.stderr
    assert model.heard == 5
    kept = ("--journal", tmp_path / "kept", "--retry-failed")
    run(folder, "--out", tmp_path / "x.csv", *kept)
    assert "no journal" not in run(folder, "--out", tmp_path / "x.csv", *kept).stderr


def test_how_long_an_hour_of_audio_took_is_told(model, folder, tmp_path):
    told = run(folder, "--out", tmp_path / "x.csv").stderr.splitlines()[-1]
    hours, seconds, times, hour = (float(word) for word in re.findall(r"[\d.]+(?:e-\d+)?", told))
    assert "h of audio in" in told
    audio_s = sum(float(row["duration_s"]) for row in listed_file(tmp_path / "x.csv"))
    assert hours == pytest.approx(audio_s / 3600, rel=0.01)
    assert times == pytest.approx(3600 / hour, rel=0.02)
    assert seconds == pytest.approx(audio_s / times, abs=0.06)


def test_a_run_without_a_table_that_is_stopped_says_so_too(model, folder):
    model.stop_after = 2
    stopped = run(folder, "--format", "csv")
    assert stopped.exit_code == 130
    assert stopped.stderr.splitlines()[-1] == "stopped"


def test_a_scheduler_stops_it_as_a_person_does(model, folder, tmp_path, monkeypatch):
    before, judge = signal.getsignal(signal.SIGTERM), Scorer.judge

    def terminated(self, prepared, keep=None):
        if model.heard == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return judge(self, prepared, keep)

    monkeypatch.setattr(Scorer, "judge", terminated)
    stopped = run(folder, "--out", tmp_path / "x.csv")
    assert stopped.exit_code == 130
    assert "the same command goes on" in stopped.stderr
    assert signal.getsignal(signal.SIGTERM) is before


def test_another_model_starts_anew_and_says_why(model, folder, tmp_path):
    model.stop_after = 3
    run(folder, "--out", tmp_path / "x.csv")
    model.sha256, model.heard, model.stop_after = "cd" * 32, 0, None
    done = run(folder, "--out", tmp_path / "x.csv")
    assert model.heard == 5
    assert f"model sha256 was {'ab' * 32!r} and is {'cd' * 32!r}: starting anew" in done.stderr


def test_a_journal_that_is_named_is_kept_and_makes_other_tables(model, folder, tmp_path):
    kept = ("--journal", tmp_path / "kept")
    (folder / "5.wav").write_text("a letter")
    assert run(folder, *kept, "--out", tmp_path / "x.csv").exit_code == 1
    assert model.heard == 5
    assert run(folder, *kept, "--out", tmp_path / "x.parquet", "--level", "segment").exit_code == 1
    assert model.heard == 5
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 5 * 4 + 1
    write_wav(Recording(np.random.default_rng(9).normal(scale=0.05, size=RATE_HZ * 5), RATE_HZ), folder / "6.wav")
    again = run(folder, *kept, "--out", tmp_path / "x.csv", "--retry-failed")
    assert (again.exit_code, model.heard) == (1, 6)
    assert "The list of recordings has changed" in again.stderr
    assert "6 scored, 0 abstained, 1 failed" in again.stderr


def test_workers_write_the_same_table(model, folder, tmp_path):
    (folder / "5.wav").write_text("a letter")
    for workers in (0, 2):
        assert run(folder, "--out", tmp_path / f"{workers}.jsonl", "--workers", workers).exit_code == 1
    assert (tmp_path / "0.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


def test_names_from_standard_input_and_a_manifest(model, folder, tmp_path):
    (tmp_path / "m.csv").write_text("path,site,patient,start\nin/3.wav,trachea,p3,2026-11-21T08:00:00\n")
    given = f"{folder / '1.wav'}\n{folder / '0.wav'}\n"
    rows = listed(run("-", "--manifest", tmp_path / "m.csv", "--format", "csv", input=given))
    assert [row["file"][-5:] for row in rows] == ["1.wav", "0.wav", "3.wav"]
    assert (rows[2]["body_site"], rows[2]["patient_key"]) == ("trachea", "p3")
    assert rows[2]["started_at"] == "2026-11-21T08:00:00"
    assert rows[0]["started_at"] == ""


def test_columns_of_a_list_are_carried_into_the_table(model, folder, tmp_path):
    table = tmp_path / "m.csv"
    table.write_text("path,Visit,site\nin/3.wav,=7,trachea\nin/none.wav,8,back\n")
    wanted = ("--manifest", table, "--carry", "visit", "--out", tmp_path / "t.csv", "--journal", tmp_path / "kept")
    assert run(folder / "0.wav", *wanted).exit_code == 1
    rows = listed_file(tmp_path / "t.csv")
    assert [row["visit"] for row in rows] == ["", "'=7", "8"]
    # What failed was not read; the list knows it all the same.
    assert [(row["status"], row["body_site"]) for row in rows[1:]] == [("scored", "trachea"), ("failed", "back")]
    heard = model.heard
    table.write_text(table.read_text().replace("=7", "9"))
    assert run(folder / "0.wav", *wanted).exit_code == 1
    assert [row["visit"] for row in listed_file(tmp_path / "t.csv")] == ["", "9", "8"]
    assert model.heard == heard
    assert run("--manifest", table, "--carry", "visit", "--out", tmp_path / "t.parquet").exit_code == 1
    assert pq.read_table(tmp_path / "t.parquet")["visit"].to_pylist() == ["9", "8"]
    table.write_text("path,status\nin/3.wav,new\n")
    clash = run("--manifest", table, "--carry", "status")
    assert "column 'status': the table has one of that name already" in str(clash.exception)
    twice = run("--manifest", table, "--carry", "path", "--carry", "Path")
    assert "'path' is to be carried twice" in str(twice.exception)


def test_the_table_tells_engine_and_precision(model, folder):
    (row,) = listed(run(folder / "0.wav", "--format", "csv"))
    assert (row["engine"], row["precision"]) == ("torch", "fp32")
    assert "torch fp32)" in run(folder / "0.wav").stdout


def test_shards_make_the_whole(model, folder):
    parts = [listed(run(folder, "--format", "csv", "--shard", f"{number}/2")) for number in (1, 2)]
    assert all(parts)
    whole = listed(run(folder, "--format", "csv"))
    assert sorted((*parts[0], *parts[1]), key=lambda row: row["file"]) == whole


def test_findings(model, folder):
    chosen = ("--level", "finding", "--format", "csv", folder / "0.wav")
    (row,) = listed(run(*chosen))
    # Every window is called "both", the loudest class, and all of them touch.
    assert (row["label"], row["start_s"], row["end_s"], row["segments"]) == ("both", "0.0", "5.0", "4")
    rows = listed(run(*chosen, "--threshold", "crackle=0.1", "--threshold", "both=1", "--merge-gap", 1))
    assert [row["label"] for row in rows] == ["crackle"]
    assert float(rows[0]["p_highest"]) >= float(rows[0]["p_mean"]) > 0.1


def test_the_segments_of_a_night_are_in_the_table(model, folder, tmp_path, monkeypatch):
    write_wav(Recording(np.random.default_rng(9).normal(scale=0.05, size=RATE_HZ * 40), RATE_HZ), folder / "0.wav")
    short = listed(run(folder, "--format", "csv", "--level", "segment"))
    monkeypatch.setattr(prepare_file, "WHOLE", limits.Limits(max_duration_s=20.0))
    monkeypatch.setattr(judge, "MOST_SEGMENTS_S", 20.0)
    monkeypatch.setattr(sound, "STRETCH_S", 10.0)
    assert run(folder, "--out", tmp_path / "x.csv", "--level", "segment").exit_code == 0
    long = listed_file(tmp_path / "x.csv")
    places = [[(row["file"], row["segment"], row["start_s"]) for row in table] for table in (long, short)]
    assert places[0] == places[1]
    probabilities = [[float(row["p_both"]) for row in table] for table in (long, short)]
    np.testing.assert_allclose(*probabilities, rtol=1e-5)
    assert listed(run(folder, "--format", "csv", "--level", "segment")) == long
    (first, *_) = json.loads(run(folder, "--format", "json").stdout)
    assert first["segments"] == 39
    assert (len(first["report"]["segments"]), len(first["report"]["stretches"])) == (0, 4)


def test_findings_as_label_tracks_and_clips(model, folder, tmp_path):
    beside = ("--label-tracks", tmp_path / "tracks", "--clips", tmp_path / "clips")
    rules = ("--threshold", "crackle=0.1", "--threshold", "both=1", "--merge-gap", 1)
    (folder / "5.wav").write_text("a letter")
    assert run(folder, "--out", tmp_path / "x.csv", *beside, *rules).exit_code == 1
    assert {path.name for path in (tmp_path / "tracks").iterdir()} == {
        f"{number}.{kind}.txt" for number in range(5) for kind in ("audacity", "raven")
    }
    start_s, end_s, label = (tmp_path / "tracks" / "0.audacity.txt").read_text().split("\t")
    assert (float(start_s), float(end_s), label.split()[0]) == (0.0, 5.0, "crackle")
    assert {path.name for path in (tmp_path / "clips").iterdir()} == {
        f"{number}_000000.00-000005.00s_crackle.wav" for number in range(5)
    }
    assert not (tmp_path / "x.csv.journal").exists()


def test_a_sound_that_is_gone_when_clips_are_cut_loses_no_table(model, folder, tmp_path, monkeypatch):
    clips = ("--clips", tmp_path / "clips")
    away = tmp_path / "away.wav"
    write = batch.open_writer

    def late(*given, **settings):
        (folder / "2.wav").rename(away)
        return write(*given, **settings)

    monkeypatch.setattr(batch, "open_writer", late)
    torn = run(folder, "--out", tmp_path / "x.csv", *clips)
    assert torn.exit_code == 1
    assert "no clips" in torn.stderr
    assert "2.wav" in torn.stderr
    assert (tmp_path / "x.csv").exists()
    assert len(list((tmp_path / "clips").iterdir())) == 4
    away.rename(folder / "2.wav")
    monkeypatch.setattr(batch, "open_writer", write)
    model.heard = 0
    assert run(folder, "--out", tmp_path / "x.csv", *clips).exit_code == 0
    assert len(list((tmp_path / "clips").iterdir())) == 5
    assert model.heard == 0
    assert not (tmp_path / "x.csv.journal").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threshold", "crackle=0.4"], "--level finding"),
        (["--level", "finding", "--threshold", "both=0.4", "--threshold", "both=0.5"], "both is given more than once"),
        (["--carry", "ward"], "--manifest"),
        (["--merge-gap", "1"], "--level finding"),
        (["--level", "finding", "--threshold", "crackle"], "CLASS=P"),
        (["--journal", "x"], "--out"),
        (["--retry-failed"], "--out"),
        (["--clips", "x"], "--out"),
        (["--label-tracks", "x"], "--out"),
        (["--ray", "local"], "--out"),
        (["--ray-actors", "2"], "--ray"),
        (["--ray", "local", "--out", "x.csv", "--workers", "2"], "leave them out"),
        (["--ray", "local", "--out", "x.csv", "--engine", "auto"], "name the engine"),
    ],
)
def test_wrong_use(model, folder, arguments, said):
    result = run(folder, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_what_is_refused(model, folder, tmp_path):
    assert isinstance(run(folder, "--shard", "3/2").exception, ScoreError)
    wrong = run(folder, "--level", "finding", "--threshold", "murmur=0.5")
    assert "murmur" in str(wrong.exception)
    (folder / "x.csv.journal").mkdir()
    (folder / "x.csv.journal" / "thesis.doc").touch()
    assert "is no journal" in str(run(folder, "--out", folder / "x.csv").exception)
