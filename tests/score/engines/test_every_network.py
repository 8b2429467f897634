"""Every registered network becomes a graph that gives what torch gives, at any batch size and length."""

import numpy as np
import pytest
import torch

from exported_models import skip_without
from resp.models import REGISTRY, create
from resp.models.predict import predict_pooled
from resp.score import ScoreError
from resp.score.engines.graph import write_graph
from resp.score.engines.onnx_engine import OnnxEngine
from resp.score.engines.split import FrontEnd, Rest
from small_networks import CLASSES, EAT, made, waves

NAMES = [record.name for record in REGISTRY]


@pytest.fixture(autouse=True)
def onnx():
    skip_without("onnx")


def small(name):
    # One playing speed: each has a copy of the trunk in the graph.
    return create(name, classes=CLASSES, window_s=1.0, speeds=[2]) if name == "mn04_linear" else made(name)


def trained_a_little(network):
    """Running statistics are no longer those of the start."""
    with torch.no_grad():
        network(waves(network, count=4, seed=9))
    return network.eval()


def as_graph(network, folder, stage="feature"):
    rest, front = Rest(network, stage).eval(), FrontEnd(network).eval()
    with torch.no_grad():
        value = front(waves(network, count=2))
    any_length = network.input_samples is None
    write_graph(rest, value, folder / "g.onnx", any_length=any_length)
    return OnnxEngine(folder / "g.onnx", front, precision="fp32", stage=stage, threads=1)


@pytest.mark.parametrize("name", NAMES)
def test_graph_equals_torch(name, tmp_path):
    network = trained_a_little(small(name))
    engine = as_graph(network, tmp_path)
    for count in (1, 3):
        windows = waves(network, count=count, seed=count)
        if network.input_samples is None:
            windows = torch.cat((windows, windows[:, :777]), dim=1) if count == 3 else windows
        expected = predict_pooled(network, windows, "feature")
        for one, other in zip(engine.run(windows.numpy()), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-5 * max(1.0, np.abs(other).max()))


def test_what_an_eat_hears_stays_in_front(tmp_path):
    network = trained_a_little(
        create("eat_s", classes=CLASSES, **EAT, input_samples=2048, hears="both", heard_window=64)
    )
    engine = as_graph(network, tmp_path)
    windows = waves(network, count=3)
    np.testing.assert_allclose(
        engine.run(windows.numpy()).logits, predict_pooled(network, windows, "feature")[0], rtol=1e-3, atol=2e-5
    )


def test_a_stage_of_the_front_end_is_no_output():
    with pytest.raises(ScoreError, match="part of the front end"):
        Rest(made("mlp"), "cepstrum")


def test_windows_of_another_length_are_refused(tmp_path):
    engine = as_graph(made("envnet").eval(), tmp_path)
    with pytest.raises(ScoreError, match=r"windows of shape \(1, 5\)"):
        engine.run(np.zeros((1, 5), dtype=np.float32))
