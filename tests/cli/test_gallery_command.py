"""``resp gallery``."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from resp.audio import synthesise_breathing, write_wav
from resp.cli import main
from resp.cli.gallery import gallery
from resp.gallery import make


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    made = synthesise_breathing(duration_s=1.0, rate_hz=4000, breaths_per_min=80)
    return write_wav(made.recording, tmp_path / "clip.wav")


def test_it_writes_a_page_with_its_pictures_and_sounds(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [job for job in make.registered() if job[0].name in ("polarity", "cutout", "freqmix")]
    monkeypatch.setattr(make, "registered", lambda: iter(some))
    out = tmp_path / "out"
    options = ["--with", str(clip), "--seed", "3", "--rate-hz", "8000", "--quiet"]
    result = CliRunner().invoke(gallery, [str(clip), "--out", str(out), *options])
    assert result.exit_code == 0, result.output
    assert "index.html: 3 shown, 0 could not be shown" in result.output
    assert sorted(path.name for path in out.rglob("*.*")) == [
        "clip.wav",
        "index.html",
        "mix_freqmix.png",
        "mix_freqmix.wav",
        "other.wav",
        "spectrogram_cutout.png",
        "waveform_polarity.png",
        "waveform_polarity.wav",
    ]
    page = (out / "index.html").read_text()
    assert "1.00 s at 8000 Hz" in page
    assert "Seed 3" in page


def test_what_could_not_be_shown_is_told(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def show(exhibit: object, scene: object) -> object:
        raise ImportError("a part is missing")

    broken = next(make.registered())[0]
    monkeypatch.setattr(make, "registered", lambda: iter([(broken, show)]))
    result = CliRunner().invoke(gallery, [str(clip), "--out", str(tmp_path / "out"), "--quiet"])
    assert result.exit_code == 0, result.output
    assert "0 shown, 1 could not be shown" in result.output
    assert f"{broken.name}: a part is missing" in result.output


def test_what_is_refused_is_one_line(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent, out, taken = tmp_path / "absent.wav", tmp_path / "out", tmp_path / "taken"
    taken.write_text("mine")
    for arguments, message in (
        ([str(absent), "--out", str(out)], "absent.wav: cannot be opened"),
        ([str(clip), "--out", str(out), "--with", str(absent)], "absent.wav: cannot be opened"),
        ([str(taken), "--out", str(out)], "not an audio file"),
        ([str(clip), "--out", str(taken)], "taken: a file; expected a folder"),
        ([str(clip), "--out", str(out), "--rate-hz", "10"], "a rate of 10 Hz"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["gallery", *arguments])
        assert stopped.value.code == 2
        error = capsys.readouterr().err
        assert error.startswith("resp: ")
        assert message in error
        assert error.count("\n") == 1
    assert not out.exists()
    assert taken.read_text() == "mine"
