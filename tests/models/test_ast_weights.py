import json
import socket

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import ASTConfig, ASTForAudioClassification

from resp.models import ModelError, create
from resp.models.ast import build_ast
from resp.models.ast_weights import load_ast_weights
from resp.models.positions import fit_positions

WIDTH, DEPTH, HEADS, CLASSES = 32, 3, 4, 6
NAMES = tuple(f"class {index}" for index in range(CLASSES))
# 1024 frames, so that the grid is that of the published weights.
WINDOW_S = (1023 * 160 + 400) / 16_000


def ours(*, window_s=WINDOW_S, classes=NAMES, **settings):
    shape = {"width": WIDTH, "depth": DEPTH, "heads": HEADS, "norm_eps": 1e-12, **settings}
    return build_ast(classes=classes, window_s=window_s, **shape).eval()


@pytest.fixture(scope="module")
def theirs():
    """Transformers' own AST with random weights, none of them at its starting value."""
    config = ASTConfig(
        hidden_size=WIDTH,
        num_hidden_layers=DEPTH,
        num_attention_heads=HEADS,
        intermediate_size=4 * WIDTH,
        num_labels=CLASSES,
    )
    model = ASTForAudioClassification(config).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            centre = 1.0 if "layernorm" in name and name.endswith("weight") else 0.0
            parameter.copy_(centre + 0.2 * torch.randn(parameter.shape, generator=generator))
    return model


@pytest.fixture(scope="module")
def folder(theirs, tmp_path_factory):
    """A Hugging Face folder as transformers itself writes it."""
    place = tmp_path_factory.mktemp("huggingface")
    theirs.save_pretrained(place)
    return place


def as_timm(saved):
    """The same weights under the keys of the original code, written out by hand."""
    body = "audio_spectrogram_transformer."
    timm = {
        "module.v.cls_token": saved[f"{body}embeddings.cls_token"],
        "module.v.dist_token": saved[f"{body}embeddings.distillation_token"],
        "module.v.pos_embed": saved[f"{body}embeddings.position_embeddings"],
        # ImageNet heads that the original file carries along.
        "module.v.head.weight": torch.zeros(1000, WIDTH),
        "module.v.head.bias": torch.zeros(1000),
        "module.v.head_dist.weight": torch.zeros(1000, WIDTH),
        "module.v.head_dist.bias": torch.zeros(1000),
    }
    for kind in ("weight", "bias"):
        timm[f"module.v.patch_embed.proj.{kind}"] = saved[f"{body}embeddings.patch_embeddings.projection.{kind}"]
        timm[f"module.v.norm.{kind}"] = saved[f"{body}layernorm.{kind}"]
        timm[f"module.mlp_head.0.{kind}"] = saved[f"classifier.layernorm.{kind}"]
        timm[f"module.mlp_head.1.{kind}"] = saved[f"classifier.dense.{kind}"]
        for number in range(DEPTH):
            block, new = f"{body}encoder.layer.{number}.", f"module.v.blocks.{number}."
            timm[f"{new}attn.qkv.{kind}"] = torch.cat(
                [saved[f"{block}attention.attention.{part}.{kind}"] for part in ("query", "key", "value")]
            )
            timm[f"{new}attn.proj.{kind}"] = saved[f"{block}attention.output.dense.{kind}"]
            timm[f"{new}norm1.{kind}"] = saved[f"{block}layernorm_before.{kind}"]
            timm[f"{new}norm2.{kind}"] = saved[f"{block}layernorm_after.{kind}"]
            timm[f"{new}mlp.fc1.{kind}"] = saved[f"{block}intermediate.dense.{kind}"]
            timm[f"{new}mlp.fc2.{kind}"] = saved[f"{block}output.dense.{kind}"]
    return timm


@pytest.fixture(scope="module")
def checkpoint(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("timm") / "audioset_10_10_0.4593.pth"
    torch.save(as_timm(load_file(folder / "model.safetensors")), path)
    return path


@pytest.fixture(scope="module")
def waveform():
    samples = round(WINDOW_S * 16_000)
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def reference(theirs, waveform):
    """What transformers' own forward gives for the same spectrogram."""
    with torch.no_grad():
        spectrogram = ours().run(waveform, stop="spectrogram")
        assert spectrogram.shape == (2, 1024, 128)
        return theirs(spectrogram).logits


@pytest.mark.parametrize("layout", ["huggingface", "timm"])
def test_both_layouts_give_the_logits_of_transformers(layout, folder, checkpoint, waveform, reference):
    network = ours()
    loaded = load_ast_weights(network, folder if layout == "huggingface" else str(checkpoint), head="require")
    assert (loaded.layout, loaded.head, loaded.grid) == (layout, True, (12, 101))
    assert not loaded.positions_fitted
    with torch.no_grad():
        torch.testing.assert_close(network(waveform), reference, atol=1e-4, rtol=0)
    assert reference.std() > 0.1


def test_timm_norm_eps_changes_logits_by_less_than_1e_4(folder, waveform, reference):
    network = ours(norm_eps=1e-6)
    load_ast_weights(network, folder)
    with torch.no_grad():
        torch.testing.assert_close(network(waveform), reference, atol=1e-4, rtol=0)


def test_the_feature_is_the_pooled_output(theirs, folder, waveform):
    network = ours()
    load_ast_weights(network, folder)
    with torch.no_grad():
        pooled = theirs.audio_spectrogram_transformer(network.run(waveform, stop="spectrogram")).pooler_output
        torch.testing.assert_close(network.run(waveform, stop="feature"), pooled, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["memory", "bin", "bare", "wrapped"])
def test_other_spellings_of_the_same_weights(kind, theirs, folder, checkpoint, tmp_path, waveform, reference):
    source = tmp_path
    if kind == "memory":  # Names that transformers 5 has in memory.
        source = tmp_path / "memory.safetensors"
        save_file(theirs.state_dict(), source)
    elif kind == "bin":
        torch.save(load_file(folder / "model.safetensors"), tmp_path / "pytorch_model.bin")
    elif kind == "wrapped":
        source = tmp_path / "wrapped.pth"
        torch.save({"epoch": 3, "model": torch.load(checkpoint, weights_only=True)}, source)
    else:  # Without its head, as ASTModel saves it.
        theirs.audio_spectrogram_transformer.save_pretrained(tmp_path)
    network = ours()
    loaded = load_ast_weights(network, source)
    assert loaded.head is (kind != "bare")
    if kind == "bare":
        network.stages["logits"].load_state_dict(theirs.classifier.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(network(waveform), reference, atol=1e-4, rtol=0)


@pytest.mark.parametrize("layout", ["frequency_time", "reference"])
def test_positions_are_fitted_to_another_window(layout, folder, checkpoint):
    saved = load_file(folder / "model.safetensors")
    given = saved["audio_spectrogram_transformer.embeddings.position_embeddings"][0]
    for source in (folder, checkpoint):
        network = ours(window_s=8.0, position_layout=layout)
        loaded = load_ast_weights(network, source)
        assert loaded.positions_fitted
        expected = torch.cat((given[:2], fit_positions(given[2:], (12, 101), (12, 79), layout)))
        assert torch.equal(network.stages["tokens"].positions[0], expected)


def test_the_declared_grid_counts(theirs, folder, tmp_path):
    """A folder of a model that was trained on 64 bins and 256 frames."""
    config = theirs.config.to_dict() | {"num_mel_bins": 64, "max_length": 256}
    model = ASTForAudioClassification(ASTConfig.from_dict(config))
    model.save_pretrained(tmp_path)
    network = ours()
    assert load_ast_weights(network, tmp_path).grid == (5, 25)
    with pytest.raises(ModelError, match=r"125 patches.*no multiple of 12 or 12.*give grid"):
        load_ast_weights(network, tmp_path / "model.safetensors")
    assert load_ast_weights(network, tmp_path / "model.safetensors", grid=(5, 25)).positions_fitted
    with pytest.raises(ModelError, match=r"125 patches.*\(4, 25\) has 100"):
        load_ast_weights(network, tmp_path, grid=(4, 25))


def test_a_head_of_other_classes_is_left_or_refused(folder):
    network = ours(classes=("normal", "abnormal"))
    before = network.stages["logits"].dense.weight.clone()
    assert not load_ast_weights(network, folder).head
    assert torch.equal(network.stages["logits"].dense.weight, before)
    with pytest.raises(ModelError, match=r"has 6 classes \(.*bias\), the network has 2"):
        load_ast_weights(network, folder, head="require")


def test_a_head_of_as_many_classes_can_be_left_too(folder):
    network = ours()
    before = network.stages["logits"].dense.weight.clone()
    assert not load_ast_weights(network, folder, head="skip").head
    assert torch.equal(network.stages["logits"].dense.weight, before)


@pytest.mark.parametrize("layout", ["huggingface", "timm"])
def test_missing_unknown_and_misshapen_keys_are_named(layout, folder, checkpoint, tmp_path):
    if layout == "huggingface":
        state = load_file(folder / "model.safetensors")
        body = "audio_spectrogram_transformer."
        lost, bent = f"{body}encoder.layer.1.attention.attention.query.weight", f"{body}layernorm.bias"
    else:
        state = torch.load(checkpoint, weights_only=True)
        lost, bent = "module.v.blocks.1.attn.qkv.weight", "module.v.norm.bias"
    del state[lost]
    state[bent] = torch.zeros(WIDTH + 1)
    state["module.v.surprise" if layout == "timm" else "surprise"] = torch.zeros(1)
    path = tmp_path / "broken.pth"
    torch.save(state, path)
    network = ours()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(ModelError) as caught:
        load_ast_weights(network, path)
    message = str(caught.value)
    assert "missing stages.block_2.attention.q_proj.weight" in message
    assert "surprise" in message
    assert f"stages.feature.norm.bias is ({WIDTH + 1},), expected ({WIDTH},)" in message
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_another_width_is_named_shortly(folder):
    with pytest.raises(ModelError, match=r"wrong shape: .*expected.* and \d+ more") as caught:
        load_ast_weights(ours(width=64), folder)
    assert len(str(caught.value)) < 1500


def test_positions_that_are_missing_or_flat_are_named(folder, tmp_path):
    key = "audio_spectrogram_transformer.embeddings.position_embeddings"
    state = load_file(folder / "model.safetensors")
    save_file(state | {key: torch.zeros(5)}, tmp_path / "flat.safetensors")
    with pytest.raises(ModelError, match=r"stages.tokens.positions is \(5,\)"):
        load_ast_weights(ours(), tmp_path / "flat.safetensors")
    del state[key]
    save_file(state, tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match=r"missing stages.tokens.positions"):
        load_ast_weights(ours(), tmp_path / "none.safetensors")


def test_joined_rows_that_cannot_be_parted_are_named(checkpoint, tmp_path):
    state = torch.load(checkpoint, weights_only=True)
    state["module.v.blocks.0.attn.qkv.bias"] = torch.zeros(3 * WIDTH + 1)
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(ModelError, match=r"v\.blocks\.0\.attn\.qkv\.bias of shape \(97,\)"):
        load_ast_weights(ours(), tmp_path / "odd.pth")


class Trap:
    """What a hostile file would hold."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('executed')",))


def test_sources_that_are_no_weights(tmp_path, folder):
    network = ours()
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.pth").write_text("not weights")
    (tmp_path / "text.safetensors").write_text("not weights")
    torch.save({"weights": Trap()}, tmp_path / "trap.pth")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    torch.save({"resnet.weight": torch.zeros(1)}, tmp_path / "other.pth")
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    (odd / "config.json").write_text(json.dumps([1, 2]))
    for name, said in {
        "nowhere": "no such file or folder.*hub:NAME",
        "empty": "no weights in this folder.*model.safetensors",
        "text.pth": "damaged",
        "text.safetensors": "damaged",
        "trap.pth": "not a file of tensors alone",
        "list.pth": "holds a list; expected a mapping",
        "other.pth": r"keys of no AST \(resnet.weight",
        "odd": "no configuration of an AST",
    }.items():
        with pytest.raises(ModelError, match=said):
            load_ast_weights(network, tmp_path / name)


def test_wrong_arguments(folder):
    with pytest.raises(ModelError, match="expected a network made by build_ast"):
        load_ast_weights(create("mn04", classes=2), folder)
    with pytest.raises(ModelError, match="head='maybe'"):
        load_ast_weights(ours(), folder, head="maybe")


def test_the_hub_is_asked_only_where_named(folder, monkeypatch):
    import huggingface_hub

    asked = []

    def download(name, **options):
        asked.append(name)
        if name == "no/such":
            raise OSError("no connection")
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    network = ours()
    with pytest.raises(ModelError, match="no such file or folder"):
        load_ast_weights(network, "MIT/ast-finetuned-audioset-10-10-0.4593")
    assert asked == []
    assert load_ast_weights(network, "hub:some/name").head
    with pytest.raises(ModelError, match=r"hub:no/such: cannot be had.*no connection"):
        load_ast_weights(network, "hub:no/such")
    assert asked == ["some/name", "no/such"]


@pytest.mark.network
def test_the_published_weights_give_the_published_logits():
    """Transformers' own AST test: its sample clip, first three logits."""
    import numpy as np
    from huggingface_hub import hf_hub_download

    from resp.audio import load_recording, resample

    try:
        socket.create_connection(("huggingface.co", 443), timeout=5).close()
    except OSError as error:
        pytest.skip(f"huggingface.co cannot be reached ({error})")
    clip = hf_hub_download("nielsr/audio-spectogram-transformer-checkpoint", "sample_audio.flac", repo_type="dataset")
    recording = load_recording(clip)
    samples = np.array(resample(recording.mono(), recording.rate_hz, 16_000))
    network = create("ast", classes=527, window_s=WINDOW_S, subtract_mean=True, norm_eps=1e-12).eval()
    load_ast_weights(network, "hub:MIT/ast-finetuned-audioset-10-10-0.4593", head="require")
    # Their pipeline pads the spectrogram with 0 before it is normalised.
    bank = network.stages["spectrogram"]
    frames = bank.log_mel(torch.from_numpy(samples - samples.mean())[None])
    padded = torch.nn.functional.pad(frames, (0, 0, 0, 1024 - frames.shape[1]))[:, :1024]
    with torch.no_grad():
        logits = network.run(bank.normalise(padded), start="spectrogram")[0]
    expected = torch.tensor([-0.8760, -7.0042, -8.6602])
    torch.testing.assert_close(logits[:3], expected, atol=1e-3, rtol=0)
