import io

import numpy as np
import pytest
import torch
from matplotlib.image import imread

from resp.features import log_mel, stft
from resp.gallery.errors import GalleryError
from resp.gallery.exhibit import Heard, Seen
from resp.gallery.pictures import draw, level_db, mel_to_hz, on_mel_scale
from resp.gallery.spectrogram import Patches, filter_bank, show_network

RATE_HZ = 8000


def _tone(frequency_hz: float, amplitude: float = 1.0) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)


def test_a_sine_of_full_scale_stands_at_0_db_at_its_frequency() -> None:
    for amplitude, wanted_db in ((1.0, 0.0), (0.1, -20.0)):
        level, window = level_db(_tone(1000, amplitude), RATE_HZ)
        assert window == 320
        middle = level[:, level.shape[1] // 2]
        assert np.argmax(middle) * RATE_HZ / window == 1000
        assert middle.max() == pytest.approx(wanted_db, abs=0.1)


def test_silence_has_a_level() -> None:
    assert np.isfinite(level_db(np.zeros(10, dtype=np.float32), RATE_HZ)[0]).all()


def test_frequencies_keep_their_place_on_the_mel_scale() -> None:
    level = np.repeat(np.linspace(0, RATE_HZ / 2, 161)[:, None], 3, axis=1).astype(np.float32)
    rows = on_mel_scale(level, RATE_HZ)
    top_mel = 1127 * np.log1p(RATE_HZ / 2 / 700)
    expected = 700 * np.expm1((np.arange(len(rows)) + 0.5) / len(rows) * top_mel / 1127)
    assert np.allclose(rows[:, 0], expected, rtol=1e-4, atol=0.1)
    assert np.allclose(1127 * np.log1p(mel_to_hz(np.array([0.0, 100.0, 2000.0])) / 700), [0, 100, 2000])


@pytest.mark.parametrize("count", [2, 3])
def test_pictures_are_drawn_of_sounds_and_of_spectrograms(count: int) -> None:
    sounds = [Heard(f"sound {k}", _tone(300 * (k + 1))) for k in range(count)]
    bank = filter_bank(RATE_HZ)
    spectrograms = [
        Seen(one.title, log_mel(one.waveform, RATE_HZ, settings=bank).numpy(), grid=(4, 8)) for one in sounds
    ]
    heard, seen = (imread(io.BytesIO(draw(panels, RATE_HZ))) for panels in (sounds, spectrograms))
    for picture in (heard, seen):
        assert picture.shape[1] == pytest.approx(90 * (4 * count + 0.7), abs=2)
        assert picture[..., :3].std() > 0.1  # Not one colour.
    assert heard.shape[0] > seen.shape[0]


def test_a_tone_is_bright_where_the_axis_says() -> None:
    quiet, loud = Heard("quiet", _tone(2000, 1e-6)), Heard("loud", _tone(2000))
    picture = imread(io.BytesIO(draw([quiet, loud], RATE_HZ)))[..., :3].sum(-1)
    height, width = picture.shape
    # The spectrogram's box, as shares of the picture: see draw().
    column = picture[:, int(0.75 * width)]
    below = column[int(0.42 * height) : int(0.87 * height)]
    top_mel = 1127 * np.log1p(RATE_HZ / 2 / 700)
    share = 1127 * np.log1p(2000 / 700) / top_mel
    brightest = int(0.42 * height) + int(np.argmax(below))
    box_top, box_bottom = 0.375 * height, 0.88 * height
    assert (box_bottom - brightest) / (box_bottom - box_top) == pytest.approx(share, abs=0.03)
    # Both panels share one scale: the quiet tone stays dark.
    assert picture[brightest, int(0.25 * width)] < picture[brightest, int(0.75 * width)] - 1


@pytest.mark.parametrize("frames", [8, 83, 98])
def test_patches_are_cut_and_joined(frames: int) -> None:
    spectrogram = torch.arange(2.0 * frames * 32).reshape(2, frames, 32)
    patches = Patches((4, 8))(spectrogram)
    width = frames // 8
    assert patches.shape == (2, 32, 8 * width)
    # Patch (row 1, column 2) holds bins 8 to 15 of the third stretch of frames.
    assert torch.equal(patches[1, 8 + 2], spectrogram[1, 2 * width : 3 * width, 8:16].flatten())
    assert torch.equal(Patches((4, 8)).join(patches, 32), spectrogram[:, : 8 * width])


def test_too_short_a_spectrogram_has_no_patches() -> None:
    with pytest.raises(GalleryError, match="longer"):
        Patches((4, 8))(torch.zeros(1, 7, 32))


def test_low_rates_have_fewer_bins() -> None:
    assert [filter_bank(rate_hz).bins for rate_hz in (16_000, 4000, 1000)] == [128, 128, 32]
    with pytest.raises(GalleryError, match="too low"):
        filter_bank(50)


def test_the_network_runs_to_each_of_its_sites() -> None:
    network = show_network(RATE_HZ)
    waveform = torch.from_numpy(_tone(500))[None]
    assert list(network.sites) == ["waveform", "spectrogram", "patches"]
    assert network.run(waveform, stop="spectrogram").shape == (1, 98, 128)
    assert network.run(waveform, stop="patches").shape == (1, 32, 12 * 32)
    assert stft(waveform, 320).shape[-2] == 161
