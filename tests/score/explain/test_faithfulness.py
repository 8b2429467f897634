"""Deletion, insertion and the pointing game, on networks and pictures whose truth is known."""

import numpy as np
import pytest
import torch

from resp.audio import Event
from resp.score.explain.explanation import Explanation
from resp.score.explain.faithfulness import (
    curves_of_order,
    deletion_insertion,
    loudness,
    pointing,
    random_curves,
)
from resp.score.explain.gradients import integrated_gradients


def test_curves_run_from_the_whole_sound_to_the_background_and_back(linear):
    with torch.no_grad():
        whole, empty = linear.probabilities(torch.stack([torch.ones(linear.shape), torch.zeros(linear.shape)]))
    curves = random_curves(linear, np.random.default_rng(0), steps=5)
    np.testing.assert_allclose(curves.shares[[0, -1]], [0, 1])
    np.testing.assert_allclose(curves.deletion[[0, -1]], [whole, empty], rtol=1e-5)
    np.testing.assert_allclose(curves.insertion[[0, -1]], [empty, whole], rtol=1e-5)


def test_the_true_order_beats_every_random_one_and_its_reverse_loses(linear):
    truth = integrated_gradients(linear)
    best, worst = deletion_insertion(linear, truth), deletion_insertion(linear, -truth)
    for seed in range(5):
        chance = random_curves(linear, np.random.default_rng(seed))
        assert best.deletion_area < chance.deletion_area < worst.deletion_area
        assert best.insertion_area > chance.insertion_area > worst.insertion_area


def test_an_order_takes_its_rectangles_away_one_after_the_other(linear):
    from resp.score.explain.faithfulness import TILE_MEL, TILE_S

    tiles = linear.tiles(TILE_S, TILE_MEL)
    count = tiles.max() + 1
    order = np.random.default_rng(1).permutation(count)
    curves = curves_of_order(linear, order, steps=count)
    for taken in (1, count // 2):
        left = torch.from_numpy(~np.isin(tiles, order[:taken])).float()[None]
        assert curves.deletion[taken] == pytest.approx(linear.probabilities(left)[0], rel=1e-4)
        assert curves.insertion[taken] == pytest.approx(linear.probabilities(1 - left)[0], rel=1e-4)


def test_areas_of_known_curves(linear):
    from resp.score.explain.faithfulness import Curves

    curves = Curves(np.array([0, 0.5, 1.0]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 1.0]))
    assert (curves.deletion_area, curves.insertion_area) == (0.25, 0.75)


def test_loudness_is_where_the_sound_stands_out(linear):
    picture = loudness(linear)
    frame, band = np.unravel_index(picture.argmax(), picture.shape)
    assert 0.09 < linear.times_s[frame] < 0.16
    assert linear.frequencies_hz[band] == pytest.approx(200, abs=60)


def test_pointing_counts_time_and_where_asked_frequency():
    times_s, frequencies_hz = 1 + 0.016 * np.arange(100), 15.625 * np.arange(100)
    importance = np.zeros((100, 100), dtype=np.float32)
    importance[48:53, 28:33] = 1
    told = Explanation("x", "wheeze", importance, times_s, frequencies_hz, 1.0, 2.6)
    there, later = Event("wheeze", 1.7, 1.9, 470.0), Event("wheeze", 2.1, 2.3, 470.0)
    higher = Event("wheeze", 1.7, 1.9, 900.0)
    assert pointing(told, [there]).hit
    assert not pointing(told, [later]).hit
    assert pointing(told, [later, there]).hit
    assert pointing(told, [there], in_band=True).hit
    assert not pointing(told, [higher], in_band=True).hit
    assert pointing(told, [there]).chance == pytest.approx(0.4 / 1.6, abs=0.02)
    assert pointing(told, [there], in_band=True).chance == pytest.approx(0.4 / 1.6 * 200 / 1562, abs=0.005)
