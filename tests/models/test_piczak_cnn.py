import pytest
import torch

from resp.features import FilterBankSettings, log_mel
from resp.models import ModelError, create
from resp.models.initialise import outline
from resp.models.piczak_cnn import MeanProbability

SEGMENT = 1024 + 40 * 512


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return create("piczak_cnn", classes=5, hidden=32).eval()


def noise(samples, count=2, seed=0):
    return 0.1 * torch.randn(count, samples, generator=torch.Generator().manual_seed(seed))


def test_parameters_are_those_of_the_layers():
    body = (2 * 57 * 6 + 1) * 80 + (80 * 3 + 1) * 80 + 241 * 5000 + 5001 * 5000
    assert outline("piczak_cnn", 50).parameters == body + 5001 * 50 == 26_534_130
    assert outline("piczak_cnn", 10).parameters == body + 5001 * 10 == 26_334_090


def test_stages_of_five_seconds(network):
    shapes = {name: tuple(network.run(noise(110_250), stop=name).shape) for name in network.stage_names[1:]}
    assert shapes == {
        "spectrogram": (2, 214, 60),
        "segments": (2, 9, 2, 60, 41),
        "pool1": (2, 9, 80, 1, 12),
        "pool2": (2, 9, 80, 1, 3),
        "hidden1": (2, 9, 32),
        "feature": (2, 9, 32),
        "logits": (2, 5),
    }


def test_one_segment_is_the_shortest_sound(network):
    assert network.least_samples == SEGMENT == 21_504
    assert network.run(noise(SEGMENT), stop="segments").shape == (2, 1, 2, 60, 41)
    assert network.run(noise(SEGMENT + 20 * 512 - 1), stop="segments").shape[1] == 1
    assert network.run(noise(SEGMENT + 20 * 512), stop="segments").shape[1] == 2
    with pytest.raises(ModelError, match=r"\(2, 21503\); expected \[batch, at least 21504\]"):
        network(noise(SEGMENT - 1))


def test_the_spectrogram_is_normalised_log_mel(network):
    settings = FilterBankSettings(
        rate_hz=22_050,
        bins=60,
        frame_length_ms=46.44,
        frame_shift_ms=23.22,
        low_hz=0,
        pre_emphasis=0,
        remove_dc=False,
    )
    assert (settings.frame_length, settings.frame_shift) == (1024, 512)
    expected = (log_mel(noise(30_000), 22_050, settings=settings) + 3.3) / 6.7
    torch.testing.assert_close(network.run(noise(30_000), stop="spectrogram"), expected)
    other = create("piczak_cnn", classes=5, hidden=1, mean=1.0, std=2.0)
    expected = (log_mel(noise(30_000), 22_050, settings=settings) - 1) / 2
    torch.testing.assert_close(other.run(noise(30_000), stop="spectrogram"), expected)


def slow_segments(spectrogram):
    """[frames, bands] → [S, 2, bands, 41], one number after the other."""
    frames, bands = spectrogram.shape
    slope = torch.zeros(frames, bands)
    for frame in range(frames):
        for step in range(1, 5):
            ahead, behind = spectrogram[min(frame + step, frames - 1)], spectrogram[max(frame - step, 0)]
            slope[frame] += step * (ahead - behind) / 60
    pairs = [
        torch.stack((spectrogram[start : start + 41].T, slope[start : start + 41].T / 0.06))
        for start in range(0, frames - 40, 20)
    ]
    return torch.stack(pairs)


@pytest.mark.parametrize("frames", [41, 60, 61, 214])
def test_segments_and_deltas_against_slow_ones(network, frames):
    spectrogram = torch.randn(2, frames, 60, generator=torch.Generator().manual_seed(frames))
    ours = network.run(spectrogram, start="spectrogram", stop="segments")
    for row in range(2):
        torch.testing.assert_close(ours[row], slow_segments(spectrogram[row]))


def test_segments_do_not_meet(network):
    segments = torch.randn(1, 4, 2, 60, 41, generator=torch.Generator().manual_seed(0))
    together = network.run(segments, start="segments", stop="feature")
    for index in range(4):
        alone = network.run(segments[:, index : index + 1], start="segments", stop="feature")
        torch.testing.assert_close(together[:, index : index + 1], alone)


def test_the_clip_is_the_mean_of_its_segments(network):
    waveform = noise(60_000)
    feature = network.run(waveform, stop="feature")
    assert feature.shape[1] > 2
    single = [
        network.run(feature[:, index : index + 1], start="feature").softmax(1) for index in range(feature.shape[1])
    ]
    expected = torch.stack(single).mean(0)
    logits = network(waveform)
    torch.testing.assert_close(logits.softmax(1), expected)
    # They are logarithms of probabilities already.
    torch.testing.assert_close(logits.exp(), expected)


def test_the_mean_of_probabilities_is_exact_where_they_vanish():
    logits = torch.tensor([[[0.0, 1000.0], [0.0, 1000.0]]])
    torch.testing.assert_close(MeanProbability()(logits), torch.tensor([[-1000.0, 0.0]]))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hidden": 0}, "hidden=0"),
        ({"dropout": -0.1}, "dropout=-0.1"),
        ({"std": 0.0}, "std=0.0"),
        ({"mean": float("nan")}, "mean=nan"),
        ({"window_s": 0.9}, "window_s=0.9; expected at least 0.97"),
    ],
)
def test_wrong_settings_are_named(settings, said):
    with pytest.raises(ModelError, match=said):
        create("piczak_cnn", classes=2, **settings)
