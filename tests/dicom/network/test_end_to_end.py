"""The whole way with the model that ships: storescu → `resp dicom serve` → Orthanc → DICOMweb, judged by dcmtk."""

import json
import os
import signal
import subprocess
import sys

import pydicom
import pytest
import yaml

import judges
import makers
import peers
from resp.audio import synthesise_breathing
from resp.cli import main
from resp.dicom.network import qido, wado
from resp.dicom.network.web import Archive

pytest.importorskip("highdicom")


def queue(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["dicom", "queue", *map(str, words)])
    return ended.value.code, capsys.readouterr()


def test_sound_becomes_findings_in_the_archive(tmp_path, capsys):
    breath = synthesise_breathing(duration_s=8, rate_hz=8000, wheeze=True, seed=3).recording
    stored = makers.stored_of(breath.samples.astype(float), "SS")
    sound = makers.write(makers.make_audio(makers.Group(stored)), tmp_path / "sound.dcm")
    voice = makers.make_audio(makers.Group(stored[:, :40]), sop_class=makers.BASIC_VOICE)
    voice.WaveformSequence[0].SamplingFrequency = "10"
    broken = makers.write(voice, tmp_path / "broken.dcm")
    port = peers.free_port()
    with peers.orthanc(tmp_path / "orthanc") as archive:
        settings = {
            "spool": "spool",
            "port": port,
            "allowed_ae_titles": ["SCOPE"],
            "destination": {"peer": archive.peer},
        }
        (tmp_path / "serve.yaml").write_text(yaml.safe_dump({**settings, "min_free_bytes": 0}))
        spool = tmp_path / "spool"
        command = "from resp.cli import main; main()"
        words = ["dicom", "serve", "--settings", tmp_path / "serve.yaml", "--threads", "1"]
        with peers.running(
            sys.executable, "-c", command, *words, port=port, log=tmp_path / "serve.log", patience_s=240
        ) as server:
            for file in (sound, broken):
                judges.run("storescu", "-R", "-aet", "SCOPE", "-aec", "RESP", "127.0.0.1", str(port), file)
            done = {"sent": {peers.uid_of(sound)}, "failed": {peers.uid_of(broken)}}
            peers.wait_for(lambda: {state: uids for state, uids in peers.spool_of(spool).items() if uids} == done, 240)
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) == 0
        said = (tmp_path / "serve.log").read_text()
        assert f"sent the answer to {peers.uid_of(sound)}" in said
        for name in makers.PATIENT_NAME.split("^"):
            assert not name or name not in said
        source = pydicom.dcmread(sound)
        study = source.StudyInstanceUID
        [found] = qido(Archive(archive.web), {"StudyInstanceUID": study})
        assert found["PatientID"] == makers.PATIENT_ID
        files = {pydicom.dcmread(file).Modality: file for file in wado(Archive(archive.web), tmp_path / "back", study)}
    assert set(files) == {"SR", "DOC"}
    judges.check_valid(files.values())
    report = judges.dsrdump(files["SR"])
    assert "wheeze" in report.lower() or "normal" in report.lower()
    assert str(tmp_path) not in report
    assert source.SOPInstanceUID in judges.dcmdump(files["SR"])

    status, told = queue(capsys, "--spool", spool, "--json")
    listed = json.loads(told.out)
    assert (status, listed["counts"]["sent"], listed["counts"]["failed"]) == (1, 1, 1)
    [row] = listed["entries"]
    assert (row["uid"], row["state"]) == (peers.uid_of(broken), "failed")
    assert "10 Hz" in row["reason"]
    status, told = queue(capsys, "--settings", tmp_path / "serve.yaml", "--retry", "all")
    assert (status, peers.spool_of(spool)["received"]) == (0, {peers.uid_of(broken)})
    assert "10 Hz" in told.out
    assert queue(capsys, "--spool", tmp_path)[0] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--port", "11112"], "spool: missing"),
        (["--spool", "x", "--to", "PACS"], "'PACS'"),
        (["--spool", "x", "--allow-address", "all"], "'all'"),
        (["--spool", "x", "--ae-title", "A\\B"], "backslash"),
        (["--spool", "x", "--authority", "ca.pem"], "without certificate"),
    ],
)
def test_wrong_options_are_told_before_anything_is_loaded(words, told):
    done = subprocess.run(
        [sys.executable, "-c", "from resp.cli import main; main()", "dicom", "serve", *words],
        capture_output=True, text=True, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
