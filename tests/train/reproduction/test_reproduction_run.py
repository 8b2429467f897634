"""A plan of two rows, run on the small made data set: interrupted, taken up, added to, and refused."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from made_datasets import write_icbhi
from resp.cli import cli, main
from resp.datasets import DataSet, WaveformCache
from resp.datasets.census import Census, Count
from resp.evaluate import Predictions, icbhi_score
from resp.train import Recipe, RunInterruptedError, TrainError
from resp.train.loop import Trainer
from resp.train.reproduction import Plan, PlanRow, Published, Reproduction, estimate_time, reproduce
from resp.train.reproduction.plan import Changes
from resp.train.reproduction.run import check_whole

NAMES = ("ce-fast-literature", "ce-slow-honest")


@pytest.fixture
def plan(recipe_with: Callable[..., Recipe], tmp_path: Path) -> Plan:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe_with(training={"epochs": 1}).to_yaml())
    fast, slow = (("rate", name, f"optimiser.lr={rate}") for name, rate in (("fast", 1e-2), ("slow", 1e-4)))
    published = Published(50, 50, 50, "Nobody")
    rows = (
        PlanRow("ce", "CE", str(path), (fast,), "literature", published, as_published=True),
        PlanRow("ce", "CE", str(path), (slow,), "honest"),
    )
    return Plan("made", "Made", "Made sounds", rows, train_items=1000, test_items=400)


@pytest.fixture
def changes(manifest: Path) -> Changes:
    return Changes(manifest, random=True)


@pytest.fixture
def make(plan: Plan, changes: Changes, cache: WaveformCache, tmp_path: Path) -> Callable[..., Reproduction]:
    def made(**given: Any) -> Reproduction:
        given = {"out": tmp_path / "out", "seeds": 2, "allow_partial": True, "changes": changes, **given}
        return reproduce(plan, given.pop("out"), given.pop("changes"), cache=cache, **given)

    return made


def test_runs_tables_and_evaluations(make: Callable[..., Reproduction], tmp_path: Path) -> None:
    made, out = make(command="resp reproduce made"), tmp_path / "out"
    assert (out / "table.md").read_text() == made.markdown
    assert list(json.loads((out / "table.json").read_text())) == list(made.tables)
    table = made.tables["literature"]
    assert table.title == "PARTIAL DATA: Made: literature protocol"
    assert "random weights" in table.notes[0]
    row = dict(zip(table.columns, table.rows[0], strict=True))
    scores = []
    for seed in (0, 1):
        for name in NAMES:
            folder = out / f"{name}-seed{seed}"
            assert (folder / "results.json").is_file()
        predictions = Predictions.load(out / f"{NAMES[0]}-seed{seed}" / "predictions_literature.csv")
        scores.append(100 * icbhi_score(predictions.truth, predictions.prediction).score)
    assert row["runs"] == 2
    assert str(row["Score over seeds"]).startswith(f"{sum(scores) / 2:.2f} ±")
    assert row["difference of Score"] == f"{sum(scores) / 2 - 50:+.2f}"
    for name in NAMES:
        assert (out / "rows" / f"{name}.txt").is_file()


def test_an_interruption_changes_nothing_and_rows_are_added(
    make: Callable[..., Reproduction], plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make(out=tmp_path / "whole", seeds=1)
    own_step, steps = Trainer._step, 0

    def step(self: Trainer, *arguments: Any) -> None:
        nonlocal steps
        steps += 1
        own_step(self, *arguments)
        if steps == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Trainer, "_step", step)
    with pytest.raises(RunInterruptedError, match=r"ce-fast-literature-seed0: stopped.*the same command"):
        make(seeds=1, rows=plan.rows[:1])
    first = make(seeds=1, rows=plan.rows[:1])
    assert list(first.tables) == ["literature", "literature_two_class"]
    assert "The honest protocol was not run." in first.markdown
    of_first = steps
    told: list[str] = []
    second = make(seeds=1, rows=plan.rows[1:], told=told.append)
    # The first row stands in the tables too, and was not trained again.
    assert second.tables == whole.tables
    assert told == ["run 1 of 2: ce-fast-literature-seed0", "run 2 of 2: ce-slow-honest-seed0"]
    assert of_first < steps < 2 * of_first
    before = steps
    assert make(seeds=1).tables == whole.tables
    assert steps == before


def test_other_settings_and_folders_of_something_else_are_refused(
    make: Callable[..., Reproduction], plan: Plan, changes: Changes, tmp_path: Path
) -> None:
    make(seeds=1, rows=plan.rows[:1])
    other = Changes(changes.root, random=True, settings=("training.batch_size=5",))
    with pytest.raises(TrainError, match=r"another recipe \(training\.batch_size\)"):
        make(seeds=1, rows=plan.rows[:1], changes=other)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(TrainError, match="holds something that is no reproduction"):
        make(out=tmp_path / "mine")
    with pytest.raises(TrainError, match="is a file"):
        make(out=tmp_path / "mine" / "notes.txt")
    with pytest.raises(TrainError, match="0 seeds"):
        make(seeds=0)


def test_data_that_are_not_whole_are_refused_with_counts() -> None:
    census = Census((Count("recordings with sound", 20, 920), Count("patients", 126, 126), Count("notes", 3)))
    part = DataSet("made", ("normal", "crackle"), (), census)
    with pytest.raises(TrainError, match=r"recordings with sound: 20 of 920.*--allow-partial") as refused:
        check_whole(part, Changes(Path()), allow_partial=False)
    assert "patients" not in str(refused.value)
    reasons = check_whole(part, Changes(Path(), random=True), allow_partial=True)
    assert [reason.split(" (")[0] for reason in reasons] == [
        "the data set is not whole",
        "random weights instead of AudioSet's",
    ]
    whole = DataSet("made", ("normal", "crackle"), (), Census((Count("patients", 126, 126),)))
    assert check_whole(whole, Changes(Path(), "mine.pth"), allow_partial=False) == ()
    with pytest.raises(TrainError, match="random weights"):
        check_whole(whole, Changes(Path(), random=True), allow_partial=False)
    with pytest.raises(TrainError, match="smoke"):
        check_whole(whole, Changes(Path(), smoke=True), allow_partial=False)


def test_the_estimate_is_what_the_measured_steps_make_of_the_whole_data(
    plan: Plan, changes: Changes, cache: WaveformCache
) -> None:
    estimate = estimate_time(plan, plan.rows, changes, seeds=3, steps=2, cache=cache)
    (measured,) = estimate.times
    assert (measured.method, measured.clips) == ("ce", 4)
    assert measured.step_s > 0
    # One epoch. Literature: no validation part, here a fourth; the test part each epoch and for both protocols.
    literature = 1000 / 4 * measured.step_s + 400 * (1 + 2) * measured.predicted_clip_s
    honest = 750 / 4 * measured.step_s + (250 + 400) * measured.predicted_clip_s
    assert estimate.run_s == pytest.approx({NAMES[0]: literature, NAMES[1]: honest})
    assert estimate.total_s == pytest.approx(3 * (literature + honest))
    assert "measured on the CPU" in estimate.text()
    assert "6 runs" in estimate.text()
    with pytest.raises(TrainError, match="0 steps"):
        estimate_time(plan, plan.rows, changes, seeds=1, steps=0, cache=cache)


@pytest.fixture(scope="module")
def some_of_icbhi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cycles = [(0.0, 0.5, 0, 0), (0.5, 1.0, 1, 0), (1.0, 1.5, 0, 1), (1.5, 2.0, 1, 1)]
    names = [f"{patient}_1b1_Al_sc_Meditron" for patient in range(101, 107)]
    split = "".join(f"{name}\t{'test' if name in names[-2:] else 'train'}\n" for name in names)
    folder = tmp_path_factory.mktemp("some") / "icbhi"
    return write_icbhi(folder, dict.fromkeys(names, cycles), tables={"official_split.txt": split})


def test_the_command(
    some_of_icbhi: Path, cache: WaveformCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["reproduce", "icbhi-patchmix", "--root", str(some_of_icbhi), "--cache", str(cache.folder), "--smoke"]
    command += ["--set", "training.epochs=1", "--seeds", "1", "--out", str(out), "--rows", "ce-right-plain-literature"]
    planned = CliRunner().invoke(cli, [*command, "--plan", "--estimate-steps", "1"], catch_exceptions=False)
    assert planned.exit_code == 0
    assert "1 rows x 1 seeds = 1 runs" in planned.output
    assert "measured on the CPU" in planned.output
    assert "measuring 2 steps of ce, " in planned.stderr
    assert not out.exists()
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 2
    assert "recordings with sound: 6 of 920" in capsys.readouterr().err
    done = CliRunner().invoke(cli, [*command, "--allow-partial"], catch_exceptions=False)
    assert done.exit_code == 0
    page = (out / "table.md").read_text()
    assert page in done.stdout
    assert "## PARTIAL DATA: Patch-Mix" in page
    assert "Settings that were changed: training.epochs=1." in page
    assert str(tmp_path) not in page
    assert "--root FOLDER" in page
