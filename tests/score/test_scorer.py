"""One recording scored: its segments and numbers against a slow version, and what is abstained on or refused."""

import logging

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn

from loudness_scorer import CLASSES, RATE_HZ, WINDOW_S, Loudness, make_scorer, noise
from resp.audio import Recording, cut_windows, fade_ends, fit_length, resample, synthesise_breathing
from resp.models.network import Network
from resp.score import Report, ScoreError, Scorer


def loudness(waveform):
    waveform = waveform.astype(np.float64)
    return np.array([10 * np.sqrt((waveform**2).mean()), np.abs(waveform).max(), 10 * np.abs(waveform).mean(), 0.0])


def breathing(seed=0):
    return synthesise_breathing(
        duration_s=20,
        rate_hz=RATE_HZ,
        breaths_per_min=18,
        crackles=None,
        wheeze=False,
        noise_db=-60,
        seed=seed,
    ).recording


def numbers(probabilities):
    return np.array(list(probabilities.values()))


def test_annotated_cycles_match_a_slow_version():
    recording = noise(10, rate_hz=11_025, channels=2)
    cycles = [(0.0, 1.5), (1.5, 7.25), (8.0, 10.2)]
    report = make_scorer(calibration={"temperature": 2.0}).score(recording, cycles=cycles)

    whole = fade_ends(resample(recording.samples.mean(axis=0), 11_025, RATE_HZ), 100)
    expected = []
    for start_s, end_s in cycles:
        cut = whole[int(start_s * RATE_HZ) : int(min(end_s, 10) * RATE_HZ)]
        expected.append(loudness(fit_length(cut, int(WINDOW_S * RATE_HZ), "repeat", 100)))
    for segment, logits in zip(report.segments, expected, strict=True):
        probabilities = softmax(logits / 2.0)
        np.testing.assert_allclose(numbers(segment.probabilities), probabilities, rtol=1e-4)
        assert segment.kind == "annotated_cycle"
        assert segment.label == CLASSES[probabilities.argmax()]
    assert [(segment.start_s, segment.end_s) for segment in report.segments] == [
        (0, 1.5),
        (1.5, 7.25),
        (8, 10),
    ]
    assert report.summary is not None
    mean = np.average([softmax(logits) for logits in expected], axis=0, weights=[1.5, 5.75, 2.0])
    np.testing.assert_allclose(numbers(report.summary.probabilities), softmax(np.log(mean) / 2.0), rtol=1e-4)
    assert report.status == "scored"
    assert report.summary.breaths_per_min == pytest.approx(60 / 2.0)
    assert report.summary.breaths_interval is not None
    low, high = report.summary.breaths_interval
    assert low < 30 < high
    assert report.recording.channel == "mean of 2"
    assert any("mean of 2 channels" in warning for warning in report.warnings)
    assert "1 breath cycle is longer than 4 s; only the beginning is judged" in report.warnings
    assert report.model is not None
    assert (report.model.name, report.model.card) == ("loudness", "A card.")


def test_windows_where_nothing_breathes():
    report = make_scorer().score(noise(9))
    spans = [(segment.kind, segment.start_s, segment.end_s) for segment in report.segments]
    assert spans == [("window", 0, 4), ("window", 2, 6), ("window", 4, 8), ("window", 5, 9)]
    assert report.summary is not None
    assert report.summary.breaths_per_min is None
    assert report.summary.breaths_interval is None


@pytest.mark.parametrize("seconds", [1.5, 4.0, 4.01, 9.0, 12.3, 17.777])
@pytest.mark.parametrize("rate_hz", [RATE_HZ, 11_025])
def test_windows_are_those_of_the_audio_room(seconds, rate_hz):
    recording = noise(seconds, rate_hz)
    report = make_scorer().score(recording)
    length = int(WINDOW_S * RATE_HZ)
    waveform = fade_ends(resample(recording.samples[0], rate_hz, RATE_HZ), 100)
    expected = cut_windows(waveform, length, length // 2, "repeat", 100)
    starts = [round(segment.start_s * RATE_HZ) for segment in report.segments]
    assert starts == [start for start, _ in expected]
    for segment, (_, window) in zip(report.segments, expected, strict=True):
        np.testing.assert_allclose(numbers(segment.probabilities), softmax(loudness(window)), rtol=1e-5)
    assert report.segments[-1].end_s == pytest.approx(recording.duration_s, abs=2 / RATE_HZ)


def test_breath_cycles_are_found():
    report = make_scorer().score(breathing())
    assert {segment.kind for segment in report.segments} == {"cycle"}
    assert report.summary is not None
    assert report.summary.breaths_per_min == pytest.approx(18, rel=0.1)
    assert report.summary.breaths_interval is not None
    assert report.summary.breaths_interval[0] <= 18 <= report.summary.breaths_interval[1]
    assert any("synthetic" in warning for warning in report.warnings)


def test_a_model_may_ask_for_windows():
    report = make_scorer(clip={"segments": "windows"}).score(breathing())
    assert {segment.kind for segment in report.segments} == {"window"}
    assert report.summary is not None
    assert report.summary.breaths_per_min == pytest.approx(18, rel=0.1)


def test_level_by_peak():
    recording = noise(5)
    quiet = Recording(recording.samples * 0.1, RATE_HZ)
    levelled = make_scorer(clip={"level": "peak"})
    one, two = (levelled.score(each).summary for each in (recording, quiet))
    plain = make_scorer().score(quiet).summary
    np.testing.assert_allclose(numbers(one.probabilities), numbers(two.probabilities), rtol=1e-3)
    assert not np.allclose(numbers(plain.probabilities), numbers(two.probabilities), rtol=1e-3)


def test_batches_do_not_change_the_numbers():
    one = make_scorer().score(noise(30))
    other = make_scorer()
    other.at_once = 3
    two = other.score(noise(30))
    np.testing.assert_allclose(
        [numbers(segment.probabilities) for segment in one.segments],
        [numbers(segment.probabilities) for segment in two.segments],
        rtol=1e-6,
    )


def test_unusable_sound_is_abstained_on_with_what_was_measured():
    report = make_scorer().score(Recording(np.zeros(RATE_HZ * 5), RATE_HZ, source="silent.wav"))
    assert report.status == "abstained"
    assert report.reason is not None
    assert report.reason.startswith("unusable sound: ")
    assert report.quality is not None
    assert report.quality.verdict == "unusable"
    assert report.summary is None
    assert report.model is not None


def test_too_unsure_is_abstained_on_with_numbers():
    report = make_scorer(calibration={"abstain_below": 0.99, "set_threshold": 0.2}).score(noise(5))
    assert report.status == "abstained"
    assert report.reason is not None
    assert "too unsure" in report.reason
    assert report.summary is not None
    assert report.summary.label is None
    assert report.summary.prediction_set
    assert all(segment.abstained and segment.label is None for segment in report.segments)
    assert report.summary.segment_counts["abstained"] == len(report.segments)


def test_the_device_decides_the_temperature():
    scorer = make_scorer(calibration={"temperature": 2.0, "device_temperatures": {"Meditron": 5.0}})
    sound = noise(3).samples
    told = {}
    for device in (None, "Litt3200", "meditron"):
        report = scorer.score(Recording(sound, RATE_HZ, device=device))
        assert report.summary is not None
        (segment,) = report.segments
        assert segment.probabilities == pytest.approx(report.summary.probabilities)
        told[device] = np.log(numbers(segment.probabilities))
    np.testing.assert_array_equal(told[None], told["Litt3200"])
    np.testing.assert_allclose(np.ptp(told["meditron"]) * 5, np.ptp(told[None]) * 2, rtol=1e-6)


def test_unknown_device_and_band_are_warned_of():
    settings = {"trained_devices": ("Litt3200",), "trained_band_hz": (20.0, 7000.0)}
    one = make_scorer(**settings)
    narrow = resample(noise(5, rate_hz=4000).samples, 4000, RATE_HZ)
    warnings = one.score(Recording(narrow, RATE_HZ, device="Meditron")).warnings
    assert any("Meditron" in warning and "Litt3200" in warning for warning in warnings)
    assert any("nothing above" in warning for warning in warnings)
    same = one.score(Recording(narrow, RATE_HZ, device="litt3200")).warnings
    assert not any("trained on" in warning for warning in same)


def test_reports_survive_json():
    report = make_scorer().score(breathing())
    assert Report.model_validate(report.to_dict()) == report


@pytest.mark.parametrize(
    "cycles",
    [[], [(1.0, 1.0)], [(2.0, 1.0)], [(-1.0, 1.0)], [(1.0, 30.0)], [(9.99, 10.4)], [(float("nan"), 2.0)]],
)
def test_cycles_elsewhere_are_refused(cycles):
    with pytest.raises(ScoreError, match="cycle"):
        make_scorer().score(noise(10), cycles=cycles)


def test_what_is_no_recording_is_refused():
    with pytest.raises(ScoreError, match="score_file"):
        make_scorer().score("a.wav")


class Broken(nn.Module):
    def forward(self, waveform):
        raise ZeroDivisionError("inside")


class NotANumber(nn.Module):
    def forward(self, waveform):
        return torch.full((len(waveform), 4), float("nan"))


def network_of(module):
    return Network({"logits": module}, sites=[], classes=CLASSES, rate_hz=RATE_HZ, input_samples=None, feature_size=1)


def test_the_unexpected_is_a_failed_report_and_in_the_log(caplog):
    with caplog.at_level(logging.ERROR, logger="resp"):
        report = make_scorer(network_of(Broken())).score(noise(5))
    assert report.status == "failed"
    assert report.reason == "unexpected ZeroDivisionError: inside"
    assert "noise.wav" in caplog.text
    assert "Traceback" in caplog.text


def test_a_model_that_gives_no_numbers_fails_the_recording():
    report = make_scorer(network_of(NotANumber())).score(noise(5))
    assert report.status == "failed"
    assert report.reason is not None
    assert "not finite" in report.reason


def test_a_window_that_the_network_does_not_take_is_refused():
    network = Network(
        {"logits": Loudness()}, sites=[], classes=CLASSES, rate_hz=RATE_HZ, input_samples=7, feature_size=1
    )
    with pytest.raises(ScoreError, match="its network takes 7"):
        make_scorer(network)


@pytest.mark.parametrize("settings", [{"threads": 0}, {"device": "abacus"}])
def test_load_refuses_bad_settings(settings):
    with pytest.raises(ScoreError, match=r"threads=0|abacus"):
        Scorer.load(**settings)


def test_cuda_is_refused_where_there_is_none():
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ScoreError, match="cuda"):
        Scorer.load(device="cuda")
