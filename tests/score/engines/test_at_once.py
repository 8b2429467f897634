"""How many segments a network takes at once: by where it runs, and how large it is."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from resp.score.engines.at_once import LARGE, ON_GPU, SMALL, segments_at_once
from resp.score.engines.exported import ExportedModel


def of_bytes(count):
    network = nn.Module()
    network.weight = nn.Parameter(torch.empty(count // 4, device="meta"))
    return SimpleNamespace(network=network)


@pytest.mark.parametrize(("size", "expected"), [(4_000_000, SMALL), (340_000_000, LARGE)])
def test_a_large_network_takes_few(size, expected):
    assert segments_at_once(of_bytes(size)) == expected


def test_on_a_gpu_the_size_does_not_matter():
    assert segments_at_once(of_bytes(4_000), "cuda:1") == segments_at_once(of_bytes(340_000_000), "cuda") == ON_GPU


@pytest.mark.parametrize(("size", "expected"), [(1_000, SMALL), (50_000_000, LARGE)])
def test_of_an_exported_model_the_graph_decides(tmp_path, size, expected):
    with (tmp_path / "model.onnx").open("wb") as graph:
        graph.truncate(size)
    model = ExportedModel(None, "", "", tmp_path, SimpleNamespace(engine="onnx"))
    assert segments_at_once(model) == expected
