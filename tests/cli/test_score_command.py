import csv
import io
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from resp.audio import Recording, write_wav
from resp.cli import main
from resp.cli.score import score
from resp.models.config import ModelConfig
from resp.models.network import Network
from resp.report import FORMATS, ReportError
from resp.score import Report, Scorer

CLASSES = ("normal", "crackle", "wheeze", "both")
RATE_HZ = 8000


class Loudest(nn.Module):
    def forward(self, waveform):
        return waveform[:, :4] * 0 + waveform.abs().amax(-1, keepdim=True) * torch.arange(4.0)


@pytest.fixture
def model(monkeypatch):
    """A network of one stage in place of a model folder; gives what the command asked for."""
    asked = {}

    def load(model=None, *, device="cpu", threads=None, engine=None, precision=None):
        asked.update(model=model, device=device, threads=threads)
        network = Network(
            {"logits": Loudest()},
            sites=[],
            classes=CLASSES,
            rate_hz=RATE_HZ,
            input_samples=None,
            feature_size=1,
        )
        config = ModelConfig(name="loudest", network="ast", classes=CLASSES)
        return Scorer(SimpleNamespace(network=network, config=config, sha256="ab" * 32, card="", folder=None))

    monkeypatch.setattr(Scorer, "load", load)
    return asked


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    generator = np.random.default_rng(0)
    for name in ("a.wav", "b.WAV"):
        write_wav(Recording(generator.normal(scale=0.05, size=RATE_HZ * 5), RATE_HZ), place / name)
    return place


@pytest.fixture
def spoilt(folder):
    (folder / "text.wav").write_text("this is a letter, not a sound\n" * 50)
    (folder / "empty.wav").touch()
    (folder / "cut.wav").write_bytes((folder / "a.wav").read_bytes()[:40])
    return folder


def run(*arguments):
    return CliRunner().invoke(score, [str(argument) for argument in arguments])


def test_a_table_on_standard_output_and_progress_on_standard_error(model, folder):
    result = run(folder)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("file")
    assert "2 scored, 0 abstained, 0 failed by loudest" in result.stdout
    assert "2/2" in result.stderr
    assert model == {"model": None, "device": "cpu", "threads": None}


def test_quiet_says_nothing_else(model, folder, tmp_path):
    result = run(folder, "--quiet", "--out", tmp_path / "x.csv", "--model", "m", "--threads", 2)
    assert (result.exit_code, result.stderr, result.stdout) == (0, "", "")
    assert model == {"model": "m", "device": "cpu", "threads": 2}


def test_one_bad_file_never_stops_the_others(model, spoilt):
    result = run(spoilt, spoilt / "gone.wav", "--format", "csv")
    assert result.exit_code == 1
    table = {row["file"].rpartition("/")[2]: row for row in csv.DictReader(io.StringIO(result.stdout, newline=""))}
    assert list(table) == ["a.wav", "b.WAV", "cut.wav", "empty.wav", "text.wav", "gone.wav"]
    for name, row in table.items():
        good = name in ("a.wav", "b.WAV")
        assert row["status"] == ("scored" if good else "failed")
        assert bool(row["reason"]) != good
        assert "unexpected" not in row["reason"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written(model, folder, tmp_path, form):
    out = tmp_path / "x.out"
    result = run(folder, "--out", out, "--format", form)
    assert result.exit_code == 0
    assert f"2 scored, 0 abstained, 0 failed; written to {out}" in result.stderr
    assert out.stat().st_size > 0


def test_the_suffix_decides(model, folder, tmp_path):
    assert run(folder, "--out", tmp_path / "x.parquet").exit_code == 0
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 2
    assert run(folder, "--out", tmp_path / "x.jsonl").exit_code == 0
    first = json.loads((tmp_path / "x.jsonl").read_text().splitlines()[0])
    assert Report.model_validate(first["report"]).status == "scored"


def test_segments(model, folder, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "a.txt").write_text("0.5 2 0 0\n2 4 0 0\n")
    result = run(folder, "--level", "segment", "--format", "json", "--annotations", marks)
    listed = json.loads(result.stdout)
    assert [(row["file"][-5:], row["kind"], row["start_s"], row["end_s"]) for row in listed] == [
        ("a.wav", "annotated_cycle", 0.5, 2.0),
        ("a.wav", "annotated_cycle", 2.0, 4.0),
        ("b.WAV", "window", 0.0, 5.0),
    ]


def test_a_recording_is_never_overwritten(model, folder, capsys):
    before = (folder / "a.wav").read_bytes()
    with pytest.raises(SystemExit) as stopped:
        main(["score", str(folder), "--out", str(folder / ".." / "in" / "a.wav"), "--format", "csv"])
    assert stopped.value.code == 2
    assert "is one of the recordings" in capsys.readouterr().err
    assert (folder / "a.wav").read_bytes() == before


def test_a_recording_without_the_annotation_that_was_asked_for_says_so(model, folder, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "a.txt").write_text("0.5 2 0 0\n")
    listed = json.loads(run(folder, "--format", "json", "--annotations", marks).stdout)
    assert listed[0]["warnings"] is None
    assert "no annotation b.txt in" in listed[1]["warnings"]


def test_usage_errors_exit_with_two(model, folder, tmp_path, capsys):
    assert run().exit_code == 2
    assert run(folder, "--format", "xls").exit_code == 2
    assert isinstance(run(folder, "--format", "parquet").exception, ReportError)
    for arguments in (["--format", "parquet"], ["--out", "x.xls"], ["--out", "gone/x.csv"]):
        with pytest.raises(SystemExit) as stopped:
            main(["score", str(folder), *arguments])
        assert stopped.value.code == 2
        assert capsys.readouterr().err.startswith("resp: ")


def test_help_needs_no_torch():
    code = (
        "import sys; from resp.cli import cli\n"
        "try: cli.main(['score', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'pyarrow', 'pydantic', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "FILES|FOLDERS" in done.stdout
