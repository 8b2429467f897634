"""A recording that sounds like no lung is refused in its report; another device is named."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from resp.audio import Recording
from resp.audio.measures import band_levels, spectrum
from resp.audio.noises import coloured_noise
from resp.models.config import ClipSettings, ModelConfig
from resp.models.familiarity import Familiarity, FeatureDistance, SoundKinds, SpectrumShape
from resp.models.network import Network, Site
from resp.models.packed import PackedArray
from resp.report import rows
from resp.score import Report, ScoreError, Scorer
from resp.score.familiarity import recognise

RATE_HZ = 4000
CLASSES = ("normal", "crackle", "wheeze", "both")
EDGES_HZ = (100.0, 400.0, 800.0, 1600.0)
pack = PackedArray.pack


class Loudness(nn.Module):
    """RMS in the first of two channels, and a constant in the second: [batch, 2, frame]."""

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        rms = waveform.unfold(1, 1000, 1000).square().mean(-1).sqrt()
        return torch.stack([rms, torch.ones_like(rms)], dim=1)


class Logits(nn.Module):
    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return value.mean(-1)[:, :1] * torch.tensor([1.0, 9.0, 2.0, 3.0])


def familiarity(**changes: object) -> Familiarity:
    """Lung sounds have an RMS of 0.1 ± 0.05; what is louder is speech, what is quieter a heart."""
    values = {
        "stage": "map",
        "distance": FeatureDistance(
            mean=pack([0.1, 1.0]), deviation=pack([0.05, 1.0]), axes=pack([[1.0, 0.0]]), variances=pack([0.5]), rest=1.0
        ),
        "limit": 1.5,
        "far_limit": 3.0,
        "kinds": SoundKinds(
            names=("lung", "heart", "speech"),
            weights=pack([[0.0, 0.0], [-200.0, 0.0], [100.0, 0.0]]),
            offsets=pack([10.0, 20.0, -10.0]),
        ),
        "keep": 0.97,
        "fitted_on": "a test",
    }
    return Familiarity.model_validate(values | changes)


def scorer(stored: Familiarity | None) -> Scorer:
    network = Network(
        {"map": Loudness(), "logits": Logits()},
        sites=[Site("map", ("batch", "channel", "frame"))],
        classes=CLASSES,
        rate_hz=RATE_HZ,
        input_samples=RATE_HZ,
        feature_size=1,
    )
    config = ModelConfig(
        name="m",
        network="mlp",
        classes=CLASSES,
        clip=ClipSettings(window_s=1.0, hop_s=1.0, fade_samples=0, segments="windows"),
        familiarity=stored,
        trained_devices=("A", "B"),
    )
    return Scorer(SimpleNamespace(network=network, config=config, sha256="ab" * 32, card=""))  # type: ignore[arg-type]


def recording(rms: float, exponent: float = 0.0) -> Recording:
    noise = coloured_noise(5.0, RATE_HZ, exponent=exponent)
    return Recording(noise * (rms / noise.std()), RATE_HZ)


def test_a_lung_sound_is_scored_as_without() -> None:
    report, plain = scorer(familiarity()).score(recording(0.1)), scorer(None).score(recording(0.1))
    assert report.familiarity is not None
    assert (report.status, report.familiarity.verdict, report.familiarity.kind) == ("scored", "familiar", "lung")
    assert (report.segments, report.summary, report.warnings) == (plain.segments, plain.summary, plain.warnings)
    assert plain.familiarity is None


def test_speech_is_refused_with_a_reason_and_without_a_finding() -> None:
    report = scorer(familiarity()).score(recording(0.25))
    assert report.status == "abstained"
    assert report.reason == "does not sound like a lung sound this model knows (sounds like speech)"
    assert report.familiarity is not None
    assert report.familiarity.kinds["speech"] > 0.9
    # 0.15 above the mean are 3 deviations; the other channel has none.
    assert report.familiarity.distance == pytest.approx(np.sqrt(9 / 0.5 / 2), rel=0.05)
    assert {segment.label for segment in report.segments} == {None}
    assert {segment.abstained for segment in report.segments} == {report.reason}
    assert all(not segment.prediction_set and sum(segment.probabilities.values()) > 0.99 for segment in report.segments)
    assert report.summary is not None
    assert (report.summary.label, report.summary.prediction_set, report.summary.breaths_per_min) == (None, (), None)
    assert report.summary.segment_counts["abstained"] == len(report.segments)
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_breath_cycles_are_judged_by_the_windows_that_it_was_fitted_on() -> None:
    judge, sound = scorer(familiarity()), recording(0.12)
    cycles = judge.score(sound, cycles=[(0.0, 0.3), (0.3, 2.6), (2.6, 5.0)])
    assert {segment.kind for segment in cycles.segments} == {"annotated_cycle"}
    assert cycles.familiarity == judge.score(sound).familiarity


def test_kinds_are_named_in_words() -> None:
    kind = {"names": ("lung", "animal", "snoring")}
    kinds = familiarity().kinds
    assert kinds is not None
    renamed = familiarity(kinds=SoundKinds.model_validate(dict(kinds) | kind))
    assert "(sounds like an animal)" in str(scorer(renamed).score(recording(0.01)).reason)
    assert "(sounds like snoring)" in str(scorer(renamed).score(recording(0.25)).reason)


def test_far_from_all_lungs_is_refused_though_nothing_else_was_taught() -> None:
    report = scorer(familiarity(kinds=None)).score(recording(0.35))
    assert report.reason is not None
    assert "unlike all that it learned from" in report.reason


def test_a_lung_unlike_those_it_knows_is_warned_about() -> None:
    report = scorer(familiarity(kinds=None)).score(recording(0.2))
    assert report.status == "scored"
    assert any("unlike the recordings the model learned from (distance 2.0" in warning for warning in report.warnings)


def test_another_device_is_named_by_its_spectrum() -> None:
    levels = band_levels(spectrum(coloured_noise(5.0, RATE_HZ), RATE_HZ), EDGES_HZ)
    shape = SpectrumShape(
        edges_hz=EDGES_HZ,
        mean_db=pack(levels),
        precision=pack(np.eye(3) / 4),
        deviation_db=pack([2.0] * 3),
        limit=1.5,
    )
    model = scorer(familiarity(spectrum=shape))
    assert not any("spectrum" in warning for warning in model.score(recording(0.1)).warnings)
    report = model.score(recording(0.1, exponent=2.0))
    (told,) = (warning for warning in report.warnings if "spectrum" in warning)
    assert told.startswith("its spectrum is unlike the recordings the model was trained on (by A, B): +")
    assert "dB at 100–400 Hz" in told
    assert report.status == "scored"
    refused = model.score(recording(0.25, exponent=2.0))
    assert not any("spectrum" in warning for warning in refused.warnings)


def test_tables_say_what_it_sounds_like() -> None:
    report = scorer(familiarity()).score(recording(0.25))
    (row,) = rows(report)
    assert (row["familiarity"], row["sounds_like"], row["label"]) == ("not_lung", "speech", None)
    assert row["familiarity_distance"] > 1.5
    assert {row["reason"] for row in rows(report, "segment")} == {report.reason}
    (row,) = rows(scorer(None).score(recording(0.25)))
    assert row["familiarity"] is None


def test_silence_is_refused_before_any_network() -> None:
    report = scorer(familiarity()).score(Recording(np.zeros(5 * RATE_HZ), RATE_HZ))
    assert report.status == "abstained"
    assert report.reason is not None
    assert "no sound" in report.reason


def test_a_familiarity_of_another_network_is_refused() -> None:
    with pytest.raises(ScoreError, match="has 3 channels, and the model's familiarity was fitted on 2"):
        recognise(familiarity(), np.zeros((4, 3)), [1.0] * 4, np.zeros(4000, np.float32), RATE_HZ)
