import numpy as np
import pytest
import torch

from resp.models import ModelError, create
from resp.models.predict import predict_logits, predict_pooled

SMALL = {"width": 32, "depth": 1, "heads": 4, "window_s": 0.5}


@pytest.fixture(scope="module")
def network():
    return create("ast", classes=3, dropout=0.4, **SMALL)


@pytest.fixture(scope="module")
def waveforms():
    return 0.1 * torch.randn(5, 8000, generator=torch.Generator().manual_seed(0))


def test_equal_to_one_at_a_time(network, waveforms):
    network.train()
    logits = predict_logits(network, waveforms, batch_size=2)
    assert network.training
    network.eval()
    with torch.no_grad():
        expected = torch.cat([network(one[None]) for one in waveforms]).numpy()
    network.train()
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_arrays_and_read_only_arrays(network, waveforms, dtype):
    array = waveforms.numpy().astype(dtype)
    array.setflags(write=False)
    expected = predict_logits(network, waveforms, device="cpu")
    np.testing.assert_allclose(predict_logits(network, array), expected, atol=1e-2 if dtype == np.float16 else 1e-5)


def test_mode_comes_back_after_an_error(network):
    network.train()
    with pytest.raises(RuntimeError):
        predict_logits(network, torch.zeros(1, 8000, device="meta"))
    assert network.training


def test_none_at_all(network):
    assert predict_logits(network, np.zeros((0, 8000), np.float32)).shape == (0, 3)


def test_any_length_where_the_network_takes_it():
    network = create("mn04", classes=2)
    assert predict_logits(network, 0.1 * np.ones((2, 20_000), np.float32)).shape == (2, 2)


def test_wrong_inputs_are_named(network):
    for wrong, said in (
        (np.zeros((2, 7999), np.float32), r"\(2, 7999\); expected \[batch, 8000\]"),
        (np.zeros(8000, np.float32), r"\(8000,\); expected \[batch, 8000\]"),
        (np.zeros((2, 8000), np.int16), "type int16; expected floating-point"),
        (torch.zeros(2, 8000, dtype=torch.int16), r"torch\.int16"),
        ([[0.0] * 8000], "type list"),
    ):
        with pytest.raises(ModelError, match=said):
            predict_logits(network, wrong)
    with pytest.raises(ModelError, match="batch_size=0"):
        predict_logits(network, np.zeros((2, 8000), np.float32), batch_size=0)


@pytest.mark.parametrize(
    ("name", "settings", "stage", "others"),
    [
        ("ast", SMALL, "patches", (1,)),
        ("ast_conv", {**SMALL, "window_s": 1.0}, "map", (2, 3)),
        ("ast", SMALL, "feature", ()),
    ],
)
def test_a_stage_is_pooled_over_all_but_its_channels_in_the_same_pass(name, settings, stage, others):
    network = create(name, classes=3, **settings).eval()
    waveforms = 0.1 * torch.randn(3, network.input_samples, generator=torch.Generator().manual_seed(0))
    logits, pooled = predict_pooled(network, waveforms, stage, batch_size=2)
    with torch.no_grad():
        value = network.run(waveforms, stop=stage)
    np.testing.assert_allclose(pooled, (value.mean(others) if others else value).numpy(), atol=1e-5)
    np.testing.assert_allclose(logits, predict_logits(network, waveforms), atol=1e-5)


def test_a_stage_without_channels_cannot_be_pooled(network, waveforms):
    with pytest.raises(ModelError, match=r"'spectrogram' has the axes batch, frame, bin; expected one with channels"):
        predict_pooled(network, waveforms, "spectrogram")
    with pytest.raises(ModelError, match="no mix site 'nothing'"):
        predict_pooled(network, waveforms, "nothing")
