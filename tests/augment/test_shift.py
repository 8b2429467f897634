import math

import pytest
import torch
from scipy.signal.windows import tukey

from resp.augment import AugmentError, TimeShift


def test_each_row_is_rolled_by_its_own_shift(waveform, seeded):
    shift = TimeShift()
    shifts = shift.draw(waveform, seeded())
    assert len(set(shifts.flatten().tolist())) > 3
    rolled = shift.apply(waveform, shifts)
    for row, amount, result in zip(waveform, shifts, rolled, strict=True):
        assert torch.equal(result, row.roll(int(amount)))


def test_shifts_stay_in_their_span(seeded):
    shifts = TimeShift((0.1, 0.2)).draw(torch.zeros(2000, 1000), seeded())
    assert 100 <= shifts.min() < 103
    assert 197 < shifts.max() <= 200


@pytest.mark.parametrize("span", [(-1.5, 0), (0, 1.1), (0.5, 0.1)])
def test_span_is_checked(span):
    with pytest.raises(AugmentError, match=r"shift_share .* within -1 to 1"):
        TimeShift(span)


def test_linear_shifts_lose_one_end_and_bring_zeros(waveform, seeded):
    shift = TimeShift(mode="linear")
    shifts = torch.tensor([[0], [3], [-5], [8000], [-8000], [4000]])
    for row, amount, result in zip(waveform, shifts.flatten().tolist(), shift.apply(waveform, shifts), strict=True):
        expected = torch.zeros(8000)
        for place in range(max(amount, 0), min(8000 + amount, 8000)):
            expected[place] = row[place - amount]
        assert torch.equal(result, expected)


@pytest.mark.parametrize("mode", ["cyclic", "linear"])
@pytest.mark.parametrize("samples", [0.25, -0.5, 17.75, -301.3])
@pytest.mark.parametrize("frequency_hz", [50.0, 440.0, 1900.0])
def test_fractional_shifts_delay_a_tone_as_the_closed_form_says(mode, samples, frequency_hz):
    def tone(time: torch.Tensor) -> torch.Tensor:
        """A tone with a smooth beginning and end, so that it has next to nothing above the Nyquist frequency."""
        envelope = torch.exp(-(((time - 2000) / 300) ** 2))
        return envelope * torch.sin(2 * math.pi * frequency_hz / 4000 * time)

    time = torch.arange(4000, dtype=torch.float64)
    shifted = TimeShift(mode=mode, fractional=True).apply(
        tone(time)[None], torch.tensor([[samples]], dtype=torch.float64)
    )[0]
    torch.testing.assert_close(shifted, tone(time - samples), atol=1e-6, rtol=0)


@pytest.mark.parametrize("time", [1000, 1001])
def test_cyclic_fractional_shifts_are_exact_for_whole_periods(time):
    at = torch.arange(time, dtype=torch.float64)
    shifted = TimeShift(fractional=True).apply(
        torch.cos(2 * math.pi * 37 * at / time)[None], torch.tensor([[123.4]], dtype=torch.float64)
    )
    torch.testing.assert_close(shifted[0], torch.cos(2 * math.pi * 37 * (at - 123.4) / time), atol=1e-7, rtol=0)


@pytest.mark.parametrize("mode", ["cyclic", "linear"])
def test_whole_fractional_shifts_are_the_whole_ones(waveform, mode):
    shifts = torch.tensor([[0], [1], [-7], [4000], [-8000], [500]])
    whole = TimeShift(mode=mode).apply(waveform, shifts)
    fractional = TimeShift(mode=mode, fractional=True).apply(waveform, shifts.double())
    torch.testing.assert_close(fractional, whole, atol=2e-5, rtol=0)


def test_single_precision_keeps_the_fraction_in_long_clips(seeded):
    shift = TimeShift((0.3, 0.3), fractional=True)
    time = torch.arange(200001, dtype=torch.float64)
    tone = torch.from_numpy(tukey(200001, 0.5)) * torch.sin(0.9 * time)
    drawn = shift.draw(tone[None].float(), seeded())
    assert drawn.dtype == torch.float64
    expected = shift.apply(tone[None], drawn)
    torch.testing.assert_close(shift.apply(tone[None].float(), drawn).double(), expected, atol=1e-5, rtol=0)


def test_mode_is_checked():
    with pytest.raises(AugmentError, match="mode 'round'; expected 'cyclic' or 'linear'"):
        TimeShift(mode="round")
