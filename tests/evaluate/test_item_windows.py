"""How an item becomes windows: padded, evenly spread or every hop, as the model's configuration says."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from resp.audio import cut_windows, fit_length
from resp.evaluate.predicting import item_windows
from resp.models.config import ClipSettings, ModelConfig

RATE_HZ = 1000
SAMPLES = np.random.default_rng(0).standard_normal(2500).astype(np.float32)


def windows(samples: np.ndarray = SAMPLES, *, whole: bool = True, **settings: object) -> list[np.ndarray]:
    clip = ClipSettings.model_validate({"window_s": 1.0, "hop_s": 0.5, "fade_samples": 10, **settings})
    return item_windows(samples, clip, RATE_HZ, whole)


def assert_same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(found) == len(expected)
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, two)


def test_every_hop_unless_told_otherwise() -> None:
    assert_same(windows(), [window for _, window in cut_windows(SAMPLES, 1000, 500, "repeat", 10)])


@pytest.mark.parametrize("crops", [2, 10])
def test_padded_and_judged_by_so_many_windows(crops: int) -> None:
    padded = [0.0] * 500 + SAMPLES.tolist() + [0.0] * 500
    expected = []
    for number in range(crops):
        start = number * (len(padded) - 1000) // (crops - 1)
        expected.append(np.array(padded[start : start + 1000], dtype=np.float32))
    found = windows(pad_share=0.5, crops=crops)
    assert_same(found, expected)
    assert not found[0][:500].any()
    assert not found[-1][500:].any()


def test_padded_and_cut_every_hop() -> None:
    expected = cut_windows(np.pad(SAMPLES, 250), 1000, 500, "repeat", 10)
    assert_same(windows(pad_share=0.25), [window for _, window in expected])


def test_what_is_shorter_even_when_padded_is_filled_up() -> None:
    expected = fit_length(np.pad(SAMPLES[:300], 200), 1000, "repeat", 10)
    assert_same(windows(SAMPLES[:300], pad_share=0.2, crops=10), [expected])


def test_a_breath_cycle_stays_one_clip() -> None:
    found = windows(whole=False, pad_share=0.5, crops=10)
    assert_same(found, [SAMPLES[:1000]])


@pytest.mark.parametrize(
    "settings",
    [{"trim_db": 0}, {"trim_db": float("inf")}, {"pad_share": -0.1}, {"pad_share": float("nan")}, {"crops": 0}],
)
def test_settings_out_of_range(settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ClipSettings.model_validate(settings)


def test_configurations_from_before_these_settings_still_load() -> None:
    import resp.models

    path = Path(resp.models.__file__).parent / "shipped" / "lungs" / "config.json"
    values = json.loads(path.read_text())
    for name in ("trim_db", "pad_share", "crops"):
        values["clip"].pop(name, None)
    clip = ModelConfig.model_validate(values).clip
    assert (clip.trim_db, clip.pad_share, clip.crops) == (None, 0.0, None)
