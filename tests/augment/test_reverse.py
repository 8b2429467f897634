import torch

from resp.augment import Reverse


def test_samples_are_backwards_with_the_probability(seeded):
    waveform = torch.arange(5.0).expand(4000, 5)
    changed = Reverse()(waveform, seeded())
    backwards = (changed == waveform.flip(1)).all(1)
    assert ((changed == waveform).all(1) | backwards).all()
    assert 0.47 < backwards.float().mean() < 0.53
