import pytest
import torch

from resp.augment import AnyNoise, AugmentError, UniformNoise


@pytest.mark.parametrize("snr_db", [0.0, 30.0])
def test_uniform_noise_is_uniform_and_at_its_ratio(seeded, snr_db):
    waveform = torch.randn(3, 40000, generator=seeded(1), dtype=torch.float64)
    added = UniformNoise((snr_db, snr_db))(waveform, seeded()) - waveform
    ratio_db = 10 * (waveform.square().mean(1) / added.square().mean(1)).log10()
    torch.testing.assert_close(ratio_db, torch.full_like(ratio_db, snr_db), atol=1e-4, rtol=0)
    # The variance of uniform numbers in [−a, a] is a² / 3.
    peak = added.abs().amax(1)
    torch.testing.assert_close(added.square().mean(1).sqrt() * 3**0.5, peak, rtol=0.02, atol=0)
    counts = torch.histc(added[0] / peak[0], bins=4, min=-1, max=1) / 40000
    torch.testing.assert_close(counts, torch.full_like(counts, 0.25), atol=0.01, rtol=0)


def test_every_sample_gets_one_kind_and_all_kinds_come(seeded):
    waveform = torch.randn(2100, 64, generator=seeded(1))
    noise = AnyNoise()
    drawn = noise.draw(waveform, seeded())
    rows = torch.cat([kind.rows for kind in drawn])
    assert sorted(rows.tolist()) == list(range(2100))
    assert [len(kind.rows) for kind in drawn] == pytest.approx([300] * 7, abs=60)
    changed = noise.apply(waveform, drawn)
    for kind in drawn:
        torch.testing.assert_close(changed[kind.rows], kind.transform.apply(waveform[kind.rows], kind.drawn))


def test_kinds_are_those_that_were_named(seeded):
    drawn = AnyNoise(("violet", "phase"), snr_db=(7, 7)).draw(torch.zeros(50, 64), seeded())
    violet, phase = (kind.transform for kind in drawn)
    assert (violet.colours, violet.snr_db) == (("violet",), (7, 7))
    assert phase.deviation_rad == (0.01, 0.3)


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ((), "expected a list of some of white"),
        (("green",), r"kinds \('green',\); expected a list of some of white, .*, uniform, phase"),
        ("white", "kinds 'white'; expected a list"),
    ],
)
def test_kinds_are_checked(kinds, message):
    with pytest.raises(AugmentError, match=message):
        AnyNoise(kinds)
