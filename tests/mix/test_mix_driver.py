import pytest
import torch
from torch import Tensor, nn

from resp import mix
from resp.mix import MixError, Origin, forward_mixed, mix_planned, plan_mix
from resp.models.errors import ModelError
from resp.models.network import Network, Site


class _Count(nn.Module):
    """Doubles its input and remembers what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, value: Tensor) -> Tensor:
        self.seen.append(value.clone())
        return value * 2 + 1


class _Patches(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        return value.reshape(value.shape[0], 6, -1)


def _network() -> Network:
    stages = {
        "spectrogram": _Count(),
        "patches": _Patches(),
        "block": _Count(),
        "feature": nn.Flatten(),
        "logits": nn.Linear(24, 2),
    }
    patch_axes = ("batch", "patch", "channel")
    return Network(
        stages,
        sites=[Site("patches", patch_axes, grid=(2, 3)), Site("block", patch_axes, grid=(2, 3))],
        classes=("normal", "abnormal"),
        rate_hz=24,
        input_samples=24,
        feature_size=24,
    )


@pytest.mark.parametrize("site", ["patches", "block"])
def test_a_mix_changes_only_what_lies_behind_its_site(site: str) -> None:
    network = _network()
    waveform = torch.randn(4, 24, generator=torch.Generator().manual_seed(0))
    mixed, draw = forward_mixed(
        network, waveform, mix.create("patch"), site, torch.Generator().manual_seed(1), stop="feature"
    )
    plain_site = network.run(waveform, stop=site)
    expected = mix.create("patch").apply(plain_site, draw)
    assert 0 < len(draw.positions) < 6
    assert not torch.equal(expected, plain_site)
    assert torch.equal(mixed, network.run(expected, start=site, stop="feature"))
    # The stage before the site saw the waveform itself, once for the mixed run.
    spectrogram = network.stages["spectrogram"]
    assert isinstance(spectrogram, _Count)
    assert torch.equal(spectrogram.seen[0], waveform)
    block = network.stages["block"]
    assert isinstance(block, _Count)
    plain_patches = network.run(waveform, stop="patches")
    assert torch.equal(block.seen[0], plain_patches) == (site == "block")


def test_a_stretch_of_stages_can_be_mixed() -> None:
    network = _network()
    waveform = torch.randn(3, 24, generator=torch.Generator().manual_seed(0))
    spectrogram = network.run(waveform, stop="spectrogram")
    whole, draw = forward_mixed(network, waveform, mix.create("tpatch"), "patches", torch.Generator().manual_seed(2))
    generator = torch.Generator().manual_seed(2)
    plan = plan_mix(network, mix.create("tpatch"), "patches", Origin(waveform, 24), generator)
    part, same = mix_planned(network, spectrogram, plan, generator, start="spectrogram")
    assert torch.equal(whole, part)
    assert torch.equal(draw.positions, same.positions)


def test_a_batch_of_one_comes_back_unmixed() -> None:
    network = _network()
    waveform = torch.randn(1, 24, generator=torch.Generator().manual_seed(0))
    logits, draw = forward_mixed(network, waveform, mix.create("patch"), "patches", torch.Generator().manual_seed(1))
    assert torch.equal(logits, network(waveform))
    assert draw.partner.tolist() == [0]


def test_unknown_sites_and_sites_without_patches_are_refused() -> None:
    network = _network()
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(ModelError, match="no mix site"):
        forward_mixed(network, torch.zeros(2, 24), mix.create("patch"), "logits", generator)
    with pytest.raises(MixError, match="patch"):
        forward_mixed(network, torch.zeros(2, 24), mix.create("patch"), "waveform", generator)


def test_unknown_mixes_and_settings_are_refused() -> None:
    with pytest.raises(MixError, match="did you mean 'patch'"):
        mix.create("pach")
    with pytest.raises(MixError, match="beta"):
        mix.create("patch", beta=2)


def test_the_command_lists_the_mixes() -> None:
    import json

    from click.testing import CliRunner

    from resp.cli.mixes import mixes

    listed = json.loads(CliRunner().invoke(mixes, ["--json"]).output)
    defaults = {record["name"]: record["defaults"] for record in listed}
    assert {"mixup", "eat_mixup", "bc", "speechmix", "intermix", "patch", "tpatch"} <= set(defaults)
    assert defaults["tpatch"] == {"columns": True}
    assert "Interspeech 2023" in CliRunner().invoke(mixes, []).output
