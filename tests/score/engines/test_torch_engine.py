import numpy as np
import pytest
import torch

from exported_models import network
from resp.models.predict import predict_pooled
from resp.score import ScoreError
from resp.score.engines import TorchEngine


@pytest.fixture(scope="module")
def net():
    return network()


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(0).normal(scale=0.1, size=(3, 16_000)).astype(np.float32)


def test_fp32_is_the_network_itself(net, windows):
    expected = predict_pooled(net, windows, "feature")
    for one, other in zip(TorchEngine(net, stage="feature").run(windows), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_bf16_is_near_and_not_equal(net, windows):
    exact = TorchEngine(net, stage="feature").run(windows)
    near = TorchEngine(net, stage="feature", precision="bf16").run(windows)
    assert near.logits.dtype == near.pooled.dtype == np.float32
    difference = np.abs(near.logits - exact.logits).max()
    assert 1e-6 < difference < 0.05 * np.abs(exact.logits).max()


@pytest.mark.parametrize("stage", ["feature", "logits", "block_1"])
def test_compiled_takes_the_same_steps(net, windows, stage, monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda module: compiled.append(module) or module)
    found = TorchEngine(net, stage=stage, compiled=True).run(windows)
    for one, other in zip(found, predict_pooled(net, windows, stage), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert len(compiled) == 1


def test_int8_is_refused(net):
    with pytest.raises(ScoreError, match="engine torch has no int8"):
        TorchEngine(net, stage="feature", precision="int8")
