"""Where most of it lies, in s and Hz and in words."""

import json

import numpy as np
import pytest

from resp.score.explain.explanation import Explanation, Region, edges, threshold


def make(importance, start_s=2.0):
    frames, bins = importance.shape
    times_s = start_s + 0.016 * np.arange(frames)
    return Explanation(
        "occlusion",
        "wheeze",
        importance.astype(np.float32),
        times_s,
        15.625 * np.arange(bins),
        start_s,
        start_s + 0.016 * frames,
    )


@pytest.fixture
def spots():
    """A large spot at 2.8 to 3.2 s and 312 to 469 Hz, a small one later and higher, and much against the class."""
    importance = np.zeros((200, 129))
    importance[50:75, 20:30] = 1.0
    importance[150:160, 80:90] = 0.4
    importance[:40] = -5.0
    return make(importance)


def test_regions_are_where_the_spots_are(spots):
    large, small = spots.regions(most=0.95)
    assert (large.start_s, large.end_s) == (pytest.approx(2.8, abs=0.12), pytest.approx(3.2, abs=0.12))
    assert (large.low_hz, large.high_hz) == (pytest.approx(312, abs=60), pytest.approx(469, abs=60))
    assert small.start_s == pytest.approx(2 + 150 * 0.016, abs=0.12)
    assert large.share > 2 * small.share
    assert 0.9 < large.share + small.share <= 1


def test_what_speaks_against_the_class_is_no_region(spots):
    assert spots.smoothed().min() >= 0
    assert all(region.start_s > 2.6 for region in spots.regions(most=0.99))


def test_regions_stay_within_the_stretch():
    importance = np.zeros((100, 129))
    importance[:10, :5] = 1
    importance[-10:, -5:] = 1
    told = make(importance, start_s=0.0)
    for region in told.regions(most=0.9):
        assert 0 <= region.start_s < region.end_s <= told.end_s
        assert region.low_hz >= 0


def test_words_name_the_class_the_times_and_the_frequencies(spots):
    assert spots.words() == "most of what drove 'wheeze': 2.8–3.2 s, 320–450 Hz"
    assert spots.words("whistling").startswith("most of what drove 'whistling'")


@pytest.mark.parametrize(
    ("start_s", "end_s", "told"), [(3.976, 4.0, "3.9–4.0"), (0.0, 0.02, "0.0–0.1"), (1.21, 1.26, "1.2–1.3")]
)
def test_a_short_region_has_an_extent_in_words(start_s, end_s, told):
    assert Region(start_s, end_s, 320.0, 410.0, 0.5).words() == f"{told} s, 320–410 Hz"


def test_scattered_importance_is_not_called_most():
    generator = np.random.default_rng(0)
    told = make((generator.random((200, 129)) > 0.999).astype(float))
    assert sum(region.share for region in told.regions()) < 0.45
    assert told.words().startswith("much of what drove 'wheeze'")


def test_where_nothing_spoke_for_it_the_words_say_so():
    told = make(-np.ones((20, 10)))
    assert told.regions() == ()
    assert told.words() == "nothing in this stretch spoke for 'wheeze' above the others"


def test_as_json(spots):
    told = json.loads(json.dumps(spots.to_dict()))
    assert told["label"] == "wheeze"
    assert told["words"] == spots.words()
    assert set(told["regions"][0]) == {"start_s", "end_s", "low_hz", "high_hz", "share"}


def test_threshold_holds_the_share():
    picture = np.random.default_rng(0).random((30, 40)).astype(np.float32)
    value = threshold(picture, 0.5)
    assert picture[picture >= value].sum() >= 0.5 * picture.sum()
    assert picture[picture > value].sum() < 0.5 * picture.sum()


def test_edges_lie_half_way():
    np.testing.assert_allclose(edges(np.array([1.0, 2.0, 4.0])), [0.5, 1.5, 3.0, 5.0])
    np.testing.assert_allclose(edges(np.array([3.0])), [2.5, 3.5])
