"""Label tracks and clips of a batch: what was found, where it was found, under names of their own."""

import csv
import io
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile

from resp.audio import AudioError, Recording, WavWriter, sound_blocks, write_wav
from resp.report import ReportError, finding_clips
from resp.report.clips import MARGIN_S
from resp.report.file_names import names_of_paths
from resp.report.finding_clips import clip_file, write_finding_clips
from resp.report.finding_files import FindingFiles
from resp.report.label_tracks import RAVEN_FINDING_COLUMNS, audacity_findings, raven_findings
from resp.score.findings import Finding, FindingRules
from resp.score.schema import ModelIdentity, RecordingIdentity, Report, Segment

RATE_HZ = 4000


def found(start_s, end_s, label="crackle", p=0.9):
    return Finding(label, start_s, end_s, 2, p, p / 2)


@pytest.fixture
def sound(tmp_path):
    """Twenty seconds in two channels, every sample another."""
    steps = np.arange(RATE_HZ * 20) % 30_000 / 32768
    path = tmp_path / "sound.wav"
    write_wav(Recording(np.stack([steps, -steps]), RATE_HZ), path)
    return path


def test_a_finding_is_cut_out_with_half_a_second_around_it(sound, tmp_path):
    findings = [found(0.2, 1.0), found(0.9, 12.0, "wheeze"), found(5.0, 6.0), found(19.0, 20.0)]
    assert write_finding_clips(sound, "a", findings, tmp_path, "a") == 4
    whole, _ = soundfile.read(sound, dtype="int16")
    for one in findings:
        clip, rate_hz = soundfile.read(tmp_path / clip_file("a", one), dtype="int16")
        assert rate_hz == RATE_HZ
        first, last = (round(at * RATE_HZ) for at in (one.start_s - MARGIN_S, one.end_s + MARGIN_S))
        np.testing.assert_array_equal(clip, whole[max(0, first) : last])
    assert clip_file("a", findings[1]) == "a_000000.90-000012.00s_wheeze.wav"
    assert not list(tmp_path.glob(".*"))


def test_a_clip_over_many_blocks_is_one(sound, tmp_path, monkeypatch):
    @contextmanager
    def small(*given, **settings):
        with sound_blocks(*given, **settings) as blocks:
            yield (
                (rate_hz, samples[:, first : first + 1000])
                for rate_hz, samples in blocks
                for first in range(0, samples.shape[1] + 1, 1000)
            )

    monkeypatch.setattr(finding_clips, "sound_blocks", small)
    one = found(3.1, 7.7)
    write_finding_clips(sound, "a", [one], tmp_path, "a")
    clip, _ = soundfile.read(tmp_path / clip_file("a", one), dtype="int16")
    whole, _ = soundfile.read(sound, dtype="int16")
    np.testing.assert_array_equal(clip, whole[round(2.6 * RATE_HZ) : round(8.2 * RATE_HZ)])


def test_of_what_is_found_all_night_the_first_part_is_cut_out(sound, tmp_path, monkeypatch):
    monkeypatch.setattr(finding_clips, "LONGEST_CLIP_S", 4.0)
    one = found(3.0, 18.0)
    write_finding_clips(sound, "a", [one], tmp_path, "a")
    assert soundfile.info(tmp_path / clip_file("a", one)).duration == 4.0


def test_a_disk_that_is_full_is_no_fault_of_the_recording(sound, tmp_path, monkeypatch):
    def full(self, samples):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(WavWriter, "write", full)
    with pytest.raises(ReportError, match=r"crackle\.wav: cannot be written .*No space left"):
        write_finding_clips(sound, "a", [found(3.0, 4.0)], tmp_path, "a")
    assert [path.name for path in tmp_path.iterdir()] == ["sound.wav"]


def test_a_recording_that_breaks_off_leaves_the_clips_before_that(sound, tmp_path):
    content = sound.read_bytes()
    sound.write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match="truncated"):
        write_finding_clips(sound, "a", [found(1, 2), found(15, 16)], tmp_path, "a")
    assert not list(tmp_path.glob(".*"))


def test_tracks_hold_findings():
    findings = [found(1.0, 2.5), found(2.0, 3.0, "a\tb", 0.5)]
    assert audacity_findings(findings) == b"1.000000\t2.500000\tcrackle 0.90\n2.000000\t3.000000\ta b 0.50\n"
    rows = list(csv.DictReader(io.StringIO(raven_findings(findings, "x.wav", rate_hz=3000).decode()), delimiter="\t"))
    assert tuple(rows[0]) == RAVEN_FINDING_COLUMNS
    assert [row["Selection"] for row in rows] == ["1", "2"]
    assert rows[0] | {"Finding": "crackle", "P Highest": "0.9000", "P Mean": "0.4500", "Segments": "2"} == rows[0]
    assert (rows[0]["High Freq (Hz)"], rows[0]["Begin File"]) == ("1500.000", "x.wav")


def test_names_of_different_folders_stay_apart_whatever_their_order():
    paths = ["a/x.wav", "b/X.WAV", "b/y.wav", "s3://c/x.flac"]
    names = names_of_paths(paths)
    assert names[2] == "y"
    assert len({name.lower() for name in names}) == 4
    assert names_of_paths(paths[::-1]) == names[::-1]


def report(path, *labels, status="scored"):
    named = {"normal": 0.2, "crackle": 0.8}
    segments = tuple(
        Segment(kind="window", start_s=float(at), end_s=at + 1.0, probabilities=named, label=label)
        for at, label in enumerate(labels)
    )
    return Report(
        status=status,
        reason="x" if status != "scored" else None,
        recording=RecordingIdentity(file=str(path), duration_s=20.0, rate_hz=RATE_HZ),
        segments=segments,
        model=ModelIdentity(name="m", version="1", sha256="ab" * 32, card=""),
    )


def test_each_recording_has_its_files(sound, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "sound.wav").write_bytes(sound.read_bytes())
    names = [str(sound), str(other / "sound.wav"), str(tmp_path / "gone.wav"), "never.wav"]
    files = FindingFiles(names, FindingRules(), tracks=tmp_path / "tracks", clips=tmp_path / "clips")
    told = []
    files.write(0, report(names[0], "crackle", "crackle", "normal"), None, told.append)
    files.write(1, report(names[1], "normal"), None, told.append)
    files.write(2, report(names[2], "crackle"), None, told.append)
    files.write(3, Report.failure("never.wav", "no such file"), None, told.append)
    stems = names_of_paths(names)
    tracks = {path.name for path in (tmp_path / "tracks").iterdir()}
    assert tracks == {f"{stem}.{kind}.txt" for stem in stems[:3] for kind in ("audacity", "raven")}
    assert (tmp_path / "tracks" / f"{stems[1]}.audacity.txt").read_bytes() == b""
    assert [path.name for path in (tmp_path / "clips").iterdir()] == [f"{stems[0]}_000000.00-000002.00s_crackle.wav"]
    assert files.incomplete == 1
    assert len(told) == 1
    assert "gone.wav" in told[0]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    with pytest.raises(ReportError, match="expected a place"):
        FindingFiles([], FindingRules(), clips=tmp_path / "a" / "b")


def test_a_recording_in_a_store_is_fetched_for_its_clips(sound, tmp_path):
    fsspec = pytest.importorskip("fsspec", reason="object stores need fsspec: pip install 'resp[cloud]'")
    fsspec.filesystem("memory").pipe_file("/lungs/sound.wav", sound.read_bytes())
    name = "memory://lungs/sound.wav"
    files = FindingFiles([name], FindingRules(), clips=tmp_path / "clips")
    files.write(0, report(name, "crackle"))
    (clip,) = (tmp_path / "clips").iterdir()
    assert soundfile.info(clip).duration == 1.0 + MARGIN_S


def test_what_a_killed_run_left_of_these_recordings_goes(tmp_path):
    files = FindingFiles(["in/a.wav", "in/b.c.wav"], FindingRules(), tracks=tmp_path / "t", clips=tmp_path / "c")
    left = [
        tmp_path / "c" / ".a_000001.00-000002.50s_crackle.wav.x1y2.part",
        tmp_path / "c" / ".b-c_000001.00-000002.50s_wheeze.wav.x1y2.part",
        tmp_path / "t" / ".a.raven.txt.x1y2.part",
        tmp_path / "t" / ".b-c.audacity.txt.x1y2.part",
    ]
    others = [
        tmp_path / "c" / ".another_000001.00-000002.50s_crackle.wav.x1y2.part",
        tmp_path / "c" / "a_000001.00-000002.50s_crackle.wav",
        tmp_path / "t" / "notes.part",
    ]
    for path in left + others:
        path.touch()
    files.clear_unfinished()
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in others)
    # The names are those that are written.
    finding = Finding(label="crackle", start_s=1.0, end_s=2.5, segments=1, p_highest=0.5, p_mean=0.5)
    assert clip_file("a", finding) == "a_000001.00-000002.50s_crackle.wav"
