"""``resp synth``."""

import numpy as np
import pytest
from click.testing import CliRunner

from resp.audio import load_recording, synthesise_breathing
from resp.cli import main
from resp.cli.synth import synth


def test_it_writes_a_sound_and_its_annotation(tmp_path):
    out = tmp_path / "x.wav"
    result = CliRunner().invoke(synth, ["--out", str(out), "--crackles", "fine", "--wheeze", "--seed", "3"])
    assert result.exit_code == 0, result.output
    assert "synthetic" in result.output
    expected = synthesise_breathing(crackles="fine", wheeze=True, seed=3)
    np.testing.assert_allclose(load_recording(out).samples, expected.recording.samples, atol=1e-4)
    assert out.with_suffix(".txt").read_text() == expected.annotation()


def test_a_text_of_another_kind_is_never_overwritten(tmp_path, capsys):
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    with pytest.raises(SystemExit) as stopped:
        main(["synth", "--out", str(tmp_path / "notes.wav")])
    assert stopped.value.code == 2
    assert "belongs to no notes.wav" in capsys.readouterr().err
    assert notes.read_text() == "mine"
    assert not (tmp_path / "notes.wav").exists()
    # Its own annotation may be made anew.
    for _ in range(2):
        assert CliRunner().invoke(synth, ["--out", str(tmp_path / "x.wav")]).exit_code == 0


def test_what_is_refused_is_one_line(tmp_path, capsys):
    for arguments, message in (
        (["--out", str(tmp_path / "x.wav"), "--rate-hz", "10"], "rate_hz is 10"),
        (["--out", str(tmp_path / "x.txt")], "expected a name that ends in .wav"),
        (["--out", str(tmp_path / "x.mp3")], "expected a name that ends in .wav"),
        (["--out", str(tmp_path / "absent" / "x.wav")], "cannot be written"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["synth", *arguments])
        assert stopped.value.code == 2
        error = capsys.readouterr().err
        assert error.startswith("resp: ")
        assert message in error
        assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
