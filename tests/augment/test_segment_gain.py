import pytest
import torch

from resp.augment import AugmentError, SegmentGain


def test_a_part_is_louder_and_the_rest_as_it_was(seeded):
    transform = SegmentGain((6, 6), (0.1, 0.4), edge_share=0)
    waveform = torch.ones(300, 1000)
    changed = transform(waveform, seeded())
    lengths, starts = [], []
    for row in changed:
        part = (row != 1).nonzero().flatten()
        torch.testing.assert_close(row[part], torch.full((len(part),), 10 ** (6 / 20)))
        assert int(part[-1] - part[0]) + 1 == len(part)
        lengths.append(len(part))
        starts.append(int(part[0]))
    assert 100 <= min(lengths) < 110
    assert 390 < max(lengths) <= 400
    assert min(starts) < 20
    assert max(starts) > 750


def test_edges_are_lines_in_decibels_inside_of_the_part(seeded):
    changed = SegmentGain((-12, -12), (0.5, 0.5), edge_share=0.1)(torch.ones(1, 1000), seeded())[0]
    gain_db = 20 * changed.log10()
    inside = (gain_db < -1e-4).nonzero().flatten()
    assert len(inside) == 500
    torch.testing.assert_close(gain_db.diff().abs().max(), torch.tensor(12 / 101), rtol=1e-3, atol=0)
    assert int((gain_db < -11.999).sum()) == 500 - 2 * 100


def test_gains_are_uniform_in_decibels(seeded):
    drawn = SegmentGain((-20, 6)).draw(torch.zeros(4000, 10), seeded())
    counts = torch.histc(drawn.gain_db, bins=4, min=-20, max=6) / 4000
    torch.testing.assert_close(counts, torch.full((4,), 0.25), atol=0.03, rtol=0)


@pytest.mark.parametrize(
    "settings", [{"gain_db": (3, 0)}, {"share": (0, 2)}, {"edge_share": -0.1}, {"edge_share": float("nan")}]
)
def test_settings_are_checked(settings):
    with pytest.raises(AugmentError, match=next(iter(settings))):
        SegmentGain(**settings)
