import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from resp.audio import load_recording, resample
from resp.models import ModelError, create
from resp.models.initialise import SkipInitialisation
from resp.models.mn04_spectrogram import Mn04Spectrogram, frame_count
from resp.models.mobilenet import build_mn04, load_mn04_weights, read_mn04, trunk

DOG = 74  # AudioSet's "Dog"; 72 to 78 are animals, pets, bark, yip, howl and bow-wow.


def made(classes=4, **settings):
    with SkipInitialisation():
        return create("mn04", classes=classes, **settings).eval()


def noise(*shape, seed=0):
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def low_noise(rate_hz, seconds, top_hz, seed=0):
    """Noise of a band that every rate above ``2 · top_hz`` holds, exact at any rate: a sum of cosines."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    tones_hz, phases = rng.uniform(20, top_hz, 200), rng.uniform(0, 2 * np.pi, 200)
    sound = sum(np.cos(2 * np.pi * tone * time_s + phase) for tone, phase in zip(tones_hz, phases, strict=True))
    return torch.from_numpy(0.01 * sound).float()[None]


# The network


def test_sizes_to_the_digit():
    network = made(classes=527)
    assert sum(parameter.numel() for parameter in network.parameters()) == 983_599
    assert sum(p.numel() for layer in trunk().values() for p in layer.parameters()) == 516_128
    assert network.feature_size == 384
    assert network.input_samples is None


def test_stages_and_sites():
    network = made()
    blocks = tuple(f"block_{number}" for number in range(1, 17))
    assert network.stage_names == ("waveform", "spectrogram", "stem", *blocks, "feature", "logits")
    waveform = noise(2, 32_000)
    image = network.run(waveform, stop="block_16")
    assert image.shape == (2, 384, 4, 4)
    assert network.run(image, start="block_16", stop="feature").shape == (2, 384)
    assert network(waveform).shape == (2, 4)
    for name, site in network.sites.items():
        assert network.run(waveform, stop=name).ndim == len(site.axes), name


def test_any_length_is_taken_down_to_one_transform():
    for rate_hz, least in ((32_000, 514), (4000, 65)):
        network = create("mn04", classes=4, rate_hz=rate_hz).eval()
        assert network(noise(1, least)).isfinite().all()
        with pytest.raises(ModelError, match=rf"at least {least}\] \(.* s at {rate_hz} Hz\): repeat"):
            network(noise(1, least - 1))
    with pytest.raises(ModelError, match=r"shape \(4000,\); expected \[batch, at least 65\]"):
        network(noise(4000))


@pytest.mark.parametrize("rate_hz", [44_100, 2000, 0, -4000, "4000", None])
def test_other_rates_are_refused(rate_hz):
    with pytest.raises(ModelError, match=r"expected one of 32000, 16000, 8000, 4000"):
        build_mn04(classes=("a",), rate_hz=rate_hz)


def test_other_settings_are_refused():
    with pytest.raises(ModelError, match="width"):
        create("mn04", classes=2, width=0.4)


@pytest.mark.parametrize("dropout", [-0.1, 1.5, math.nan])
def test_a_wrong_dropout_is_refused(dropout):
    with pytest.raises(ModelError, match="dropout"):
        create("mn04", classes=2, dropout=dropout)


# The spectrogram


def slow_spectrogram(waveform):
    """One clip [time] at 32 kHz, frame by frame in float64, mel filters from torchaudio."""
    kaldi = pytest.importorskip("torchaudio.compliance.kaldi", exc_type=(ImportError, OSError))
    filters, _ = kaldi.get_mel_banks(128, 1024, 32_000, 0.0, 15_000.0, 100.0, -500.0, 1.0)
    filters = np.pad(filters.numpy().astype(np.float64), ((0, 0), (0, 1)))
    sound = waveform.double().numpy()
    sound = sound[1:] - 0.97 * sound[:-1]
    padded = np.pad(sound, 512, mode="reflect")
    window = np.zeros(1024)
    window[112:912] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(800) / 799)
    frames = []
    for start in range(0, len(sound) + 1, 320):
        power = np.abs(np.fft.rfft(padded[start : start + 1024] * window)) ** 2
        frames.append((np.log(filters @ power + 1e-5) + 4.5) / 5)
    return torch.from_numpy(np.array(frames))


@pytest.mark.parametrize("samples", [32_000, 32_001, 31_999, 16_123, 514])
def test_spectrogram_against_a_slow_one(samples):
    waveform = noise(2, samples)
    ours = Mn04Spectrogram()(waveform)
    assert ours.shape[1] == frame_count(samples, 32_000)
    for row in range(2):
        torch.testing.assert_close(ours[row].double(), slow_spectrogram(waveform[row]), atol=1e-4, rtol=0)


def bins_below(top_hz):
    """How many mel filters end below a frequency."""
    mel = 1127 * math.log1p(15_000 / 700) / 129
    return sum(700 * math.expm1((bin_ + 2) * mel / 1127) < top_hz for bin_ in range(128))


def check_near(ours, theirs, top_hz):
    """Equal but for the ends: on average within 0.05 dB, 99 of 100 values within 0.35 dB.

    A step of 1 is 5 nepers of power, 21.7 dB. In the nulls between partials single values differ by more. The
    first and last frames mirror the sound at their own rate, and the lower rate's pre-emphasis wraps around.
    """
    assert ours.shape == theirs.shape
    difference = (ours - theirs)[:, 3:-3, : bins_below(top_hz)].abs()
    assert difference.shape[2] > 45
    assert difference.mean() < 0.05 / 21.7
    assert difference.flatten().quantile(0.99) < 0.35 / 21.7
    assert difference.max() < 0.6


@pytest.mark.parametrize("rate_hz", [16_000, 8000, 4000])
@pytest.mark.parametrize("seconds", [1.0, 2.345])
def test_a_lower_rate_gives_the_spectrogram_of_32_khz(rate_hz, seconds):
    low, high = low_noise(rate_hz, seconds, 1700), low_noise(32_000, seconds, 1700)
    assert high.shape[1] == low.shape[1] * (32_000 // rate_hz)
    ours, theirs = Mn04Spectrogram(rate_hz)(low), Mn04Spectrogram()(high)
    check_near(ours, theirs, 1600)


@pytest.mark.data
@pytest.mark.parametrize("name", ["EP1_Asthma,I E W,P L L,70,M.wav", "BP112_N,N,P L M,30,M.wav"])
def test_a_real_recording_at_4_khz_gives_its_spectrogram_at_32_khz(data_dir, name):
    recording = load_recording(data_dir / "kauh" / name)
    assert recording.rate_hz == 4000
    low = recording.mono()
    low = low / np.abs(low).max()
    high = resample(low, 4000, 32_000)
    ours = Mn04Spectrogram(4000)(torch.from_numpy(low)[None])
    theirs = Mn04Spectrogram()(torch.from_numpy(high)[None])
    check_near(ours, theirs, 1800)


def loud_whistle(device="cpu"):
    """A second at 12 kHz, full scale: after pre-emphasis its power is beyond half precision."""
    return torch.sin(2 * math.pi * 12_000 / 32_000 * torch.arange(32_000, device=device))[None]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_leaves_the_spectrogram_in_full_precision(dtype):
    spectrogram = Mn04Spectrogram()
    with torch.autocast("cpu", dtype):
        inside = spectrogram(loud_whistle())
    assert inside.isfinite().all()
    torch.testing.assert_close(inside, spectrogram(loud_whistle()), atol=0, rtol=0)


@pytest.mark.gpu
def test_half_precision_on_cuda_leaves_the_spectrogram_in_full_precision():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    spectrogram = Mn04Spectrogram().cuda()
    with torch.autocast("cuda", torch.float16):
        inside = spectrogram(loud_whistle("cuda"))
    assert inside.isfinite().all()
    torch.testing.assert_close(inside, spectrogram(loud_whistle("cuda")), atol=1e-4, rtol=0)


def test_gradients_reach_the_waveform():
    waveform = noise(1, 4000).requires_grad_()
    Mn04Spectrogram(4000)(waveform).sum().backward()
    assert waveform.grad.isfinite().all()
    assert (waveform.grad != 0).all()


# Published weights


def reference_logits(blocks, state, spectrogram):
    """The network by PyTorch's functions alone, from the published keys; [batch, frames, 128] → logits."""

    def convolution(value, key, activation, stride=1, groups=1):
        weight = state[f"{key}.0.weight"]
        value = F.conv2d(value, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
        mean, variance = (state[f"{key}.1.running_{name}"].view(1, -1, 1, 1) for name in ("mean", "var"))
        scale, shift = (state[f"{key}.1.{name}"].view(1, -1, 1, 1) for name in ("weight", "bias"))
        return activation((value - mean) / (variance + 1e-3).sqrt() * scale + shift)

    def same(value):
        return value

    value = convolution(spectrogram.transpose(1, 2).unsqueeze(1), "features.0", F.hardswish, stride=2)
    for number, (_, expanded, out, squeeze, stride) in enumerate(blocks, start=1):
        before, index = value, 0
        activation = F.hardswish if number >= 7 else F.relu
        if expanded != before.shape[1]:
            value, index = convolution(value, f"features.{number}.block.0", activation), 1
        value = convolution(value, f"features.{number}.block.{index}", activation, stride, groups=expanded)
        if squeeze:
            index += 1
            key = f"features.{number}.block.{index}.conc_se_layers.0"
            inner = value.mean((2, 3)) @ state[f"{key}.fc1.weight"].T + state[f"{key}.fc1.bias"]
            outer = inner.clamp(min=0) @ state[f"{key}.fc2.weight"].T + state[f"{key}.fc2.bias"]
            value = value * outer.sigmoid()[..., None, None]
        value = convolution(value, f"features.{number}.block.{index + 1}", same)
        if stride == 1 and out == before.shape[1]:
            value = value + before
    value = convolution(value, "features.16", F.hardswish).mean((2, 3))
    value = F.hardswish(value @ state["classifier.2.weight"].T + state["classifier.2.bias"])
    return value @ state["classifier.5.weight"].T + state["classifier.5.bias"]


def test_a_published_layout_gives_the_logits_of_its_equations(mn04_file, mn04_layout):
    network = made(classes=527)
    load_mn04_weights(network, mn04_file)
    waveform = noise(2, 20_000)
    with torch.no_grad():
        spectrogram = network.run(waveform, stop="spectrogram")
        expected = reference_logits(mn04_layout.blocks, mn04_layout.random(527), spectrogram)
        assert expected.std() > 0.01
        torch.testing.assert_close(network(waveform), expected, atol=1e-4, rtol=1e-4)


def test_another_class_count_keeps_the_last_layer(mn04_file, mn04_layout):
    network = create("mn04", classes=4).eval()
    last = {key: value.clone() for key, value in network.stages["logits"].state_dict().items()}
    load_mn04_weights(network, mn04_file)
    state = mn04_layout.random(527)
    now = network.stages["logits"].state_dict()
    assert torch.equal(now["3.weight"], last["3.weight"])
    assert torch.equal(now["3.bias"], last["3.bias"])
    assert torch.equal(now["0.weight"], state["classifier.2.weight"])
    assert torch.equal(network.get_parameter("stages.stem.convolution.0.weight"), state["features.0.0.weight"])


def test_missing_and_unknown_keys_are_named(tmp_path, mn04_layout):
    state = mn04_layout.random(527)
    del state["features.16.1.running_var"]
    state["features.4.surprise"] = torch.zeros(2)
    state["ema.decay"] = torch.zeros(1)
    state["classifier.6.bias"] = torch.zeros(1)
    state["features.3.block.0.0.weight"] = torch.zeros(1, 2, 3)
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(ModelError) as caught:
        load_mn04_weights(made(527), tmp_path / "a.pt")
    for said in (
        "a.pt: missing stages.block_16.1.running_var; ",
        "unknown stages.block_4.surprise, ema.decay, classifier.6.bias; ",
        "stages.block_3.layers.0.0.weight is (1, 2, 3), expected (32, 16, 1, 1)",
    ):
        assert said in str(caught.value)


class Hostile:
    def __reduce__(self):
        return (Path.touch, (Path("hostile-was-here"),))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_hostile_pickle_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.0.weight": Hostile()}, "zip.pt")
    Path("bare.pt").write_bytes(pickle.dumps(Hostile()))
    for name in ("zip.pt", "bare.pt"):
        with pytest.raises(ModelError, match=f"{name}: damaged, or not a file of tensors alone"):
            read_mn04(Path(name))
    assert not Path("hostile-was-here").exists()


def test_files_that_are_none(tmp_path, mn04_file):
    with pytest.raises(ModelError, match="no such file"):
        read_mn04(tmp_path / "nowhere.pt")
    for content in (b"", b"text", b"\x80\x02.", mn04_file.read_bytes()[:50_000]):
        (tmp_path / "broken.pt").write_bytes(content)
        with pytest.raises(ModelError, match=r"broken\.pt: damaged"):
            read_mn04(tmp_path / "broken.pt")
    for value in ([1, 2], {"a": 1}, {1: torch.zeros(1)}, torch.zeros(3)):
        torch.save(value, tmp_path / "other.pt")
        with pytest.raises(ModelError, match="expected a mapping from key to tensor"):
            read_mn04(tmp_path / "other.pt")


@pytest.mark.data
def test_the_published_file_has_the_layout_that_these_tests_use(published_mn04, mn04_layout):
    state = torch.load(published_mn04, weights_only=True)
    assert {key: tuple(tensor.shape) for key, tensor in state.items()} == mn04_layout.shapes(527)


@pytest.mark.data
def test_the_published_network_hears_a_dog(published_mn04, data_dir):
    network = made(classes=527)
    load_mn04_weights(network, published_mn04)
    heard = []
    for path in sorted((data_dir / "esc10" / "001 - Dog bark").glob("*.ogg"))[:4]:
        recording = load_recording(path)
        samples = torch.from_numpy(resample(recording.mono(), recording.rate_hz, 32_000))
        with torch.no_grad():
            logits = network(samples[None])[0]
        heard.append(any(DOG - 2 <= index <= DOG + 4 for index in logits.topk(3).indices.tolist()))
    assert all(heard)
