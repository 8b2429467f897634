"""An exported folder says what the model says, stands on its own, and is refused where a byte of it changed."""

import json
import shutil

import numpy as np
import pytest
import torch

import resp
from exported_models import load_model, skip_without, write_model, write_sounds
from resp.models import ModelError
from resp.score import ScoreError, Scorer
from resp.score.engines import export, export_model, packages, read_exported
from resp.score.engines.agreement import Tolerance


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return write_sounds(tmp_path_factory.mktemp("sounds") / "in")


@pytest.fixture(scope="module")
def exported(model, sounds, tmp_path_factory):
    """Export once for each engine and precision that is asked for."""
    done = {}

    def get(engine, precision="fp32"):
        skip_without(engine, precision)
        if (engine, precision) not in done:
            out = tmp_path_factory.mktemp(f"{engine}-{precision}") / "out"
            # Folders move: nothing in one may point at where it was written.
            export_model(model, out, engine=engine, precision=precision, calibration=sounds)
            done[engine, precision] = out.rename(out.with_name("elsewhere"))
        return done[engine, precision]

    return get


@pytest.fixture
def copied(exported, tmp_path):
    return shutil.copytree(exported("onnx"), tmp_path / "copy")


def plain(report):
    return report.model_copy(update={"model": None}).to_dict()


def assert_alike(one, other, tolerance):
    """Equal but for numbers, which may differ by a little."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_alike(one[key], other[key], tolerance)
    elif isinstance(one, list):
        for first, second in zip(one, other, strict=True):
            assert_alike(first, second, tolerance)
    elif isinstance(one, float):
        assert one == pytest.approx(other, abs=tolerance)
    else:
        assert one == other


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_reports_are_those_of_torch(model, exported, sounds, engine):
    by_torch, by_graph = Scorer.load(model), Scorer.load(exported(engine))
    for path in sorted(sounds.iterdir()):
        expected, found = by_torch.score_file(path), by_graph.score_file(path)
        assert expected.familiarity is not None
        assert expected.summary is not None
        assert_alike(plain(found), plain(expected), 1e-4)
        assert found.model.name == "tiny"
        assert found.model.version == "7"
        assert found.model.sha256 == read_exported(by_graph.model.folder).sha256 != expected.model.sha256
        assert "A card." in found.model.card
        assert "## Exported" in found.model.card


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
@pytest.mark.parametrize(("count", "frames"), [(1, 98), (3, 98), (2, 97), (5, 40), (2, 1)])
def test_any_batch_and_number_of_frames(model, exported, engine, count, frames):
    network, folder = load_model(model).network, read_exported(exported(engine))
    assert folder.exported.most_frames == 98
    generator = torch.Generator().manual_seed(count)
    given = torch.randn(count, frames, 128, generator=generator)
    # A log-mel energy of 0, behind AudioSet's normalisation: AST's own filling.
    filling = torch.full((count, 98 - frames, 128), 4.2677393 / (2 * 4.5689974))
    with torch.no_grad():
        feature = network.run(torch.cat((given, filling), dim=1), start="spectrogram", stop="feature")
        logits = network.run(feature, start="feature")
    for threads in (1, 2, 3):
        answer = folder.engine(threads).run_frames(given.numpy())
        np.testing.assert_allclose(answer.logits, logits.numpy(), atol=1e-4)
        np.testing.assert_allclose(answer.pooled, feature.numpy(), atol=1e-4)


def test_more_frames_than_the_window_has_are_refused(exported):
    with pytest.raises(ScoreError, match="99 frames; the model takes at most 98"):
        read_exported(exported("onnx")).engine(1).run_frames(np.zeros((1, 99, 128), dtype=np.float32))


def test_what_is_written_down(model, exported):
    told = read_exported(exported("onnx")).exported
    assert (told.engine, told.precision, told.takes, told.gives) == ("onnx", "fp32", "spectrogram", "feature")
    assert told.source.sha256 == load_model(model).sha256
    assert told.fill == pytest.approx(0.46704, abs=1e-4)
    assert told.agreement.sounds == "real"
    assert told.agreement.recordings == 4
    assert told.agreement.largest_logit_change <= told.tolerance.limit == 1e-3
    assert told.made_with["torch"] == torch.__version__.partition("+")[0] or "torch" in told.made_with
    assert (exported("onnx") / "config.json").read_bytes() == (model / "config.json").read_bytes()


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_int8_is_calibrated_and_near(exported, model, sounds, engine):
    told = read_exported(exported(engine, "int8")).exported
    assert told.quantisation is not None
    assert told.quantisation.recordings == 2
    assert told.agreement.largest_probability_change <= 0.03
    assert told.agreement.labels_agree >= 0.99
    graph = "model.onnx" if engine == "onnx" else "model.bin"
    assert (exported(engine, "int8") / graph).stat().st_size < 0.6 * (exported(engine) / graph).stat().st_size
    windows = np.random.default_rng(0).normal(scale=0.1, size=(2, 16_000)).astype(np.float32)
    exact, near = (Scorer.load(folder).engine.run(windows) for folder in (model, exported(engine, "int8")))
    assert 0 < np.abs(exact.logits - near.logits).max() < 0.5


def test_bf16_is_told_and_taken(exported, tmp_path):
    skip_without("openvino", "bf16")
    from resp.score.engines.openvino_engine import computes_bf16

    if not computes_bf16():
        pytest.skip("this processor has no bf16")
    told = read_exported(exported("openvino", "bf16")).exported
    assert told.products == "bf16"
    assert told.agreement.largest_logit_change > 1e-6
    # fp32 must not become bf16 behind one's back, as it would by OpenVINO's own choice.
    assert read_exported(exported("openvino")).exported.agreement.largest_logit_change < 1e-4


@pytest.mark.parametrize("name", ["config.json", "README.md", "model.onnx"])
def test_a_changed_file_is_refused(copied, name):
    path = copied / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ScoreError, match=f"{name}: not the file that was exported"):
        Scorer.load(copied)


def test_a_missing_file_is_refused(copied):
    (copied / "model.onnx").unlink()
    with pytest.raises(ScoreError, match=r"model\.onnx: cannot be read"):
        Scorer.load(copied)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"precision": "int8"}, "was changed after it was written"),
        ({"format_version": 2}, "format version 2"),
        ({"engine": "abacus"}, "engine: "),
        ({"more": 1}, "more: "),
    ],
)
def test_a_changed_configuration_is_refused(copied, change, problem):
    path = copied / "engine.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ScoreError, match=problem):
        Scorer.load(copied)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_no_configuration_is_refused(copied, text):
    (copied / "engine.json").write_text(text)
    with pytest.raises(ScoreError, match="export the model anew"):
        Scorer.load(copied)


def test_a_folder_that_lists_other_files_is_refused(copied):
    told = read_exported(copied).exported
    told = told.model_copy(update={"files": told.files | {"../../etc/passwd": "00"}})
    told = told.model_copy(update={"sha256": told.checksum()})
    (copied / "engine.json").write_text(told.model_dump_json())
    with pytest.raises(ScoreError, match="expected README"):
        Scorer.load(copied)


def test_beyond_the_tolerance_nothing_is_written(model, tmp_path):
    skip_without("onnx")
    with pytest.raises(ScoreError, match=r"does not agree with torch.*a logit moves by .* \(at most 1e-12\)"):
        export_model(model, tmp_path / "out", engine="onnx", tolerance=1e-12)
    assert list(tmp_path.iterdir()) == []


def test_another_tolerance_is_written_down(model, tmp_path):
    skip_without("onnx")
    told = export_model(model, tmp_path / "out", engine="onnx", tolerance=0.5).exported
    assert told.tolerance == Tolerance(measure="logit", limit=0.5, least_agreement=0.99, as_default=False)
    assert told.agreement.sounds == "synthetic"


def test_convolutions_stay_where_they_do_not_agree(model, sounds, tmp_path, monkeypatch):
    skip_without("onnx", "int8")
    asked = []
    problem = export.Agreement.problem

    def first_refused(agreement, tolerance):
        asked.append(agreement)
        return "no" if len(asked) == 1 else problem(agreement, tolerance)

    monkeypatch.setattr(export.Agreement, "problem", first_refused)
    told = export_model(model, tmp_path / "out", engine="onnx", precision="int8", calibration=sounds).exported
    assert told.quantisation is not None
    assert told.quantisation.layers == "without convolutions"
    assert told.quantisation.tried == ("all layers, the rest in fp32: no",)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"engine": "abacus"}, "engine='abacus'; expected onnx or openvino"),
        ({"engine": "onnx", "precision": "fp8"}, "precision='fp8'"),
        ({"engine": "onnx", "precision": "bf16"}, "no bf16 products on a CPU"),
        ({"engine": "openvino", "precision": "int8"}, "calibrated on real sounds"),
        ({"engine": "onnx", "calibration": "/no/such"}, "no such folder"),
        ({"engine": "onnx", "tolerance": 0.0}, "tolerance=0.0"),
        ({"engine": "onnx", "tolerance": float("nan")}, "tolerance=nan"),
    ],
)
def test_wrong_settings_are_refused(model, tmp_path, settings, problem):
    with pytest.raises(ScoreError, match=problem):
        export_model(model, tmp_path / "out", **settings)


def test_a_folder_that_is_there_is_kept(model, tmp_path):
    skip_without("onnx")
    (tmp_path / "mine").write_text("x")
    with pytest.raises(ScoreError, match="is there already"):
        export_model(model, tmp_path, engine="onnx")


def test_sounds_that_cannot_be_read_are_named(model, tmp_path):
    skip_without("onnx")
    (tmp_path / "a.wav").write_text("a letter")
    with pytest.raises(ScoreError, match=r"no recording to compare or calibrate on.*a\.wav"):
        export_model(model, tmp_path / "out", engine="onnx", calibration=tmp_path)


@pytest.mark.parametrize(("engine", "library"), [("onnx", "onnxruntime"), ("openvino", "openvino")])
def test_a_library_that_is_missing_is_named_with_its_extra(model, tmp_path, monkeypatch, engine, library):
    found = packages.find_spec
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name == library else found(name))
    with pytest.raises(ScoreError, match=rf"{library}.* not installed; .*resp\[{engine}\]"):
        export_model(model, tmp_path / "out", engine=engine)


def test_an_exported_folder_only_scores(exported, sounds):
    folder = exported("onnx")
    with pytest.raises(ModelError, match="only scores"):
        load_model(folder)
    path = min(sounds.iterdir())
    scorer = Scorer.load(folder)
    segment = scorer.score_file(path).segments[0]
    with pytest.raises(ScoreError, match="only scores; explain with the model"):
        scorer.explain(resp.load_recording(path), segment)
    with pytest.raises(ScoreError, match=r"read it with Scorer\.load"):
        Scorer(scorer.model)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"engine": "torch"}, "was exported for onnx"),
        ({"precision": "int8"}, "was exported in fp32"),
        ({"engine": "fast"}, "engine='fast'"),
        ({"precision": "fp8"}, "precision='fp8'"),
    ],
)
def test_what_does_not_go_with_the_folder_is_refused(exported, asked, problem):
    with pytest.raises(ScoreError, match=problem):
        Scorer.load(exported("onnx"), **asked)


def test_auto_takes_what_the_folder_is_for(exported):
    engine = Scorer.load(exported("onnx"), engine="auto", precision="fp32").engine
    assert engine.told() == "onnx fp32: what the model was exported for"
