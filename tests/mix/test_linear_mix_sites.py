"""Where in a network linear mixes act: what lies behind the site is mixed, and nothing before it."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from resp import mix
from resp.mix import MixError, forward_mixed
from resp.models.network import Network, Site
from sounds_to_mix import LABELS, WAVEFORM, Seen, generator, origin_of


def _network() -> Network:
    torch.manual_seed(0)
    stages = {
        "frames": Seen(nn.Unflatten(1, (1, 24))),
        "block": Seen(nn.Sequential(nn.Conv1d(1, 3, 5), nn.ReLU())),
        "feature": Seen(nn.Flatten()),
        "logits": nn.Linear(60, 3),
    }
    axes = ("batch", "channel", "time")
    return Network(
        stages,
        sites=[Site("frames", axes), Site("block", axes), Site("feature", ("batch", "channel"))],
        classes=("a", "b", "c"),
        rate_hz=24,
        input_samples=24,
        feature_size=60,
    )


@pytest.mark.parametrize(
    ("name", "site"),
    [("bc", "waveform")]
    + [
        (name, site)
        for name in ("mixup", "eat_mixup", "speechmix")
        for site in ("waveform", "frames", "block", "feature")
    ],
)
def test_only_what_lies_behind_the_site_is_mixed(name: str, site: str) -> None:
    network, made = _network(), mix.create(name)
    waveform = torch.randn(5, 24, generator=generator(0))
    with torch.no_grad():
        plain = {stage: network.run(waveform, stop=stage) for stage in network.stage_names}
        for stage in network.stages.values():
            if isinstance(stage, Seen):
                stage.seen.clear()
        logits, draw = forward_mixed(network, waveform, made, site, generator(1), labels=LABELS)
        expected = network.run(made.apply(plain[site], draw), start=site)
    assert torch.equal(logits, expected)
    assert not torch.allclose(logits, plain["logits"])
    names = network.stage_names
    for before, after in pairwise(names):
        stage = network.stages[after]
        if isinstance(stage, Seen):
            assert torch.equal(stage.seen[0], plain[before]) == (names.index(before) < names.index(site))


def test_bc_learning_acts_on_waveforms_only() -> None:
    hidden = Site("block", ("batch", "channel", "time"))
    assert "speechmix" in str(mix.create("bc").problem(hidden))
    assert mix.create("bc").problem(WAVEFORM) is None
    assert mix.create("speechmix").problem(hidden) is None
    with pytest.raises(MixError, match="speechmix"):
        mix.create("bc").draw(torch.zeros(5, 2, 3), hidden, generator(0), origin_of())
