"""Layers of EAT by their formulas: the low-pass filter, decimation, residual blocks."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from resp.models.eat_layers import Down, LowPass, PlainResidual, Residual
from small_networks import randn

# Decimation


def response(low_pass, cycles):
    """Amplitude of a complex tone of so many cycles a step, behind the filter, away from the ends."""
    time = torch.arange(240, dtype=torch.float64)
    low_pass = low_pass.double()
    parts = [low_pass(wave(2 * math.pi * cycles * time)[None, None])[0, 0] for wave in (torch.cos, torch.sin)]
    return torch.complex(*parts)[10:-10].abs()


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_the_low_pass_has_the_response_of_a_triangle(factor):
    low_pass = LowPass(1, factor)
    assert low_pass.taps.flatten().tolist() == pytest.approx(
        [(factor + 1 - abs(place)) / (factor + 1) ** 2 for place in range(-factor, factor + 1)]
    )
    torch.testing.assert_close(low_pass(torch.ones(1, 1, 40)), torch.ones(1, 1, math.ceil(40 / factor)))
    for cycles in (0.01, 0.1, 0.23, 0.31, 0.49):
        angle = math.pi * cycles
        expected = (math.sin(angle * (factor + 1)) / ((factor + 1) * math.sin(angle))) ** 2
        heard = response(low_pass, cycles)
        torch.testing.assert_close(heard, torch.full_like(heard, expected), atol=1e-6, rtol=0)


@pytest.mark.parametrize("factor", [2, 4])
def test_a_tone_above_the_new_nyquist_is_attenuated_and_one_well_below_is_not(factor):
    low_pass = LowPass(1, factor)
    nyquist = 0.5 / factor
    assert response(low_pass, 0.2 * nyquist).min() > 0.9
    assert response(low_pass, 1.6 * nyquist).max() < 0.05
    # Plain decimation would keep it whole, as a tone that was not there.
    assert torch.cos(2 * math.pi * 1.6 * nyquist * torch.arange(0.0, 240, factor)).abs().max() > 0.99


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
@pytest.mark.parametrize("steps", [12, 13, 17, 60])
def test_down_against_the_functions_of_torch(factor, steps):
    layer, value = Down(3, factor).eval(), randn(2, 3, steps)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(randn(*parameter.shape, seed=parameter.numel()))
        ours = layer(value)
        weight, scale, shift = layer.parameters()
        padded = F.pad(value, ((factor + 1) // 2, factor // 2), "reflect")
        mapped = F.conv1d(padded, weight) * (scale / math.sqrt(1 + 1e-5))[:, None] + shift[:, None]
        assert mapped.shape[2] == steps
        mapped = F.pad(F.leaky_relu(mapped, 0.2), (factor, factor), "reflect")
        triangle = torch.tensor([factor + 1.0 - abs(place) for place in range(-factor, factor + 1)])
        triangle = triangle / triangle.sum()
        expected = mapped.unfold(2, 2 * factor + 1, factor) @ triangle
    assert ours.shape == (2, 6, math.ceil(steps / factor))
    torch.testing.assert_close(ours, expected)


# Blocks


@pytest.mark.parametrize("dilation", [1, 3])
def test_the_residual_block_by_its_formula(dilation):
    block, value = Residual(4, dilation), randn(3, 4, 60)
    time, channel = block.time[1].weight, block.channel[0].weight
    padded = F.pad(value, (7 * dilation, 7 * dilation), "reflect")

    def active(mapped):
        return F.leaky_relu(F.batch_norm(mapped, None, None, training=True), 0.2)

    over_time = torch.stack(
        [
            sum(time[c, 0, tap] * padded[:, c, tap * dilation : tap * dilation + 60] for tap in range(15))
            for c in range(4)
        ],
        dim=1,
    )
    over_channels = torch.einsum("oi,bit->bot", channel[:, :, 0], value)
    shortcut = torch.einsum("oi,bit->bot", block.shortcut.weight[:, :, 0], value) + block.shortcut.bias[:, None]
    torch.testing.assert_close(block(value), shortcut + active(over_channels) + active(over_time), atol=1e-5, rtol=1e-4)


def test_the_plain_block_adds_its_input():
    block, value = PlainResidual(4, 3), randn(2, 4, 20)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    torch.testing.assert_close(block(value), F.leaky_relu(value, 0.2))


def reach(block):
    """How far from a changed step the block's output changes."""
    block.eval()
    value = randn(1, 4, 201)
    changed = value.clone()
    changed[0, :, 100] += 1
    places = (block(changed) - block(value))[0].abs().sum(0).nonzero().flatten()
    return int((places - 100).abs().max())


def test_blocks_see_as_far_as_their_dilation_says():
    assert [reach(Residual(4, dilation)) for dilation in (1, 3, 9)] == [7, 21, 63]
    assert [reach(PlainResidual(4, dilation)) for dilation in (1, 3, 9)] == [2, 6, 18]
