"""``resp evaluate``: what it prints and writes, and what it refuses in one line."""

import json
from pathlib import Path

import pytest

from loudness_model import loudness_model, make_run
from resp.cli import main
from resp.models.folder import LoadedModel


def quick(manifest: Path, place: Path) -> list[str]:
    """Return what the command is told of the data, and to measure few resamples."""
    return ["--root", str(manifest), "--cache", str(place / "c"), "--resamples", "20"]


def test_command_prints_every_protocol_of_a_run(
    manifest: Path,
    tmp_path: Path,
    models: dict[str, LoadedModel],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = {"dataset": "manifest", "root": "elsewhere", "split": "folds", "fold": 1}
    run = make_run(tmp_path / "run1", data, kept=("best", "best_test"))
    models["run1"] = loudness_model()
    common = [*quick(manifest, tmp_path), "--out", str(tmp_path / "o")]
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", str(run), *common])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert printed.index("protocol honest:") < printed.index("protocol literature:")
    names = sorted(path.name for path in (tmp_path / "o").iterdir())
    assert names == [
        f"evaluation_{protocol}{ending}"
        for protocol in ("honest", "literature")
        for ending in (".json", ".png", ".txt", "_predictions.csv")
    ]


def test_command_prints_json(
    manifest: Path, tmp_path: Path, models: dict[str, LoadedModel], capsys: pytest.CaptureFixture[str]
) -> None:
    models["loudness"] = loudness_model()
    arguments = ["--data", "manifest", *quick(manifest, tmp_path)]
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "loudness", *arguments, "--without-patients", "p1, p2", "--json", "--quiet"])
    assert stopped.value.code == 0
    (printed,) = json.loads(capsys.readouterr().out)
    assert [view["name"] for view in printed["views"]] == ["all patients", "without patients p1, p2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "kauh"], "--root"),
        (["--data", "kauh", "--root", ".", "--split", "official"], "official"),
        (["--data", "manifest", "--root", ".", "--fold", "7"], "fold 7"),
        (["--data", "manifest", "--root", ".", "--device", "gpu"], "device 'gpu' cannot be used here"),
        (["--split", "folds", "--split-seed", "1"], "--split, --split-seed without --data"),
    ],
)
def test_command_refuses_in_one_line(
    arguments: list[str], message: str, models: dict[str, LoadedModel], capsys: pytest.CaptureFixture[str]
) -> None:
    models["loudness"] = loudness_model()
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "loudness", *arguments])
    assert stopped.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("resp: ")
    assert message in printed


def test_command_measures_the_fold_that_is_asked_for(
    manifest: Path, tmp_path: Path, models: dict[str, LoadedModel], capsys: pytest.CaptureFixture[str]
) -> None:
    models["loudness"] = loudness_model()
    arguments = ["--data", "manifest", "--root", str(manifest), "--cache", str(tmp_path / "c"), "--resamples", "20"]
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "loudness", *arguments, "--fold", "2"])
    assert stopped.value.code == 0
    assert "manifest, fold 2 of 5, test part" in capsys.readouterr().out


def test_command_knows_every_data_set_and_its_split(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from resp.cli.evaluate import _default_split
    from resp.datasets.readers import READERS

    for record in READERS:
        with pytest.raises(SystemExit) as stopped:
            main(["evaluate", "loudness", "--data", record.name])
        assert stopped.value.code == 2
        assert f"--data {record.name} without --root" in capsys.readouterr().err
    splits = {
        name: (_default_split(name, fold=False), _default_split(name, fold=True))
        for name in ("icbhi", "kauh", "esc10", "manifest")
    }
    assert splits == {
        "icbhi": ("official", "official"),
        "kauh": ("folds", "folds"),
        "esc10": ("folds", "published_folds"),
        "manifest": ("folds", "folds"),
    }
