import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resp.models import ModelError
from resp.models.layers import MeanOverTime, Mirror, convolution, dense, linear
from resp.models.lengths import Slide, least_length, length_behind
from small_networks import randn


@pytest.mark.parametrize(("left", "right"), [(3, 3), (0, 2), (2, 1), (9, 9), (0, 0)])
def test_the_mirror_is_reflection_padding(left, right):
    value = randn(2, 3, 10).requires_grad_()
    ours, theirs = Mirror(left, right)(value), F.pad(value, (left, right), "reflect")
    assert torch.equal(ours, theirs)
    weight = randn(*ours.shape, seed=1)
    gradients = [torch.autograd.grad((made * weight).sum(), value)[0] for made in (ours, theirs)]
    torch.testing.assert_close(*gradients)


def test_more_must_be_there_than_is_mirrored():
    with pytest.raises(ModelError, match="9 steps; expected more than the 9 to mirror"):
        Mirror(9, 3)(torch.zeros(1, 1, 9))


@pytest.mark.parametrize(("kernel", "fan_in"), [(40, 16 * 40), ((5, 6), 16 * 30)])
def test_convolutions_start_as_he_says_and_are_activated(kernel, fan_in):
    torch.manual_seed(0)
    layer = convolution(16, 64, kernel, stride=2, padding=1)
    norm = nn.BatchNorm2d if isinstance(kernel, tuple) else nn.BatchNorm1d
    assert [type(part) for part in layer[1:]] == [norm, nn.ReLU]
    assert layer[0].bias is None
    assert layer[0].weight.var().item() == pytest.approx(2 / fan_in, rel=0.05)
    assert layer[0].weight.mean().item() == pytest.approx(0, abs=1e-3)


def test_linear_layers_start_as_lecun_or_he_say():
    torch.manual_seed(0)
    for layer, variance in ((linear(300, 400), 1), (linear(300, 400, "relu"), 2), (dense(300, 400, 0.5)[0], 1)):
        assert layer.weight.var().item() == pytest.approx(variance / 300, rel=0.05)
        assert not layer.bias.any()


def test_the_mean_over_time():
    value = randn(2, 3, 4)
    torch.testing.assert_close(MeanOverTime()(value), value.sum(2) / 4)


@pytest.mark.parametrize(
    "slides", [[Slide(8), Slide(3, 3)], [Slide(64, 2), Slide(16, 2), Slide(64, 64)], [Slide(4, 2, 2), Slide(8, 8)]]
)
def test_lengths_are_those_of_the_layers(slides):
    layers = nn.Sequential(*(nn.Conv1d(1, 1, *slide) for slide in slides))
    least = least_length(slides)
    for length in (least, least + 1, 5 * least + 3):
        assert length_behind(length, slides) == layers(torch.zeros(1, 1, length)).shape[2]
    assert length_behind(least, slides) == 1
    assert length_behind(least - 1, slides) < 1
