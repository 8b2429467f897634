"""Long recordings that worker processes read, stretch by stretch."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from resp.audio import Limits, Recording, write_wav
from resp.models.config import ClipSettings, ModelConfig
from resp.models.network import Network
from resp.score import Scorer, prepare_file
from resp.score.batch import list_inputs
from resp.score.batch.run import score_in_order
from resp.score.long import judge, sound

CLASSES = ("normal", "crackle", "wheeze", "both")
RATE_HZ = 4000
SMALL = """
import os, resp.score.long.sound as sound, resp.score.prepare_file as prepare_file
from resp.audio import Limits
prepare_file.WHOLE, sound.STRETCH_S = Limits(max_duration_s=8.0), 10.0
"""
CRASH = """
pieces = sound.LongSound.pieces
def crash(self):
    for number, piece in enumerate(pieces(self)):
        if number == 3 and not os.path.exists({flag!r}):
            open({flag!r}, "w").close()
            os.abort()
        yield piece
sound.LongSound.pieces = crash
"""


class Loudest(nn.Module):
    def forward(self, waveform):
        return waveform[:, :4] * 0 + waveform.abs().amax(-1, keepdim=True) * torch.arange(4.0)


def scorer():
    network = Network(
        {"logits": Loudest()}, sites=[], classes=CLASSES, rate_hz=RATE_HZ, input_samples=None, feature_size=1
    )
    clip = ClipSettings(window_s=2.0, hop_s=1.0, level="peak", segments="windows")
    config = ModelConfig(name="loudest", network="ast", task="single_label", classes=CLASSES, clip=clip)
    return Scorer(SimpleNamespace(network=network, config=config, sha256="ab" * 32, card="", folder=None))


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for number, seconds in enumerate((5, 45, 31)):
        write_wav(Recording(generator.normal(scale=0.05, size=RATE_HZ * seconds), RATE_HZ), tmp_path / f"{number}.wav")
    whole = (tmp_path / "1.wav").read_bytes()
    (tmp_path / "3.wav").write_bytes(whole[: len(whole) // 2])
    return tmp_path


def scored(folder, workers):
    """Reports and all their segments, those that they do not hold too."""
    found = score_in_order(scorer(), list_inputs([folder]).all, workers=workers)
    return [(report, report.segments if segments is None else tuple(segments)) for report, segments in found]


@pytest.mark.parametrize(("crash", "most_segments_s"), [(False, 3600.0), (True, 20.0)])
def test_they_are_those_of_this_process(folder, monkeypatch, crash, most_segments_s):
    monkeypatch.setattr(prepare_file, "WHOLE", Limits(max_duration_s=8.0))
    monkeypatch.setattr(sound, "STRETCH_S", 10.0)
    monkeypatch.setattr(judge, "MOST_SEGMENTS_S", most_segments_s)
    expected = scored(folder, workers=0)
    text = SMALL + (CRASH.format(flag=str(folder / "crashed")) if crash else "")
    (folder / "sitecustomize.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    assert scored(folder, workers=1) == expected
    assert (folder / "crashed").exists() == crash
    reports = [report for report, _ in expected]
    assert [len(report.stretches) for report in reports] == [0, 5, 3, 0]
    assert [len(segments) for _, segments in expected] == [4, 44, 30, 0]
    assert "truncated" in reports[3].reason
