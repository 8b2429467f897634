"""What holds for any network of the registry, tried on small ones."""

import numpy as np
import pytest
import torch

from resp.models import REGISTRY, ModelError, create
from resp.models.config import ModelConfig
from resp.models.folder import load_model, save_model
from resp.models.initialise import SkipInitialisation
from resp.models.predict import predict_logits
from small_networks import CLASSES, SMALL, made, waves

NAMES = [record.name for record in REGISTRY]


@pytest.fixture(scope="module", params=NAMES)
def network(request):
    """A network in evaluation mode that has seen a batch in training."""
    network = made(request.param)
    with torch.no_grad():
        network(waves(network, count=4, seed=9))
    return network.eval()


def test_all_are_tried():
    assert set(SMALL) == set(NAMES)


def test_stages_and_sites(network):
    assert network.stage_names[-1] == "logits"
    assert network.site("feature").axes[-1] == "channel"
    value = waves(network)
    with torch.no_grad():
        for before, name in zip(network.stage_names, network.stage_names[1:], strict=False):
            given = value.clone()
            made = network.run(value, start=before, stop=name)
            assert torch.equal(value, given), f"{name} changed its input"
            value = made
            if name in network.sites:
                assert value.ndim == len(network.site(name).axes), name
                assert network.site(name).axes[0] == "batch"
            assert len(value) == 3
            if name == "feature":
                assert value.shape[-1] == network.feature_size
    assert value.shape == (3, len(CLASSES))


def test_any_stretch_of_stages_joins_up(network):
    waveform = waves(network)
    with torch.no_grad():
        whole = network(waveform)
        for name in network.stage_names:
            torch.testing.assert_close(network.run(network.run(waveform, stop=name), start=name), whole)


def test_evaluation_is_deterministic_and_samples_do_not_meet(network):
    waveform = waves(network)
    with torch.no_grad():
        whole = network(waveform)
        assert whole.std() > 0
        assert torch.equal(network(waveform), whole)
        alone = torch.cat([network(one[None]) for one in waveform])
    torch.testing.assert_close(alone, whole, atol=1e-5, rtol=1e-4)
    np.testing.assert_allclose(predict_logits(network, waveform, batch_size=2), whole.numpy(), atol=1e-5, rtol=1e-4)


def test_mixed_precision_is_near(network):
    waveform = waves(network)
    with torch.no_grad():
        whole = network(waveform)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = network(waveform)
    # bfloat16 keeps eight bits.
    torch.testing.assert_close(mixed.float(), whole, atol=0.1 * whole.abs().max().item(), rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_every_weight_and_the_waveform(name):
    network = made(name)
    waveform = waves(network).requires_grad_()
    # Sines, so that no sum over classes is constant.
    network(waveform).sin().sum().backward()
    without = [key for key, weight in network.named_parameters() if weight.grad is None]
    assert without == []
    assert all(weight.grad.isfinite().all() for weight in network.parameters())
    assert waveform.grad.isfinite().all()
    assert waveform.grad.abs().sum() > 0


def test_a_folder_keeps_it(network, tmp_path, request):
    name = request.node.callspec.params["network"]
    save_model(tmp_path, network, ModelConfig(name="m", network=name, settings=SMALL[name], classes=CLASSES))
    loaded = load_model(tmp_path).network
    waveform = waves(network)
    with torch.no_grad():
        assert torch.equal(loaded(waveform), network(waveform))


@pytest.mark.parametrize("name", NAMES)
def test_weights_follow_from_the_seed_and_can_be_left_out(name):
    one, same, other = (made(name, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)
    before = torch.get_rng_state()
    with SkipInitialisation():
        empty = create(name, classes=CLASSES, **SMALL[name])
    assert torch.equal(before, torch.get_rng_state())
    empty.load_state_dict(one)
    assert all(torch.equal(one[key], value) for key, value in empty.state_dict().items())


def test_other_lengths_are_refused(network):
    fixed, least = network.input_samples, network.least_samples
    if fixed is None:
        assert least > 1
        with torch.no_grad():
            assert network(waves(network)[:, :least]).isfinite().all()
        wrong, said = [least - 1, 0], rf"at least {least}\].*{network.rate_hz} Hz"
    else:
        wrong, said = [fixed - 1, fixed + 1], rf"\[batch, {fixed}\].*cut or repeat the sound"
    for samples in wrong:
        with pytest.raises(ModelError, match=said):
            network(torch.zeros(2, samples))
    with pytest.raises(ModelError, match=said):
        network(torch.zeros(fixed or 2 * least))


@pytest.mark.parametrize("name", [name for name in NAMES if made(name).input_samples is None])
def test_silence_of_any_length_is_taken(name):
    network = made(name).eval()
    for samples in (network.least_samples + 1, 3 * network.least_samples + 7):
        with torch.no_grad():
            assert network(torch.zeros(2, samples)).isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_unknown_settings_are_named(name):
    with pytest.raises(ModelError, match="colour"):
        create(name, classes=2, colour="red")


@pytest.mark.parametrize("name", ["envnet", "envnet_v2", "m18", "soundnet5", "piczak_cnn", "mlp"])
def test_windows_in_seconds(name):
    network = create(name, classes=2, **{**SMALL[name], "window_s": 1.25})
    assert network.input_samples == round(1.25 * network.rate_hz)
    for window_s in (0.0, -1.0, float("nan"), float("inf"), 1e-3, "1.25", True):
        with pytest.raises(ModelError, match="window_s="):
            create(name, classes=2, **{**SMALL[name], "window_s": window_s})


@pytest.mark.parametrize("name", ["ast_tiny", "eat_s", "envnet", "piczak_cnn", "mlp"])
def test_dropout_is_a_share(name):
    for dropout in (-0.1, 1.0, float("nan"), "0.1", None, True):
        with pytest.raises(ModelError, match=r"dropout=.*; expected 0 to below 1"):
            create(name, classes=2, dropout=dropout)
