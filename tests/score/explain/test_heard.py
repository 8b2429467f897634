"""The sound that reaches the network is the one that scoring gives it, and what is taken away is gone."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from resp.audio import Recording, synthesise_breathing
from resp.models.config import ClipSettings, ModelConfig
from resp.score import ScoreError, Scorer
from resp.score.explain.errors import ExplainError
from resp.score.explain.heard import Heard, hear
from resp.score.prepare import prepare

RATE_HZ, WINDOW_S = 4000, 2.0


@pytest.fixture(scope="module")
def recording():
    return synthesise_breathing(duration_s=8.0, rate_hz=8000, crackles="coarse", seed=1).recording


def make_model(band_power, **clip):
    settings = ClipSettings(window_s=WINDOW_S, hop_s=1.0, **clip)
    config = ModelConfig(name="band", network="ast", classes=("tone", "other"), clip=settings)
    network = band_power(RATE_HZ, round(WINDOW_S * RATE_HZ))
    return SimpleNamespace(network=network, config=config, sha256="ab" * 32, card="", folder=None)


@pytest.mark.parametrize("fit", ["repeat", "zero"])
@pytest.mark.parametrize("cycle", [(1.0, 1.5), (2.0, 3.9), (3.0, 6.5)])
def test_the_whole_sound_is_what_is_scored(band_power, recording, fit, cycle):
    model = make_model(band_power, fit=fit, fade_samples=300, level="peak")
    heard = hear(model, recording, *cycle)
    prepared = prepare(recording, model.config, RATE_HZ, file="x", cycles=[cycle])
    (scored,) = prepared.batches(1)
    given = heard.masked(torch.ones(1, *heard.shape)).numpy()
    np.testing.assert_allclose(given, scored, atol=1e-5)


def test_windows_are_taken_by_their_length(band_power, recording):
    model = make_model(band_power, fade_samples=300)
    heard = hear(model, recording, 1.23456, 1.23456 + WINDOW_S)
    assert len(heard.samples) == round(WINDOW_S * RATE_HZ)


def test_only_what_the_window_holds_is_explained(band_power, recording):
    heard = hear(make_model(band_power), recording, 3.0, 6.5)
    told = heard.explanation("x", np.zeros(heard.shape))
    assert (told.start_s, told.end_s) == (3.0, 5.0)
    assert told.times_s[0] == 3.0
    assert told.times_s[-1] == pytest.approx(5.0, abs=0.02)
    assert told.frequencies_hz[-1] == RATE_HZ / 2


def test_what_is_taken_away_sinks_to_the_background_and_the_rest_stays(band_power):
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    noise = 0.001 * np.random.default_rng(0).standard_normal(time_s.size)
    here = (time_s > 0.8) & (time_s < 1.2)
    tones = here * (np.sin(2 * np.pi * 600 * time_s) + np.sin(2 * np.pi * 1500 * time_s)) / 4
    heard = hear(make_model(band_power), Recording(noise + tones, RATE_HZ), 0.0, 2.0)
    mask = torch.ones(1, *heard.shape)
    mask[:, :, np.abs(heard.frequencies_hz - 600) < 100] = 0
    spectrum = torch.fft.rfft(heard.masked(mask)[0]).abs()
    whole = torch.fft.rfft(heard.samples).abs()
    hz = torch.fft.rfftfreq(len(heard.samples), 1 / RATE_HZ)
    near = (hz > 550) & (hz < 650)
    assert spectrum[near].square().sum() < 1e-3 * whole[near].square().sum()
    rest = (hz > 900) & (hz < 1900)
    torch.testing.assert_close(spectrum[rest], whole[rest], atol=0.02 * float(whole.max()), rtol=0.05)


def test_a_class_is_named_or_the_most_probable_one_is_taken(band_power, recording):
    model = make_model(band_power)
    loud = Recording(np.sin(2 * np.pi * 600 * np.arange(4 * RATE_HZ) / RATE_HZ) * 0.5, RATE_HZ)
    assert hear(model, loud, 0.0, 2.0).target == 0
    assert hear(model, loud, 0.0, 2.0, label="other").target == 1
    with pytest.raises(ExplainError, match=r"no class 'rub'.*tone, other"):
        hear(model, loud, 0.0, 2.0, label="rub")
    with pytest.raises(ScoreError, match="a cycle from 7 to 19 s"):
        hear(model, recording, 7.0, 19.0)
    with pytest.raises(ExplainError, match="cannot be judged"):
        hear(model, Recording(np.zeros(8000), RATE_HZ), 0.0, 1.0)


def test_the_tiles_cover_the_grid_in_equal_times_and_bands_of_mel(linear):
    tiles = linear.tiles(0.1, 200.0)
    assert tiles.shape == linear.shape
    assert set(tiles.ravel()) == set(range(tiles.max() + 1))
    assert len(np.unique(tiles[:, 0])) == 3
    bands = np.diff(np.flatnonzero(np.diff(tiles[0], prepend=-1)))
    assert (np.diff(bands) >= 0).all(), "bands grow with frequency"


def test_log_odds_are_those_of_the_softmax_or_of_the_class_alone(linear):
    network = linear.network
    waveform = linear.masked(torch.ones(1, *linear.shape))
    with torch.no_grad():
        logits = network(waveform)
        expected = torch.logit(logits.double().softmax(1)[0, 0])
        alone = Heard(network, linear.samples, linear.clip, 0, "multi_label", 0.0, 0.3)
        assert linear.log_odds(torch.ones(1, *linear.shape))[0] == pytest.approx(float(expected), rel=1e-3)
        assert alone.log_odds(torch.ones(1, *linear.shape))[0] == pytest.approx(float(logits[0, 0]), rel=1e-4)


def test_a_scorer_explains_its_own_segments(band_power):
    time_s = np.arange(6 * RATE_HZ) / RATE_HZ
    noise = 0.003 * np.random.default_rng(0).standard_normal(time_s.size)
    tone = 0.3 * np.sin(2 * np.pi * 600 * time_s) * ((time_s > 2.8) & (time_s < 3.2))
    recording = Recording(noise + tone, RATE_HZ, source="tone")
    scorer = Scorer(make_model(band_power))
    segment = next(one for one in scorer.score(recording).segments if one.start_s <= 2.5 and one.end_s >= 3.4)
    for method in ("occlusion", "integrated_gradients"):
        told = scorer.explain(recording, segment, method=method, label="tone")
        (region, *_) = told.regions()
        assert region.start_s == pytest.approx(2.8, abs=0.3)
        assert region.end_s == pytest.approx(3.2, abs=0.3)
        assert region.low_hz < 600 < region.high_hz < 1100
        assert told.words().startswith("most of what drove 'tone'")
    with pytest.raises(ExplainError, match=r"no method 'tea leaves'.*occlusion"):
        scorer.explain(recording, segment, method="tea leaves")
