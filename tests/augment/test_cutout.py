import pytest
import torch

from resp.augment import AugmentError, Cutout


def test_rectangles_hold_the_fill_and_the_rest_what_it_held(seeded):
    spectrogram = torch.randn(300, 50, 40, generator=seeded(1))
    transform = Cutout(1, (0.1, 0.3), (0.2, 0.5), fill=-7.0)
    cells = transform.draw(spectrogram, seeded())
    changed = transform.apply(spectrogram, cells)
    assert torch.equal(changed == -7, cells)
    assert torch.equal(changed[~cells], spectrogram[~cells])
    frames, bins = cells.any(2), cells.any(1)
    # A rectangle is the product of its two sides, and these are stretches.
    assert torch.equal(cells, frames[:, :, None] & bins[:, None, :])
    for sides, low, high in ((frames, 5, 15), (bins, 8, 20)):
        assert (sides.int().diff(dim=1).abs().sum(1) <= 2).all()
        widths = sides.sum(1)
        assert (int(widths.min()), int(widths.max())) == (low, high)
        assert sides[:, 0].any()
        assert sides[:, -1].any()


def test_several_rectangles_and_none(seeded):
    spectrogram = torch.randn(50, 60, 60, generator=seeded(1))
    one = Cutout(1).draw(spectrogram, seeded()).float().mean()
    assert Cutout(4).draw(spectrogram, seeded()).float().mean() > 2.5 * one
    assert torch.equal(Cutout(0)(spectrogram, seeded()), spectrogram)


def test_the_mean_is_the_fill_by_default(seeded):
    spectrogram = torch.randn(3, 50, 40, generator=seeded(1))
    cells = Cutout().draw(spectrogram, seeded())
    changed = Cutout()(spectrogram, seeded())
    for row, inside, result in zip(spectrogram, cells, changed, strict=True):
        torch.testing.assert_close(result[inside], row.mean().expand(int(inside.sum())))


@pytest.mark.parametrize(("probability", "low", "high"), [(0.0, 0, 0), (0.3, 0.26, 0.34), (1.0, 1, 1)])
def test_probability(seeded, probability, low, high):
    chosen = Cutout(probability=probability).draw(torch.zeros(1, 1, 1).expand(2000, 8, 5), seeded()).flatten(1).any(1)
    assert low <= chosen.float().mean() <= high


def test_tiny_spectrograms(seeded):
    assert Cutout(3)(torch.randn(5, 1, 1, generator=seeded()), seeded()).isfinite().all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rectangles": -1}, "rectangles -1"),
        ({"rectangles": 1.5}, "rectangles 1.5; expected a whole number"),
        ({"frame_share": (0, 1.5)}, "frame_share"),
        ({"bin_share": (0.5, 0.1)}, "bin_share"),
        ({"probability": 2}, "probability 2"),
        ({"fill": "noise"}, "fill 'noise'"),
        ({"fill": None}, "fill None"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(AugmentError, match=message):
        Cutout(**settings)


def test_shape_is_checked(seeded):
    with pytest.raises(AugmentError, match=r"expected \[batch, frames, bins\]"):
        Cutout()(torch.zeros(2, 3), seeded())
