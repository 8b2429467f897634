import pytest
import torch

from resp.features import FeatureError, deltas


def values(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("width", [3, 5, 9])
@pytest.mark.parametrize("shape", [(2, 30, 4), (30, 4), (2, 3, 1, 2)])
def test_equal_to_torchaudio(width, shape):
    functional = pytest.importorskip("torchaudio.functional", exc_type=(ImportError, OSError))
    features = values(*shape)
    theirs = functional.compute_deltas(features.mT.contiguous(), win_length=width).mT
    torch.testing.assert_close(deltas(features, width), theirs)


def test_a_line_has_its_slope():
    slope = torch.tensor([0.5, -2.0])
    features = torch.arange(20.0)[:, None] * slope
    torch.testing.assert_close(deltas(features)[4:-4], slope.expand(12, 2))
    assert deltas(features)[0, 0] < 0.5


def test_gradients_and_the_input():
    features = values(8, 2).requires_grad_()
    before = features.detach().clone()
    deltas(features).square().sum().backward()
    assert features.grad.isfinite().all()
    assert torch.equal(features, before)


def test_wrong_inputs_are_named():
    for width in (1, 2, 8, -3):
        with pytest.raises(FeatureError, match=f"over {width} frames"):
            deltas(values(10, 2), width)
    for wrong in (values(10), values(0, 2)):
        with pytest.raises(FeatureError, match=r"expected .*frames, features"):
            deltas(wrong)
