"""Fitting from sound files, storing in a model folder, and what scoring then says."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from resp.audio import Recording, synthesise_breathing
from resp.audio.noises import coloured_noise, handling_noise, mains_hum
from resp.datasets import WaveformCache
from resp.models.config import ClipSettings
from resp.models.familiarity import Familiarity
from resp.models.folder import load_model
from resp.models.network import Network, Site
from resp.train import Recipe, TrainError, train
from resp.train.familiarity import FamiliaritySettings, compared_stage, fit_familiarity, outside_sounds
from resp.train.familiarity.fitting import LungSounds, fit_heard, hear_outside
from resp.train.familiarity.hearing import Ear, Heard, beside_voices, other_device, stretches, synthetic_sounds

RATE_HZ = 4000
CLIP = ClipSettings(window_s=1.0, hop_s=1.0, fade_samples=0, level="peak")
SETTINGS = FamiliaritySettings(stage="map", axes=4, most=24)


class Bands(nn.Module):
    """Log power in eight bands, [batch, band, frame]: a network that hears as much as the tests need."""

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        power = torch.stft(waveform, 256, window=torch.hann_window(256), return_complex=True).abs().square()
        bands = [part.mean(1) for part in power[:, 1:].chunk(8, dim=1)]
        return torch.stack(bands, dim=1).clamp(min=1e-6).log10()


class Mean(nn.Module):
    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return value.mean(-1)


def hearing_network() -> Network:
    return Network(
        {"map": Bands(), "feature": Mean(), "logits": nn.Linear(8, 4)},
        sites=[Site("map", ("batch", "channel", "frame")), Site("feature", ("batch", "channel"))],
        classes=("normal", "crackle", "wheeze", "both"),
        rate_hz=RATE_HZ,
        input_samples=RATE_HZ,
        feature_size=8,
    )


def breathing(seed: int) -> np.ndarray:
    made = synthesise_breathing(duration_s=4.0, rate_hz=RATE_HZ, breaths_per_min=20, wheeze=bool(seed % 2), seed=seed)
    return made.recording.mono()


@pytest.fixture(scope="module")
def lung(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """Twenty-four synthetic breath sounds of eight patients."""
    folder = tmp_path_factory.mktemp("lung")
    paths = {}
    for number in range(24):
        path = folder / f"{number}.wav"
        soundfile.write(path, breathing(number), RATE_HZ)
        paths[path] = f"p{number % 8}"
    return paths


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chirps under birds/, high tones under music/far/."""
    root = tmp_path_factory.mktemp("outside")
    for number in range(6):
        time_s = np.arange(4 * RATE_HZ) / RATE_HZ
        for kind, sound in (
            ("birds", np.sin(2 * np.pi * (900 + 100 * number) * time_s * (1 + time_s / 8))),
            ("music/far", np.sin(2 * np.pi * (700 + 30 * number) * time_s) ** 3),
        ):
            (root / kind).mkdir(parents=True, exist_ok=True)
            soundfile.write(root / kind / f"{number}.wav", 0.5 * sound, RATE_HZ)
    return root


def judged(network: Network, fitted: Familiarity, samples: np.ndarray) -> str:
    feature = Ear(network, CLIP, "map").hear([Recording(samples, RATE_HZ)])[0].features[0]
    return fitted.judge(feature).verdict


@pytest.fixture(scope="module")
def network() -> Network:
    return hearing_network()


@pytest.fixture(scope="module")
def fitted(network: Network, lung: dict[Path, str], outside: Path) -> Familiarity:
    settings = SETTINGS.model_copy(update={"outside": str(outside)})
    return fit_familiarity(network, CLIP, lung, settings=settings)


def test_other_sounds_are_refused_and_unheard_lungs_are_not(network: Network, fitted: Familiarity) -> None:
    assert fitted.kinds is not None
    assert fitted.kinds.names == ("lung", "birds", "heart", "music", "noise", "speech")
    assert "24 recordings of 8 patients" in fitted.fitted_on
    for seed in (100, 101, 102):
        assert judged(network, fitted, breathing(seed)) != "not_lung"
    assert judged(network, fitted, coloured_noise(4.0, RATE_HZ, seed=77)) == "not_lung"
    assert judged(network, fitted, mains_hum(4.0, RATE_HZ, seed=77)) == "not_lung"


def test_fitting_twice_gives_the_same(
    network: Network, fitted: Familiarity, lung: dict[Path, str], outside: Path
) -> None:
    assert fit_familiarity(network, CLIP, lung, outside=outside_sounds(outside), settings=SETTINGS) == fitted


def lungs_at(far: float, seed: int) -> LungSounds:
    """Return thirty recordings of ten patients, some way off the others."""
    random = np.random.default_rng(seed)
    heard = Heard(random.standard_normal((30, 8)) + far, random.standard_normal((30, 11)))
    return LungSounds(heard, Heard(2 * heard.features, heard.levels), tuple(f"p{n % 10}" for n in range(30)))


def test_held_out_patients_choose_the_limits() -> None:
    known = lungs_at(0.0, seed=0)
    turns = fit_heard(known, {}, "map", SETTINGS)
    assert "each judged by the others" in turns.fitted_on
    away = fit_heard(known, {}, "map", SETTINGS, held_out=lungs_at(5.0, seed=1))
    assert "held-out patients" in away.fitted_on
    assert away.distance == turns.distance
    assert away.limit > 2 * turns.limit
    distances = away.distance.of(lungs_at(5.0, seed=1).heard.features)
    assert np.mean(distances <= away.limit) >= SETTINGS.keep
    assert away.far_limit > away.limit
    assert away.kinds is None


def test_lungs_beside_voices_are_refused_as_speech() -> None:
    known, voices = lungs_at(0.0, seed=0), lungs_at(6.0, seed=2).heard
    others = {"noise": lungs_at(-6.0, seed=3).heard.features}
    taught = fit_heard(known._replace(spoken_over=(voices,)), others, "map", SETTINGS)
    untaught = fit_heard(known, others, "map", SETTINGS)
    masked = [taught.judge(feature) for feature in lungs_at(6.0, seed=4).heard.features]
    assert {(one.verdict, one.kind) for one in masked} == {("not_lung", "speech")}
    assert {taught.judge(feature).verdict for feature in known.heard.features} == {"familiar"}
    assert "beside voices" in taught.fitted_on
    assert untaught.kinds is not None
    assert untaught.kinds.names == ("lung", "noise")


def test_a_part_of_the_recordings_has_its_own_voices() -> None:
    known = lungs_at(0.0, seed=0)
    part = known._replace(spoken_over=(known.changed, known.heard)).part(np.array([3, 5]))
    np.testing.assert_array_equal(part.spoken_over[0].features, known.changed.features[[3, 5]])
    np.testing.assert_array_equal(part.spoken_over[1].levels, known.heard.levels[[3, 5]])


def test_too_few_lungs_or_an_empty_kind_are_refused(network: Network, lung: dict[Path, str], tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"5 lung recordings of 5 patients; expected at least 20 of 5"):
        fit_familiarity(network, CLIP, dict(list(lung.items())[:5]))
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(8000), RATE_HZ)
    ear = Ear(network, CLIP, "map")
    with pytest.raises(TrainError, match="no sound of the kind speech that can be heard"):
        hear_outside(ear, {"speech": [silent]}, SETTINGS)
    with pytest.raises(TrainError, match="kept for lungs"):
        hear_outside(ear, {"lung": [silent]}, SETTINGS)


@pytest.fixture(scope="module")
def silence(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """Twenty recordings of five patients in which nothing can be heard."""
    folder = tmp_path_factory.mktemp("silence")
    paths = {folder / f"{number}.wav": f"q{number % 5}" for number in range(20)}
    for path in paths:
        soundfile.write(path, np.zeros(2 * RATE_HZ), RATE_HZ)
    return paths


def test_lungs_that_cannot_be_heard_are_refused_and_choose_no_limits(
    network: Network, lung: dict[Path, str], silence: dict[Path, str]
) -> None:
    with pytest.raises(TrainError, match="of 20 lung recordings, 0 of 0 patients can be heard"):
        fit_familiarity(network, CLIP, silence, settings=SETTINGS)
    fitted = fit_familiarity(network, CLIP, lung, held_out=silence, settings=SETTINGS)
    assert "each judged by the others" in fitted.fitted_on


def test_folders_of_kinds_are_found(outside: Path, tmp_path: Path) -> None:
    found = outside_sounds(outside)
    assert {kind: len(paths) for kind, paths in found.items()} == {"birds": 6, "music": 6}
    with pytest.raises(TrainError, match="no folder of kinds"):
        outside_sounds(tmp_path)
    (tmp_path / "speech").mkdir()
    with pytest.raises(TrainError, match="no sound file in speech"):
        outside_sounds(tmp_path)


def test_the_last_frozen_site_is_compared() -> None:
    network = hearing_network()
    assert compared_stage(network) == "feature"
    network.freeze("map")
    assert compared_stage(network) == "map"


def test_another_device_changes_the_spectrum_alike_each_time_and_leaves_the_sound_as_it_was() -> None:
    sound = breathing(0)
    before = sound.copy()
    device = other_device(RATE_HZ, "peak", seed=0)
    changed = device(sound, 3)
    np.testing.assert_array_equal(sound, before)
    np.testing.assert_array_equal(changed, other_device(RATE_HZ, "peak", seed=0)(sound, 3))
    assert changed.dtype == np.float32
    assert np.abs(changed).max() == pytest.approx(1)
    assert np.abs(changed - device(sound, 4)).max() > 0.01


def test_voices_lie_at_most_20_db_below_the_sound() -> None:
    sound = breathing(0)
    ratios = []
    for number in range(20):
        plain, elsewhere = (change(sound, number) for change in beside_voices(RATE_HZ, "none", seed=0))
        ratios.append(10 * np.log10(np.mean(sound**2) / np.mean((plain - sound) ** 2)))
        assert np.abs(elsewhere - plain).max() > 0.01
    assert beside_voices(2000, "none", seed=0) == ()
    assert min(ratios) >= -0.01
    assert max(ratios) <= 20.01
    assert np.ptp(ratios) > 10


def test_long_recordings_are_heard_in_stretches() -> None:
    one = Recording(np.arange(65 * 100, dtype=np.float32) / 6500, 100)
    parts = list(stretches(one, 3))
    assert [part.duration_s for part in parts] == [10.0] * 3
    assert parts[0].samples[0, 0] == 0
    assert parts[-1].samples[0, -1] == one.samples[0, -1]
    assert len(list(stretches(one, 99))) == 6
    assert list(stretches(parts[0], 3)) == [parts[0]]


def test_synthetic_sounds_are_there_for_heart_and_noise() -> None:
    made = synthetic_sounds(5, seed=0)
    assert {kind: len(sounds) for kind, sounds in made.items()} == {"heart": 5, "noise": 5}
    assert all(one.synthetic and one.duration_s == 10 for sounds in made.values() for one in sounds)


@pytest.mark.parametrize("make", [coloured_noise, mains_hum, handling_noise])
def test_noises_are_the_same_for_the_same_seed(make: Callable[..., np.ndarray]) -> None:
    sound = make(1.0, RATE_HZ, seed=1)
    assert (sound.dtype, len(sound)) == (np.float32, RATE_HZ)
    assert np.abs(sound).max() == pytest.approx(0.5)
    np.testing.assert_array_equal(sound, make(1.0, RATE_HZ, seed=1))
    assert not np.array_equal(sound, make(1.0, RATE_HZ, seed=2))


@pytest.mark.parametrize(("exponent", "slope"), [(0.0, 0.0), (1.0, -1.0), (2.0, -2.0)])
def test_coloured_noise_falls_as_its_exponent_says(exponent: float, slope: float) -> None:
    from scipy.signal import welch

    frequency_hz, power = welch(coloured_noise(20.0, RATE_HZ, exponent=exponent), RATE_HZ, nperseg=1024)
    inside = (frequency_hz > 50) & (frequency_hz < 1500)
    assert np.polyfit(np.log(frequency_hz[inside]), np.log(power[inside]), 1)[0] == pytest.approx(slope, abs=0.05)


def test_a_run_on_lung_sounds_stores_what_it_learned(
    recipe_with: Callable[..., Recipe], cache: WaveformCache, lung: dict[Path, str], tmp_path: Path
) -> None:
    lines = ["path,label,patient,device"]
    lines += [f"{path},{('normal', 'wheeze')[int(path.stem) % 2]},{who},A" for path, who in lung.items()]
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n")
    recipe = recipe_with(
        data={"root": str(manifest), "folds": 8, "validation_share": 0.0},
        training={"epochs": 1},
        familiarity={"axes": 4, "most": 21},
    )
    stored = load_model(train(recipe, tmp_path / "run", cache=cache).model).config.familiarity
    assert stored is not None
    assert (stored.stage, stored.distance.channels) == ("feature", 16)
    assert stored.kinds is not None
    assert stored.kinds.names == ("lung", "heart", "noise", "speech")


def test_a_run_with_too_few_recordings_goes_without(
    recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = recipe_with(training={"epochs": 1}, familiarity={"axes": 4}, max_items=8)
    result = train(recipe, tmp_path / "run", cache=cache)
    assert load_model(result.model).config.familiarity is None
    assert "too few recordings" in caplog.text
