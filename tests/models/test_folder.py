import hashlib
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from resp.models import ModelError, create, folder
from resp.models.config import Calibration, ModelConfig
from resp.models.folder import find_model, installed_models, load_model, read_config, save_model

CLASSES = ("normal", "crackle", "wheeze", "both")
SETTINGS = {"width": 32, "depth": 2, "heads": 4, "window_s": 1.0, "front_end": {"rate_hz": 8000, "bins": 64}}


def config(**changes):
    return ModelConfig(**{"name": "tried", "network": "ast", "settings": SETTINGS, "classes": CLASSES, **changes})


@pytest.fixture(scope="module")
def network():
    return create("ast", classes=CLASSES, **SETTINGS)


@pytest.fixture
def saved(network, tmp_path):
    save_model(tmp_path / "model", network, config(), "# A card µ\n")
    return tmp_path / "model"


def test_what_is_written_is_read_back(network, tmp_path):
    calibration = Calibration(temperature=1.5, device_temperatures={"Litt3200": 2.0}, set_threshold=0.2)
    written = config(calibration=calibration, trained_band_hz=(50.0, 2000.0))
    save_model(tmp_path / "deep" / "model", network, written, "# A card µ\n")
    assert sorted(p.name for p in (tmp_path / "deep" / "model").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    loaded = load_model(tmp_path / "deep" / "model")
    assert loaded.config == written
    assert loaded.card == "# A card µ\n"
    assert loaded.folder == tmp_path / "deep" / "model"
    assert not loaded.network.training
    waveform = torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))
    network.eval()
    with torch.no_grad():
        torch.testing.assert_close(loaded.network(waveform), network(waveform), atol=1e-6, rtol=0)
    assert all(parameter.requires_grad for parameter in loaded.network.parameters())


def test_batch_norm_statistics_are_kept(tmp_path):
    network = create("mn04", classes=2)
    network.train()(0.1 * torch.randn(4, 16_000, generator=torch.Generator().manual_seed(0)))
    for half in (False, True):
        save_model(tmp_path, network, ModelConfig(name="m", network="mn04", classes=("0", "1")), half=half)
        buffers = dict(load_model(str(tmp_path)).network.named_buffers())
        for name, buffer in network.named_buffers():
            assert torch.equal(buffers[name], buffer), name


def test_the_checksum_is_over_both_files(saved):
    both = (saved / "config.json").read_bytes() + (saved / "model.safetensors").read_bytes()
    assert load_model(saved).sha256 == hashlib.sha256(both).hexdigest()


def test_half_precision_halves_the_file_and_loads_as_float32(network, saved, tmp_path):
    save_model(tmp_path / "half", network, config(), half=True)
    sizes = [(place / "model.safetensors").stat().st_size for place in (saved, tmp_path / "half")]
    assert sizes[1] < 0.6 * sizes[0]
    loaded = load_model(tmp_path / "half").network
    for name, parameter in network.named_parameters():
        other = loaded.get_parameter(name)
        assert other.dtype == torch.float32
        torch.testing.assert_close(other, parameter, atol=1e-4, rtol=1e-3)


def test_saving_again_updates_and_keeps_the_card(network, saved):
    save_model(saved, network, config(version="2"))
    loaded = load_model(saved)
    assert loaded.config.version == "2"
    assert loaded.card == "# A card µ\n"
    assert not list(saved.glob(".*"))


def test_loading_draws_no_random_number(saved):
    before = torch.get_rng_state()
    load_model(saved)
    assert torch.equal(before, torch.get_rng_state())


def test_a_model_without_a_card(saved):
    (saved / "README.md").unlink()
    assert load_model(saved).card == ""


def test_installed_models_have_names(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "SHIPPED", tmp_path / "none")
    assert installed_models() == ()
    with pytest.raises(ModelError, match=f"default model '{folder.DEFAULT_MODEL}'.*none is installed"):
        load_model()
    monkeypatch.setattr(folder, "SHIPPED", tmp_path / "shipped")
    (tmp_path / "shipped" / "stray").mkdir(parents=True)
    for name in (folder.DEFAULT_MODEL, "another"):
        shutil.copytree(saved, tmp_path / "shipped" / name)
    assert installed_models() == tuple(sorted((folder.DEFAULT_MODEL, "another")))
    assert load_model().folder.name == folder.DEFAULT_MODEL
    assert find_model("another") == tmp_path / "shipped" / "another"
    with pytest.raises(ModelError, match=r"'anothr'.*no such model or folder; did you mean 'another'\?"):
        load_model("anothr")
    with pytest.raises(ModelError, match=r"'zzz'.*no such model or folder\. Expected .*another"):
        load_model("zzz")
    with pytest.raises(ModelError, match=r"that folder has no config.json"):
        load_model(tmp_path)


def change(place, **fields):
    path = place / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"network": "astt"}, "no network 'astt'; did you mean 'ast'"),
        ({"settings": {"colour": 1}}, "colour"),
        ({"settings": {"width": 31}}, "width 31"),
        ({"settings": {"width": "wide"}}, "width='wide'"),
        ({"settings": {**SETTINGS, "window_s": "long"}}, "window_s|not supported"),
        ({"settings": {"front_end": {"bins": -1}}}, "bins"),
        ({"settings": {**SETTINGS, "width": 64}}, r"wrong shape: .*patches.projection.weight"),
        ({"settings": {**SETTINGS, "depth": 3}}, r"missing stages.block_3"),
        ({"settings": {**SETTINGS, "depth": 1}}, r"unknown stages.block_2"),
        ({"settings": {**SETTINGS, "classes": 3}}, "classes"),
        ({"classes": ["normal", "abnormal"]}, r"logits.dense.weight is \(4, 32\), expected \(2, 32\)"),
        ({"classes": ["a", "a", "b", "c"]}, "no name twice"),
        ({"classes": 4}, "classes"),
        ({"format_version": 2}, "format version 2; this resp reads 1"),
        ({"surprise": 1}, "surprise"),
        ({"calibration": {"temperature": 0}}, "calibration.temperature"),
        ({"calibration": {"device_temperatures": {"a": -1}}}, "calibration.device_temperatures.a"),
    ],
)
def test_a_wrong_configuration_is_named(saved, fields, said):
    change(saved, **fields)
    with pytest.raises(ModelError, match=said) as caught:
        load_model(saved)
    assert str(saved) in str(caught.value)


@pytest.mark.parametrize(("text", "said"), [("{", "no JSON"), ("[]", "no configuration"), ("{}", "no configuration")])
def test_a_configuration_that_is_none(saved, text, said):
    (saved / "config.json").write_text(text)
    with pytest.raises(ModelError, match=said):
        load_model(saved)


def test_a_missing_configuration(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_config(tmp_path)


def test_damaged_weights(saved):
    path = saved / "model.safetensors"
    raw = path.read_bytes()
    for broken in (
        raw[: len(raw) // 2],
        b"",
        b"not weights at all, by any reading",
        raw[:8] + b"x" + raw[9:],
    ):
        path.write_bytes(broken)
        with pytest.raises(ModelError, match=r"model\.safetensors: damaged"):
            load_model(saved)
    path.unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors: missing"):
        load_model(saved)


def test_missing_and_unknown_weights_are_named(saved):
    path = saved / "model.safetensors"
    state = load_file(path)
    state["stages.feature.surprise"] = state.pop("stages.feature.norm.bias")
    save_file(state, path)
    with pytest.raises(ModelError, match=r"missing stages.feature.norm.bias; unknown stages.feature.surprise"):
        load_model(saved)


def test_network_and_configuration_must_belong_together(network, tmp_path):
    with pytest.raises(ModelError, match="classes"):
        save_model(tmp_path / "a", network, config(classes=CLASSES[::-1]))
    with pytest.raises(ModelError, match="not the one that the configuration makes"):
        save_model(tmp_path / "b", network, config(settings={**SETTINGS, "depth": 1}))
    with pytest.raises(ModelError, match="no network 'nothing'"):
        save_model(tmp_path / "c", network, config(network="nothing"))
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written(network, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written"):
        save_model(tmp_path / "file" / "model", network, config())
