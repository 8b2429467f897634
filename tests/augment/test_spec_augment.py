import pytest
import torch

from resp.augment import AugmentError, SpecAugment, SpecMasks


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def spectrogram() -> torch.Tensor:
    return torch.randn(16, 798, 128, generator=seeded(1))


def runs(mask: torch.Tensor) -> list[int]:
    """Lengths of the stretches of True in a row."""
    text = "".join("1" if inside else "0" for inside in mask.tolist())
    return [len(run) for run in text.split("0") if run]


def test_masked_cells_hold_the_mean_and_the_others_what_they_held(spectrogram):
    augment = SpecAugment()
    masks = augment.draw(spectrogram, seeded())
    masked = augment(spectrogram, seeded())
    for i in range(len(spectrogram)):
        inside = masks.frames[i][:, None] | masks.bins[i][None, :]
        assert torch.equal(masked[i][~inside], spectrogram[i][~inside])
        torch.testing.assert_close(masked[i][inside], spectrogram[i].mean().expand(int(inside.sum())))


@pytest.mark.parametrize(("fill", "expected"), [("zero", 0.0), (-3.5, -3.5)])
def test_other_fills(spectrogram, fill, expected):
    masks = SpecMasks(torch.zeros(16, 798, dtype=torch.bool), torch.zeros(16, 128, dtype=torch.bool))
    masks.frames[3, 10:20] = True
    masked = SpecAugment(fill=fill).apply(spectrogram, masks)
    assert (masked[3, 10:20] == expected).all()
    masked[3, 10:20] = spectrogram[3, 10:20]
    assert torch.equal(masked, spectrogram)


def test_widths_and_places_are_uniform():
    batch = torch.zeros(20000, 12, 10)
    masks = SpecAugment(frequency_masks=1, frequency_width=4, time_masks=0).draw(batch, seeded())
    assert not masks.frames.any()
    widths = masks.bins.sum(1)
    torch.testing.assert_close(widths.bincount() / 20000, torch.full((4,), 0.25), atol=0.015, rtol=0)
    single = masks.bins[widths == 1].float().mean(0)
    torch.testing.assert_close(single, torch.full((10,), 0.1), atol=0.02, rtol=0)
    assert all(len(runs(row)) <= 1 for row in masks.bins[:500])


def test_published_bounds_are_kept_and_reached():
    masks = SpecAugment(frequency_masks=1, time_masks=1).draw(torch.zeros(1, 1, 1).expand(3000, 798, 128), seeded())
    assert int(masks.bins.sum(1).max()) == 47
    assert int(masks.frames.sum(1).max()) == 159
    assert int(masks.bins.sum(1).min()) == int(masks.frames.sum(1).min()) == 0


def test_two_masks_make_at_most_two_stretches():
    masks = SpecAugment().draw(torch.zeros(1, 1, 1).expand(500, 798, 128), seeded())
    stretches = [len(runs(row)) for row in masks.frames]
    assert max(stretches) == 2


def test_every_sample_has_its_own_masks(spectrogram):
    masks = SpecAugment().draw(spectrogram, seeded())
    assert len({tuple(row.tolist()) for row in masks.frames}) > 12


@pytest.mark.parametrize(("probability", "low", "high"), [(0.0, 0, 0), (0.84, 0.81, 0.87), (1.0, 0.99, 1)])
def test_probability(probability, low, high):
    augment = SpecAugment(probability=probability)
    batch = torch.randn(2000, 40, 20, generator=seeded(2))
    changed = (augment(batch, seeded()) != batch).flatten(1).any(1).float().mean()
    assert low <= changed <= high


def test_same_seed_same_masks_and_no_global_state(spectrogram):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    kept = spectrogram.clone()
    first, second, other = (SpecAugment()(spectrogram, seeded(seed)) for seed in (3, 3, 4))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(spectrogram, kept)


def test_masks_wider_than_the_spectrogram():
    masked = SpecAugment(1, 500, 1, 500)(torch.randn(200, 8, 5, generator=seeded()), seeded())
    assert masked.isfinite().all()
    assert int(SpecAugment(1, 500, 0).draw(torch.zeros(2000, 8, 5), seeded()).bins.sum(1).max()) == 5


def test_no_masks_change_nothing(spectrogram):
    assert torch.equal(SpecAugment(frequency_masks=0, time_masks=0)(spectrogram, seeded()), spectrogram)


def test_half_precision_stays(spectrogram):
    assert SpecAugment()(spectrogram.half(), seeded()).dtype == torch.float16


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frequency_masks": -1}, "frequency_masks -1"),
        ({"time_masks": -2}, "time_masks -2"),
        ({"frequency_width": 0}, "frequency_width 0"),
        ({"time_width": 0}, "time_width 0"),
        ({"probability": 1.2}, "probability 1.2"),
        ({"fill": "median"}, "fill 'median'; expected 'mean', 'zero' or a number"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(AugmentError, match=message):
        SpecAugment(**settings)


@pytest.mark.parametrize("shape", [(798, 128), (2, 1, 798, 128), (2, 0, 128)])
def test_shape_is_checked(shape):
    with pytest.raises(AugmentError, match=r"expected \[batch, frames, bins\]"):
        SpecAugment()(torch.zeros(shape), seeded())
