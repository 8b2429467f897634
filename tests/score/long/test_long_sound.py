"""A recording in stretches says what it says at once, in memory that does not grow."""

import tracemalloc
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from resp.audio import Recording, load_recording, synthesise_breathing, to_wav_bytes, write_wav
from resp.models.config import ClipSettings, ModelConfig
from resp.models.familiarity import Familiarity, FeatureDistance, SoundKinds, SpectrumShape
from resp.models.network import Network, Site
from resp.models.packed import PackedArray
from resp.score import Report, Scorer, prepare_file
from resp.score.known import Known
from resp.score.long import judge as judge_module
from resp.score.long import limits
from resp.score.long.cycles import JoinedCycles
from resp.score.long.sound import LongSound, PreparedStretch

CLASSES = ("normal", "crackle", "wheeze", "both")
RATE_HZ = 4000
pack = PackedArray.pack


class Levels(nn.Module):
    """RMS, peak and a constant: [batch, 3]."""

    def forward(self, waveform):
        rms = 10 * waveform.square().mean(-1).sqrt()
        return torch.stack([rms, waveform.abs().amax(-1), torch.full_like(rms, 0.5)], dim=-1)


class Logits(nn.Module):
    def forward(self, value):
        return value @ torch.tensor([[3.0, 0, 1, 2], [1, -1, 0, 2], [0, 1, 2, 0]])


def familiar(limit=50.0):
    return Familiarity(
        stage="map",
        distance=FeatureDistance(
            mean=pack([0.5, 0.4, 0.5]),
            deviation=pack([0.5, 0.5, 1]),
            axes=pack([[1.0, 0, 0]]),
            variances=pack([1.0]),
            rest=1,
        ),
        limit=limit,
        far_limit=2 * limit,
        kinds=SoundKinds(names=("lung", "speech"), weights=pack([[0.0, 0, 0], [0, 0, 0]]), offsets=pack([0.0, 1.0])),
        spectrum=SpectrumShape(
            edges_hz=(100.0, 400, 800, 1600),
            mean_db=pack([0.0, 0, 0]),
            precision=pack(np.eye(3)),
            deviation_db=pack([1.0, 1, 1]),
            limit=0.5,
        ),
        keep=0.97,
        fitted_on="a test",
    )


def scorer(*, stored=None, task="respiratory", **clip):
    network = Network(
        {"map": Levels(), "logits": Logits()},
        sites=[Site("map", ("batch", "channel"))],
        classes=CLASSES,
        rate_hz=RATE_HZ,
        input_samples=RATE_HZ * 4,
        feature_size=3,
    )
    settings = ClipSettings(**{"window_s": 4.0, "hop_s": 1.5, "fade_samples": 700, **clip})
    config = ModelConfig(name="m", network="mlp", classes=CLASSES, task=task, clip=settings, familiarity=stored)
    return Scorer(SimpleNamespace(network=network, config=config, sha256="ab" * 32, card="", folder=None))


def noise(seconds, rate_hz=RATE_HZ, channels=1, seed=0):
    generator = np.random.default_rng(seed)
    loudness = np.repeat(generator.uniform(0.02, 0.2, int(seconds) + 1), rate_hz)[: int(seconds * rate_hz)]
    return Recording(generator.normal(size=(channels, int(seconds * rate_hz))).clip(-3, 3) * loudness, rate_hz)


def breathing(seconds, rate_hz=RATE_HZ):
    return synthesise_breathing(duration_s=seconds, rate_hz=rate_hz, breaths_per_min=16, noise_db=-60, seed=4).recording


def in_stretches(judge, data, stretch_s=20.0, **settings):
    return LongSound(partial(nullcontext, data), "x.wav", judge.config, RATE_HZ, stretch_s=stretch_s, **settings)


def compare(long: Report, whole: Report):
    """Every number of both but rounding errors; stretches aside."""
    kept = long.model_copy(update={"stretches": ()})
    flat, expected = dict(walk(kept.model_dump())), dict(walk(whole.model_dump()))
    assert flat.keys() == expected.keys()
    for name, value in flat.items():
        if name.startswith(("quality.noise_dbfs", "quality.loudness_range_db")):
            assert value == pytest.approx(expected[name], abs=0.011), name
        elif isinstance(value, float):
            assert value == pytest.approx(expected[name], rel=1e-4, abs=1e-5), name
        else:
            assert value == expected[name], name


def walk(value, name=""):
    if isinstance(value, dict | list | tuple):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from walk(one, f"{name}.{key}".lstrip("."))
    else:
        yield name, value


@pytest.mark.parametrize(
    ("recording", "clip"),
    [
        (noise(65), {}),
        (noise(64.3), {"level": "peak"}),
        (noise(50.25, rate_hz=11_025, channels=2), {"level": "peak"}),
        (noise(61, rate_hz=8000), {"fade_samples": 0, "summary": "mean_logit"}),
        (noise(31), {"hop_s": 6.0}),
    ],
    ids=["plain", "levelled", "resampled", "mean logit", "short last stretch"],
)
def test_windows_are_those_of_the_whole(recording, clip):
    # Of other tasks than breathing, so that no breathing rate of a stretch differs from that of the whole.
    judge = scorer(stored=familiar(), task="single_label", **clip)
    data = to_wav_bytes(recording)
    whole = judge.score(load_recording(data, name="x.wav"))
    long = judge.judge(in_stretches(judge, data))
    compare(long, whole)
    assert len(long.stretches) > 1
    assert [stretch.start_s for stretch in long.stretches] == [20.0 * k for k in range(len(long.stretches))]
    assert long.stretches[-1].end_s == pytest.approx(recording.duration_s)
    counted = sum(sum(stretch.summary.segment_counts.values()) for stretch in long.stretches)
    assert counted == len(long.segments) == long.segment_count
    assert Report.model_validate_json(long.model_dump_json()) == long


@pytest.mark.parametrize("recording", [breathing(40), noise(40), noise(3.1)], ids=["breathing", "noise", "a window"])
def test_one_stretch_is_the_whole(recording):
    judge = scorer(stored=familiar())
    data = to_wav_bytes(recording)
    whole = judge.score(load_recording(data, name="x.wav"))
    long = judge.judge(in_stretches(judge, data, stretch_s=100.0))
    compare(long, whole)
    assert long.stretches == ()


def test_breath_cycles_go_on_over_the_seams():
    judge = scorer(stored=familiar())
    data = to_wav_bytes(breathing(120))
    whole = judge.score(load_recording(data, name="x.wav"))
    long = judge.judge(in_stretches(judge, data, stretch_s=30.0))
    assert {segment.kind for segment in whole.segments} == {"cycle"} == {segment.kind for segment in long.segments}
    ends = [segment.end_s for segment in long.segments]
    assert [segment.start_s for segment in long.segments] == pytest.approx([0.0, *ends[:-1]])
    assert ends[-1] == pytest.approx(120)
    assert len(long.segments) == len(whole.segments)
    far = max(abs(one - other.end_s) for one, other in zip(ends, whole.segments, strict=True))
    assert far < 0.1
    assert long.summary.breaths_per_min == pytest.approx(whole.summary.breaths_per_min, rel=0.02)
    low, high = long.summary.breaths_interval
    assert low < 16 < high
    assert long.familiarity.distance == pytest.approx(whole.familiarity.distance, rel=1e-4)
    assert all(stretch.summary.breaths_per_min == pytest.approx(16, rel=0.1) for stretch in long.stretches)


def test_annotated_cycles_each_come_once():
    judge = scorer()
    data = to_wav_bytes(noise(70))
    cycles = [(0.5, 3), (3, 9.5), (19.9, 22), (20.0, 26), (39, 44.5), (66, 70)]
    whole = judge.score(load_recording(data, name="x.wav"), cycles=cycles)
    long = judge.judge(in_stretches(judge, data, cycles=cycles))
    compare(long, whole)


def test_what_is_refused_is_refused_in_every_stretch():
    judge = scorer(stored=familiar(limit=0.01), segments="windows")
    data = to_wav_bytes(noise(65))
    long = judge.judge(in_stretches(judge, data))
    compare(long, judge.score(load_recording(data, name="x.wav")))
    assert long.status == "abstained"
    for stretch in long.stretches:
        assert (stretch.summary.label, stretch.abstained) == (None, long.reason)
        assert stretch.summary.segment_counts["abstained"] == sum(stretch.summary.segment_counts.values()) > 0


def test_unusable_sound_is_told_before_the_network_is_asked():
    judge = scorer()
    data = to_wav_bytes(Recording(np.zeros(RATE_HZ * 30, np.float32), RATE_HZ))
    compare(judge.judge(in_stretches(judge, data)), judge.score(load_recording(data, name="x.wav")))


def test_beyond_an_hour_the_segments_are_given_away(monkeypatch):
    monkeypatch.setattr(judge_module, "MOST_SEGMENTS_S", 30.0)
    judge = scorer(segments="windows")
    data = to_wav_bytes(noise(65))
    kept = []
    long = judge.judge(in_stretches(judge, data), kept.extend)
    assert long.segments == ()
    assert tuple(kept) == judge.score(load_recording(data)).segments
    assert long.segment_count == len(kept) > 0


def test_a_long_file_is_scored_in_stretches(monkeypatch, tmp_path):
    short = limits.Limits(max_duration_s=25.0)
    monkeypatch.setattr(prepare_file, "WHOLE", short)
    judge = scorer(segments="windows")
    path = tmp_path / "101_1b1_Al_sc_Meditron.wav"
    write_wav(noise(30), path)
    known = Known(body_site="trachea", patient_key="p1")
    made = prepare_file.prepare_file(path, judge.config, RATE_HZ, tmp_path, known)
    assert isinstance(made, LongSound)
    report = judge.judge(made)
    assert (report.recording.body_site, report.recording.device) == ("trachea", "Meditron")
    assert report.recording.patient_key == "p1"
    assert report.recording.sha256 == load_recording(path).sha256
    assert any("no annotation" in warning for warning in report.warnings)
    monkeypatch.undo()
    plain = judge.score_file(path)
    compare(report.model_copy(update={"recording": plain.recording, "warnings": plain.warnings}), plain)


def peak_bytes(data, judge):
    tracemalloc.start()
    for piece in in_stretches(judge, data, stretch_s=60.0).pieces():
        if isinstance(piece, PreparedStretch):
            list(piece.prepared.batches(4))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_recording(tmp_path):
    judge = scorer(task="single_label", level="peak", hop_s=4.0)
    sounds = []
    for minutes in (4, 16):
        sounds.append(tmp_path / f"{minutes}.wav")
        write_wav(Recording(np.tile(noise(60).samples, minutes), RATE_HZ), sounds[-1])
    short, long = (peak_bytes(path, judge) for path in sounds)
    assert long < 1.1 * short


def test_a_stretch_without_breaths_ends_the_chain():
    joined = JoinedCycles()
    assert joined.own([], 0, 10, last=False) == ()
    found = [(4.0, 8.2), (8.2, 11.0), (11.0, 14.0), (14, 17), (17, 20), (20, 23.5), (23.5, 26)]
    assert joined.own(found, 10, 20, last=False) == ((11.0, 14.0), (14, 17), (17, 20))
    seen_again = [(4.0, 16.9), (16.9, 20.1), (20.1, 23.0), (23.0, 26.0), (26.0, 30.0)]
    assert joined.own(seen_again, 20, 30, last=True) == ((20.0, 23.0), (23.0, 26.0), (26.0, 30))
