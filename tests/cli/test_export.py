import json

import pytest
from click.testing import CliRunner

from exported_models import skip_without, write_model, write_sounds
from resp.cli import main
from resp.cli.export import export
from resp.cli.score import score


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model") / "tiny")


def run(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_export_then_score(model, tmp_path):
    skip_without("onnx")
    sounds = write_sounds(tmp_path / "in")
    out = tmp_path / "out"
    result = run(export, model, "--engine", "onnx", "--out", out, "--calibration", sounds, "--tolerance", 0.01)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "of 4 real recordings: logits move by up to" in result.stderr
    assert "note: the tolerance was 0.01 of a logit, not the usual one" in result.stderr
    assert f"written: {out}" in result.stderr
    tables = {}
    for name, given in (("torch", model), ("onnx", out)):
        scored = run(score, sounds, "--model", given, "--format", "json", "--engine", "auto" if given == out else name)
        assert scored.exit_code == 0, scored.output
        tables[name] = json.loads(scored.stdout)
        assert f"engine: {name} fp32" in scored.stderr
    columns = ("file", "status", "label", "familiarity")
    assert [[row.get(column) for column in columns] for row in tables["onnx"]] == [
        [row.get(column) for column in columns] for row in tables["torch"]
    ]


def test_quiet_says_nothing(model, tmp_path):
    skip_without("onnx")
    result = run(export, model, "--engine", "onnx", "--out", tmp_path / "out", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--out", "x"],
        ["--engine", "onnx"],
        ["--engine", "abacus", "--out", "x"],
        ["--engine", "onnx", "--out", "x", "--tolerance", "0"],
        ["--engine", "onnx", "--out", "x", "--calibration", "/no/such/folder"],
    ],
)
def test_wrong_arguments_are_refused(model, arguments):
    assert run(export, model, *arguments).exit_code == 2


def test_what_is_refused_is_one_line(tmp_path, capsys):
    skip_without("onnx")
    with pytest.raises(SystemExit) as stopped:
        main(["export", "lunges", "--engine", "onnx", "--out", str(tmp_path / "out")])
    assert stopped.value.code == 2
    assert "did you mean 'lungs'" in capsys.readouterr().err
