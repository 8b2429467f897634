"""A DICOM file is one more file: `resp score` and the page's way of reading take it, and reports say what was odd."""

from types import SimpleNamespace

import torch
from torch import nn

import makers
import resp
from makers import Group, make_audio, stored_of, tone, write
from resp.models.config import ClipSettings, ModelConfig
from resp.models.network import Network
from resp.score import Scorer

CLASSES = ("normal", "crackle", "wheeze", "both")


class Straw(nn.Module):
    def forward(self, waveform):
        return torch.zeros(len(waveform), len(CLASSES))


def straw_scorer():
    clip = ClipSettings(window_s=2.0, hop_s=1.0, fade_samples=100)
    network = Network({"logits": Straw()}, sites=[], classes=CLASSES, rate_hz=4000, input_samples=8000, feature_size=1)
    config = ModelConfig(name="straw", network="ast", classes=CLASSES, clip=clip)
    return Scorer(SimpleNamespace(network=network, config=config, sha256="ab" * 32, card="", folder=None))


def test_a_folder_of_dicom_files_is_scored(tmp_path):
    stored = stored_of(tone(8000, 4.0), "MB")
    write(make_audio(Group(stored, 8000, "MB"), sop_class=makers.BASIC_VOICE), tmp_path / "IM0001")
    write(make_audio(sop_class=makers.TWELVE_LEAD_ECG), tmp_path / "IM0002")
    (tmp_path / "broken.dcm").write_bytes((tmp_path / "IM0001").read_bytes()[:5000])
    first, second = straw_scorer().score_paths([tmp_path])
    assert first.recording.file == str(tmp_path / "IM0001")
    assert first.recording.patient_key == makers.PATIENT_ID
    assert first.status != "failed"
    assert any("Basic Voice Audio" in warning for warning in first.warnings)
    assert (second.status, second.recording.file) == ("failed", str(tmp_path / "broken.dcm"))
    assert "truncated" in second.reason


def test_what_is_named_and_no_sound_fails_with_what_it_is(tmp_path):
    path = write(make_audio(sop_class=makers.RESPIRATORY), tmp_path / "x.dcm")
    (report,) = straw_scorer().score_paths([path])
    assert report.status == "failed"
    assert "a signal of breathing" in report.reason


def test_an_upload_is_told_by_its_content(tmp_path):
    content = makers.as_bytes(make_audio())
    assert resp.load_recording(content, name="sound.wav").patient_key == makers.PATIENT_ID
