import numpy as np
import pytest
import torch

from resp.models import ModelError
from resp.models.positions import fit_positions


def slow_fit(positions, source, target):
    """Bilinear at half-pixel centres and middle cuts, one value at a time, by their definitions."""
    frequencies, times = source
    picture = np.asarray(positions, dtype=np.float64).reshape(frequencies, times, -1)
    out = np.zeros((*target, picture.shape[-1]))

    def weights(place, learned, wanted):
        if wanted <= learned:
            return [(learned // 2 - wanted // 2 + place, 1.0)]
        centre = (place + 0.5) * learned / wanted - 0.5
        low = int(np.floor(centre))
        share = centre - low
        ends = (max(low, 0), min(low + 1, learned - 1))
        return [(ends[0], 1 - share), (ends[1], share)]

    for f in range(target[0]):
        for t in range(target[1]):
            for one, first in weights(f, frequencies, target[0]):
                for two, second in weights(t, times, target[1]):
                    out[f, t] += first * second * picture[one, two]
    return out.reshape(target[0] * target[1], -1)


def learned(source, width=3, seed=0):
    return torch.randn(source[0] * source[1], width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((12, 101), (12, 79)),
        ((12, 101), (12, 101)),
        ((12, 101), (12, 150)),
        ((12, 101), (20, 60)),
        ((12, 101), (5, 133)),
        ((12, 101), (79, 12)),
        ((4, 7), (3, 6)),
    ],
)
def test_equal_to_the_slow_version(source, target):
    positions = learned(source)
    expected = slow_fit(positions, source, target)
    np.testing.assert_allclose(fit_positions(positions, source, target).numpy(), expected, atol=1e-4)


def test_published_cut_is_around_50():
    positions = torch.arange(12 * 101.0)[:, None]
    fitted = fit_positions(positions, (12, 101), (12, 79)).reshape(12, 79)
    first = 50 - 79 // 2
    assert fitted[0].tolist() == list(range(first, first + 79))
    assert fitted[3, 0] == 3 * 101 + first


def test_reference_layout_fits_to_the_transposed_grid():
    positions = learned((12, 101))
    fitted = fit_positions(positions, (12, 101), (12, 79), "reference")
    np.testing.assert_allclose(fitted.numpy(), slow_fit(positions, (12, 101), (79, 12)), atol=1e-4)
    assert not torch.allclose(fitted, fit_positions(positions, (12, 101), (12, 79)), atol=0.1)


def test_positions_that_are_not_of_the_grid_are_refused():
    with pytest.raises(ModelError, match=r"\(10, 3\).*\[12, width\].*\(3, 4\)"):
        fit_positions(torch.zeros(10, 3), (3, 4), (3, 4))
