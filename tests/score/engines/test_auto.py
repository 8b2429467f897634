"""The fastest engine that agrees is taken, and remembered."""

import time

import numpy as np
import pytest

from exported_models import load_model, skip_without, write_model
from resp.score import ScoreError, Scorer
from resp.score.engines import auto, cached
from resp.score.engines.contract import Answer
from resp.score.engines.torch_engine import TorchEngine


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RESP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "engines"


class Slow(TorchEngine):
    """Torch that takes its time and may be wrong."""

    def __init__(self, network, seconds, wrong=0.0):
        super().__init__(network, stage="feature")
        self.seconds, self.wrong = seconds, wrong

    def run(self, windows):
        time.sleep(self.seconds)
        logits, pooled = super().run(windows)
        return Answer(logits + np.float32(self.wrong) * np.arange(3, dtype=np.float32), pooled)


def choose(loaded, **changes):
    asked = {"stage": "feature", "precision": "fp32", "device": "cpu", "threads": 1, "batch": 2} | changes
    return auto.fastest(loaded, **asked)


@pytest.fixture
def made_up(model, monkeypatch, cache):
    """Three engines: torch, a faster one, and one that is faster still and wrong."""
    loaded = load_model(model)
    asked = []

    def candidates(*given):
        asked.append(given)
        return {
            "torch": lambda: Slow(loaded.network, 0.1),
            "onnx": lambda: Slow(loaded.network, 0.02),
            "openvino": lambda: Slow(loaded.network, 0.0, wrong=1.0),
        }

    monkeypatch.setattr(auto, "_candidates", candidates)
    return loaded, asked


def test_the_fastest_that_agrees(made_up):
    found = choose(made_up[0])
    assert found.engine == "onnx"
    assert found.reason.startswith("the fastest here in fp32, a window in: onnx ")
    assert "openvino: does not agree with torch in fp32: a logit moves by 2" in found.reason


def test_it_is_measured_once(made_up, cache):
    loaded, asked = made_up
    first = choose(loaded)
    assert choose(loaded) == first
    assert len(asked) == 1
    choose(loaded, threads=2)
    assert len(asked) == 2
    for path in cache.iterdir():
        path.write_text("{")
    assert choose(loaded).engine == "onnx"
    assert len(asked) == 3


def test_a_cache_that_cannot_be_written_costs_a_measurement(made_up, cache, caplog):
    cache.parent.mkdir()
    cache.write_text("no folder")
    assert choose(made_up[0]).engine == "onnx"
    assert "cannot be written" in caplog.text


def test_no_engine_at_all(model, monkeypatch, cache):
    def broken():
        raise OSError("no library")

    monkeypatch.setattr(auto, "_candidates", lambda *given: {"torch": broken})
    with pytest.raises(ScoreError, match="no engine runs tiny in fp32 here: torch: no library"):
        choose(load_model(model))


def test_a_model_folder_is_scored_by_the_engine_that_is_asked_for(model, cache):
    skip_without("onnx")
    scorer = Scorer.load(model, engine="onnx")
    assert scorer.engine.told() == "onnx fp32"
    assert scorer.identity.sha256 == load_model(model).sha256
    windows = np.random.default_rng(0).normal(scale=0.1, size=(3, 16_000)).astype(np.float32)
    for one, other in zip(scorer.engine.run(windows), Scorer.load(model).engine.run(windows), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    (folder,) = cache.iterdir()
    before = (folder / "engine.json").stat().st_mtime_ns
    Scorer.load(model, engine="onnx")
    assert (folder / "engine.json").stat().st_mtime_ns == before
    (folder / "model.onnx").write_bytes(b"damaged")
    Scorer.load(model, engine="onnx")
    assert (folder / "engine.json").stat().st_mtime_ns != before


def test_auto_ends_with_an_engine_and_its_reason(model, cache, monkeypatch):
    monkeypatch.setattr(auto, "missing_library", lambda engine, exporting=None: f"engine {engine} is not there")
    engine = Scorer.load(model, engine="auto").engine
    assert engine.told().startswith("torch fp32: the fastest here in fp32, a window in: torch ")
    assert "onnx: engine onnx is not there" in engine.reason


def test_int8_is_never_made_without_sounds(model, cache):
    for engine in ("onnx", "openvino"):
        with pytest.raises(ScoreError, match=f"resp export tiny --engine {engine} --precision int8 --calibration"):
            Scorer.load(model, engine=engine, precision="int8")
    with pytest.raises(ScoreError, match="resp export"):
        Scorer.load(model, precision="int8")
    assert not cache.exists()


def test_graphs_run_on_a_cpu(model):
    from resp.score.engines import load_with_engine

    with pytest.raises(ScoreError, match="engine onnx runs on a CPU here, not on cuda"):
        load_with_engine(model, device="cuda", threads=1, engine="onnx")


def test_another_process_may_be_faster(model, cache, monkeypatch):
    skip_without("onnx")
    export = cached.export_model

    def late(loaded, folder, **settings):
        export(loaded, folder, **settings)
        return export(loaded, folder, **settings)

    monkeypatch.setattr(cached, "export_model", late)
    assert cached.exported_on_demand(load_model(model), "onnx", "fp32").exported.engine == "onnx"


def test_torch_in_fewer_bits_is_compared_as_exports_are(model, monkeypatch):
    assert Scorer.load(model, precision="bf16").engine.told() == "torch bf16"

    def off(self, windows):
        logits, pooled = run(self, windows)
        return Answer(logits + (self.precision == "bf16") * np.arange(3, dtype=np.float32), pooled)

    run = TorchEngine.run
    monkeypatch.setattr(TorchEngine, "run", off)
    with pytest.raises(ScoreError, match=r"tiny in bf16 does not agree with torch in fp32: .*leave out --precision"):
        Scorer.load(model, precision="bf16")
    Scorer.load(model)
