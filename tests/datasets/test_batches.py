"""Batches: every item once, the same from the same seed, balanced where asked."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from resp.audio import fit_length, rescale_time
from resp.datasets import Census, DataError, DataSet, Item, WaveformCache, batches
from resp.datasets.batches import batch_count, plan_batches

LABELS = [0, 0, 0, 0, 0, 0, 1, 1, 2, 3]


@pytest.fixture
def waveforms(make_dataset, tmp_path):
    dataset = make_dataset([str(index) for index in range(10)], LABELS, sound=True)
    return WaveformCache(tmp_path / "cache").open(dataset, 4000)


def draw(waveforms, indices=range(10), *, seed=0, batch_size=4, length=6000, **options):
    generator = torch.Generator().manual_seed(seed)
    return made(waveforms, LABELS, indices, batch_size=batch_size, length=length, generator=generator, **options)


def made(*arguments, **options):
    return [make() for make in plan_batches(*arguments, **options)]


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
    planned = plan_batches(waveforms, LABELS, range(10), **options)
    second = made(waveforms, LABELS, range(10), **options)
    assert torch.equal(torch.get_rng_state(), before)
    generator.manual_seed(5)
    first = made(waveforms, LABELS, range(10), **options)
    for one, other in zip([make() for make in planned], first, strict=True):
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


def draw_slowly(waveforms, indices, seed, *, length, pad=0, time_scale=None, crop="random", fit="repeat"):
    """Scale, pad, crop and fill up whole clips, one after the other."""
    generator = torch.Generator().manual_seed(seed)
    count = len(indices)
    places = torch.rand(count, generator=generator, dtype=torch.float64) if crop == "random" else torch.zeros(count)
    drawn = torch.rand(count, generator=generator, dtype=torch.float64) if time_scale else None
    clips = []
    for number, index in enumerate(indices):
        clip = waveforms.clip(index)
        if drawn is not None:
            low, high = time_scale
            clip = rescale_time(clip, low * (high / low) ** float(drawn[number]))
        if waveforms.is_whole(index):
            clip = np.concatenate([np.zeros(pad), clip, np.zeros(pad)])
        starts = range(len(clip) - length + 1)
        if len(starts) > 1:
            clip = clip[starts[int(float(places[number]) * len(starts))] :]
        clips.append(fit_length(clip, length, fit))
    return np.stack(clips)


@pytest.mark.parametrize("fit", ["repeat", "zero"])
@pytest.mark.parametrize("crop", ["start", "random"])
@pytest.mark.parametrize("time_scale", [None, (0.8, 1.25), (1.0, 1.0)])
@pytest.mark.parametrize(("length", "pad"), [(3000, 0), (3000, 1500), (9000, 500), (500, 700), (20_000, 100)])
def test_scaled_padded_and_cropped_as_one_step_after_the_other(waveforms, length, pad, time_scale, crop, fit):
    options = {"length": length, "pad": pad, "time_scale": time_scale, "crop": crop, "fit": fit}
    indices = [3, 9, 0, 3, 5, 7]
    for seed in (0, 1):
        found = torch.cat([batch.waveform for batch in draw(waveforms, indices, seed=seed, **options)])
        np.testing.assert_array_equal(found.numpy(), draw_slowly(waveforms, indices, seed, **options))


def test_the_factor_of_time_is_uniform_on_a_logarithmic_axis(monkeypatch, waveforms):
    # As of the augmentation time_scale and of BC learning: longer is as likely as shorter.
    factors = []
    monkeypatch.setattr(batches, "rescaled_length", lambda samples, factor: factors.append(factor) or samples)
    monkeypatch.setattr(batches, "rescale_time", lambda clip, factor, first, last: clip[first:last])
    draw(waveforms, [2] * 1000, length=500, time_scale=(0.5, 4.0))
    octaves = np.log2(factors)
    assert kstest(octaves, "uniform", args=(-1, 3)).pvalue > 0.01


def test_stretches_of_a_recording_are_not_padded(make_sound, tmp_path):
    path = make_sound(tmp_path / "a.wav")
    items = tuple(Item("a", path, start_s, end_s, 0, "p") for start_s, end_s in ((None, None), (0.1, 0.6)))
    waveforms = WaveformCache(tmp_path / "cache").open(DataSet("made", ("normal",), items, Census(())), 4000)
    (batch,) = made(waveforms, [0, 0], [0, 1], batch_size=2, length=2000, pad=100)
    np.testing.assert_array_equal(batch.waveform[0].numpy(), np.pad(waveforms.clip(0), 100)[:2000])
    np.testing.assert_array_equal(batch.waveform[1].numpy(), waveforms.clip(1))


def test_a_crop_of_half_padding_keeps_half_of_the_clip(waveforms):
    # Zeros of half the window before and behind: the middle of every crop lies in the clip.
    heard = []
    for seed in range(60):
        (batch,) = draw(waveforms, [0], length=3000, pad=1500, crop="random", seed=seed)
        found = batch.waveform[0].numpy()
        assert np.count_nonzero(found) >= 1490
        heard += [found[0] != 0, found[-1] != 0]
    assert 0 < sum(heard) < len(heard)


def test_time_is_scaled_alike_for_the_same_seed_and_leaves_crops_as_they_are(waveforms):
    options = {"length": 2500, "crop": "random", "time_scale": (0.5, 2.0)}
    one, again, other = (draw(waveforms, seed=seed, **options)[0].waveform for seed in (3, 3, 4))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    # The factors are drawn behind all else.
    plain, scaled = (draw(waveforms, length=2500, crop="random", shuffle=True, time_scale=by) for by in (None, (1, 1)))
    for left, right in zip(plain, scaled, strict=True):
        assert torch.equal(left.waveform, right.waveform)


def test_several_labels(waveforms):
    targets = np.eye(4, dtype=np.float32)[LABELS]
    targets[3, 2] = 1
    generator = torch.Generator().manual_seed(0)
    options = {"batch_size": 4, "length": 100, "shuffle": True, "generator": generator}
    for batch in made(waveforms, targets, range(10), **options):
        assert batch.labels.dtype == torch.float32
        np.testing.assert_array_equal(batch.labels.numpy(), targets[batch.indices.numpy()])


def test_batches_are_the_same_in_any_order_and_made_twice(waveforms):
    generator = torch.Generator().manual_seed(0)
    options = {"batch_size": 3, "length": 1000, "crop": "random", "shuffle": True, "generator": generator}
    planned = plan_batches(waveforms, LABELS, range(10), **options)
    backwards = [make() for make in reversed(planned)]
    for one, two in zip(reversed(backwards), [make() for make in planned], strict=True):
        assert torch.equal(one.waveform, two.waveform)
        assert torch.equal(one.indices, two.indices)


def test_labels_as_an_array(waveforms):
    (batch,) = made(waveforms, np.array(LABELS), [2, 6, 9], batch_size=4, length=100)
    assert (batch.labels.dtype, batch.labels.tolist()) == (torch.int64, [0, 1, 3])


@pytest.mark.parametrize("labels", [np.zeros((10, 4)), np.zeros(10, np.float32), np.zeros((10, 4, 1), np.float32)])
def test_labels_of_another_shape(waveforms, labels):
    with pytest.raises(DataError, match=r"expected whole numbers \[items\], or float32 \[items, classes\]"):
        plan_batches(waveforms, labels, [0], batch_size=1, length=10)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_pinned_batches_are_the_same(waveforms):
    for one, two in zip(draw(waveforms), draw(waveforms, pin_memory=True), strict=True):
        assert two.waveform.is_pinned()
        assert two.labels.is_pinned()
        assert torch.equal(one.waveform, two.waveform)
        assert torch.equal(one.labels, two.labels)


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
        ({"pad": -1}, "pad -1"),
        ({"time_scale": (0.0, 1.0)}, "expected bounds of a positive factor"),
        ({"time_scale": (1.2, 1.1)}, "expected bounds of a positive factor"),
        ({"indices": [0, 10]}, "there are items 0 to 9"),
        ({"indices": [-1]}, "there are items 0 to 9"),
    ],
)
def test_out_of_range(waveforms, options, message):
    with pytest.raises(DataError, match=message):
        draw(waveforms, **options)


def test_labels_for_every_item(waveforms):
    with pytest.raises(DataError, match="2 labels for 10 items"):
        plan_batches(waveforms, [0, 1], [0], batch_size=1, length=10)


@pytest.mark.parametrize(
    "options", [{"shuffle": True}, {"balanced": True}, {"crop": "random"}, {"time_scale": (0.8, 1.25)}]
)
def test_randomness_needs_a_generator(waveforms, options):
    with pytest.raises(DataError, match="need a generator"):
        plan_batches(waveforms, LABELS, [0], batch_size=1, length=10, **options)
