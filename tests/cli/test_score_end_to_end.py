import csv
import json

import pytest
import torch

from resp.audio import synthesise_breathing, write_wav
from resp.cli import main
from resp.models import create
from resp.models.config import ClipSettings, ModelConfig
from resp.models.folder import save_model
from resp.score import Report, Scorer

CLASSES = ("normal", "crackle", "wheeze", "both")
SETTINGS = {"width": 24, "depth": 1, "heads": 2, "window_s": 2.0}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small AST with random weights, as a model folder."""
    folder = tmp_path_factory.mktemp("model") / "small"
    torch.manual_seed(0)
    network = create("ast_tiny", classes=CLASSES, **SETTINGS)
    clip = ClipSettings(window_s=2.0, hop_s=1.0)
    config = ModelConfig(name="small", network="ast_tiny", settings=SETTINGS, classes=CLASSES, clip=clip)
    save_model(folder, network, config, "# Small\n\nRandom weights.")
    return folder


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["score", *map(str, arguments)])
    return stopped.value.code


def test_a_folder_becomes_a_table(model, tmp_path):
    for seed in range(3):
        made = synthesise_breathing(
            duration_s=8,
            rate_hz=8000,
            breaths_per_min=20,
            crackles="fine",
            wheeze=False,
            noise_db=-60,
            seed=seed,
        )
        write_wav(made.recording, tmp_path / f"{seed}.wav")
    (tmp_path / "x.wav").write_text("a letter")
    assert run(tmp_path, "--model", model, "--out", tmp_path / "x.csv") == 1
    with (tmp_path / "x.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["status"] for row in table] == ["scored"] * 3 + ["failed"]
    sha256 = Scorer.load(model).model.sha256
    for row in table[:3]:
        assert sum(float(row[f"p_{name}"]) for name in CLASSES) == pytest.approx(1)
        assert row["label"] in CLASSES
        assert (row["model"], row["model_sha256"]) == ("small", sha256)


def test_load_sets_the_threads(model):
    before = torch.get_num_threads()
    try:
        Scorer.load(model, threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.data
def test_real_recordings_all_get_a_row(model, data_dir, tmp_path):
    out = tmp_path / "x.jsonl"
    marks = data_dir / "icbhi" / "annotations"
    audio = data_dir / "icbhi" / "audio"
    assert run(audio, "--model", model, "--annotations", marks, "--out", out, "--quiet") == 0
    reports = [Report.model_validate(json.loads(line)["report"]) for line in out.read_text().splitlines()]
    assert len(reports) == len(list(audio.iterdir()))
    for report in reports:
        name = report.recording.file.rpartition("/")[2].replace(".wav", ".txt")
        assert len(report.segments) == len((marks / name).read_text().splitlines())
        assert {segment.kind for segment in report.segments} == {"annotated_cycle"}
        assert report.recording.patient_key == f"icbhi-{name.partition('_')[0]}"
