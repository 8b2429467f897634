"""Batches: every item once, the same from the same seed, balanced where asked."""

import numpy as np
import pytest
import torch

from resp.audio.clip import fit_length
from resp.datasets import DataError, WaveformCache
from resp.datasets.batches import batch_count, batches

LABELS = [0, 0, 0, 0, 0, 0, 1, 1, 2, 3]


@pytest.fixture
def waveforms(make_dataset, tmp_path):
    dataset = make_dataset([str(index) for index in range(10)], LABELS, sound=True)
    return WaveformCache(tmp_path / "cache").open(dataset, 4000)


def draw(waveforms, indices=range(10), *, seed=0, batch_size=4, length=6000, **options):
    generator = torch.Generator().manual_seed(seed)
    return list(
        batches(waveforms, LABELS, indices, batch_size=batch_size, length=length, generator=generator, **options)
    )


def test_in_order_and_fitted(waveforms):
    found = draw(waveforms, [3, 9, 0], batch_size=2, fade_samples=50)
    assert [batch.indices.tolist() for batch in found] == [[3, 9], [0]]
    assert [batch.labels.tolist() for batch in found] == [[0, 3], [0]]
    for waveform, labels, indices in found:
        assert waveform.shape == (len(indices), 6000)
        assert (waveform.dtype, labels.dtype, indices.dtype) == (torch.float32, torch.int64, torch.int64)
        for row, index in zip(waveform.numpy(), indices.tolist(), strict=True):
            np.testing.assert_array_equal(row, fit_length(waveforms.clip(index), 6000, "repeat", 50))


def test_padded_with_zeros(waveforms):
    (batch,) = draw(waveforms, [0], fit="zero")
    np.testing.assert_array_equal(batch.waveform[0, :4000].numpy(), waveforms.clip(0))
    assert not batch.waveform[0, 4000:].any()


def test_shuffled_once_through_and_the_same_from_the_same_seed(waveforms):
    found = draw(waveforms, shuffle=True, seed=1)
    order = torch.cat([batch.indices for batch in found]).tolist()
    assert sorted(order) == list(range(10))
    assert order != list(range(10))
    again = draw(waveforms, shuffle=True, seed=1)
    for one, other in zip(found, again, strict=True):
        assert torch.equal(one.waveform, other.waveform)
        assert torch.equal(one.indices, other.indices)
    other_order = torch.cat([batch.indices for batch in draw(waveforms, shuffle=True, seed=2)]).tolist()
    assert other_order != order


def test_all_randomness_is_drawn_at_once_and_from_the_generator_alone(waveforms):
    generator = torch.Generator().manual_seed(5)
    before = torch.get_rng_state()
    options = {"batch_size": 3, "length": 2000, "generator": generator, "shuffle": True, "crop": "random"}
    unread = batches(waveforms, LABELS, range(10), **options)
    second = list(batches(waveforms, LABELS, range(10), **options))
    assert torch.equal(torch.get_rng_state(), before)
    generator.manual_seed(5)
    first = list(batches(waveforms, LABELS, range(10), **options))
    for one, other in zip(unread, first, strict=True):
        assert torch.equal(one.waveform, other.waveform)
    assert not all(torch.equal(one.waveform, other.waveform) for one, other in zip(first, second, strict=True))


def test_random_crops_lie_in_the_clip_everywhere(waveforms):
    clip = waveforms.clip(2)
    starts = []
    for seed in range(40):
        (batch,) = draw(waveforms, [2], length=1000, crop="random", seed=seed)
        row = batch.waveform[0].numpy()
        (start,) = (at for at in np.flatnonzero(clip == row[0]) if np.array_equal(clip[at : at + 1000], row))
        starts.append(start)
    assert min(starts) < 1000
    assert max(starts) > len(clip) - 2000
    # Shorter clips are repeated as ever.
    (batch,) = draw(waveforms, [0], length=6000, crop="random")
    np.testing.assert_array_equal(batch.waveform[0].numpy(), fit_length(waveforms.clip(0), 6000, "repeat", 0))


def test_the_start_is_kept(waveforms):
    (batch,) = draw(waveforms, [5], length=1000)
    np.testing.assert_array_equal(batch.waveform[0].numpy(), waveforms.clip(5)[:1000])


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [4, 4, 2]), (True, [4, 4])])
def test_last_batch(waveforms, drop_last, sizes):
    found = draw(waveforms, drop_last=drop_last)
    assert [len(batch.labels) for batch in found] == sizes
    assert batch_count(10, 4, drop_last=drop_last) == len(sizes)


def test_balanced_draws_every_class_alike(waveforms):
    counts = np.zeros(4)
    for seed in range(100):
        for batch in draw(waveforms, balanced=True, seed=seed, length=10):
            counts += np.bincount(batch.labels.numpy(), minlength=4)
    assert counts.sum() == 1000
    # Each count is binomial(1000, 1/4): five standard deviations are 68.
    assert np.abs(counts - 250).max() < 68


def test_balanced_stays_within_the_chosen_items(waveforms):
    drawn = torch.cat([batch.indices for batch in draw(waveforms, [0, 6, 7], balanced=True)])
    assert set(drawn.tolist()) <= {0, 6, 7}


def test_nothing_to_go_through(waveforms):
    assert draw(waveforms, []) == []
    assert draw(waveforms, [], balanced=True) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size 0"),
        ({"length": 0}, "length 0"),
        ({"indices": [0, 10]}, "there are items 0 to 9"),
        ({"indices": [-1]}, "there are items 0 to 9"),
    ],
)
def test_out_of_range(waveforms, options, message):
    with pytest.raises(DataError, match=message):
        draw(waveforms, **options)


def test_labels_for_every_item(waveforms):
    with pytest.raises(DataError, match="2 labels for 10 items"):
        batches(waveforms, [0, 1], [0], batch_size=1, length=10)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"balanced": True}, {"crop": "random"}])
def test_randomness_needs_a_generator(waveforms, options):
    with pytest.raises(DataError, match="need a generator"):
        batches(waveforms, LABELS, [0], batch_size=1, length=10, **options)
