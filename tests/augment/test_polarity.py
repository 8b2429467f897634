import torch

from resp.augment import PolarityFlip


def test_sign_changes_with_the_probability(seeded):
    flipped = PolarityFlip()(torch.ones(4000, 3), seeded())
    assert torch.equal(flipped.abs(), torch.ones(4000, 3))
    assert (flipped == flipped[:, :1]).all()
    assert 0.47 < (flipped[:, 0] < 0).float().mean() < 0.53
