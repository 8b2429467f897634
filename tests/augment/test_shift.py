import pytest
import torch

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
