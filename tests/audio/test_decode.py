"""Reading recordings of every format: their samples, rates, channels and names, whatever the suffix says."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from resp.audio import load_recording

RATE = 48_000


LOSSLESS = [
    ("WAV", "PCM_U8", 1 / 128),
    ("WAV", "PCM_16", 1 / 32768),
    ("WAV", "PCM_24", 1 / 2**23),
    ("WAV", "PCM_32", 1e-7),
    ("WAV", "FLOAT", 1e-7),
    ("WAV", "DOUBLE", 1e-7),
    ("WAVEX", "PCM_24", 1 / 2**23),
    ("RF64", "PCM_16", 1 / 32768),
    ("FLAC", "PCM_16", 1 / 32768),
    ("FLAC", "PCM_24", 1 / 2**23),
    ("AIFF", "PCM_16", 1 / 32768),
    ("CAF", "PCM_24", 1 / 2**23),
    ("AU", "PCM_16", 1 / 32768),
    ("W64", "PCM_16", 1 / 32768),
]


def onset_s(samples: np.ndarray, rate_hz: int) -> float:
    return float(np.argmax(np.abs(samples) > 0.05)) / rate_hz


@pytest.mark.parametrize(("container", "subtype", "tolerance"), LOSSLESS)
def test_lossless_formats_give_their_samples(with_soundfile, tone, container, subtype, tolerance):
    recording = load_recording(with_soundfile(tone, RATE, container, subtype))
    assert recording.rate_hz == RATE
    assert recording.samples.shape == (1, tone.size)
    assert recording.samples.dtype == np.float32
    np.testing.assert_allclose(recording.samples[0], tone, atol=tolerance)


@pytest.mark.parametrize(("container", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)])
def test_lossy_formats_of_soundfile(with_soundfile, tone, container, subtype):
    recording = load_recording(with_soundfile(tone, RATE, container, subtype))
    assert recording.duration_s == pytest.approx(2, abs=0.05)
    assert onset_s(recording.samples[0], RATE) == pytest.approx(0.5, abs=0.002)
    assert recording.samples.std() == pytest.approx(tone.std(), rel=0.05)


@pytest.mark.parametrize(
    ("muxer", "codec"),
    [
        ("ipod", "aac"),
        ("mp4", "aac"),
        ("ipod", "alac"),
        ("webm", "libopus"),
        ("matroska", "aac"),
        ("matroska", "pcm_s16le"),
        ("matroska", "pcm_u8"),
        ("ogg", "libopus"),
        ("mp3", "libmp3lame"),
        ("flac", "flac"),
    ],
)
def test_formats_of_pyav(with_av, tone, muxer, codec):
    recording = load_recording(with_av(tone, RATE, muxer, codec))
    assert recording.duration_s == pytest.approx(2, abs=0.05)
    assert onset_s(recording.samples[0], RATE) == pytest.approx(0.5, abs=0.002)
    assert recording.samples.std() == pytest.approx(tone.std(), rel=0.05)


def test_bare_aac_keeps_its_priming(with_av, tone):
    recording = load_recording(with_av(tone, RATE, "adts", "aac"))
    assert onset_s(recording.samples[0], RATE) == pytest.approx(0.5 + 1024 / RATE, abs=0.002)


def test_channels_are_kept(with_soundfile, with_av, tone):
    stereo = np.stack([tone, 0.5 * tone])
    for data in (with_soundfile(stereo.T, RATE, "WAV"), with_av(stereo, RATE, "ipod", "aac")):
        recording = load_recording(data)
        assert recording.channels == 2
        left, right = recording.samples.std(axis=1)
        assert right == pytest.approx(0.5 * left, rel=0.02)
        np.testing.assert_allclose(recording.mono(), recording.samples.mean(axis=0), atol=1e-7)
    packed = load_recording(with_av(stereo, RATE, "matroska", "pcm_s16le"))
    np.testing.assert_allclose(packed.samples, stereo, atol=1e-4)


@pytest.mark.parametrize("rate_hz", [4000, 8000, 44_100, 192_000])
def test_rates_within_bounds(with_soundfile, rate_hz):
    recording = load_recording(with_soundfile(np.full(rate_hz, 0.1), rate_hz, "WAV", "PCM_16"))
    assert (recording.rate_hz, recording.duration_s) == (rate_hz, 1.0)


def test_all_zeros_is_a_recording(with_soundfile):
    assert not load_recording(with_soundfile(np.zeros(RATE), RATE, "WAV")).samples.any()


def test_a_title_that_is_no_utf_8(with_av, tone):
    data = with_av(tone, RATE, "ipod", "aac")
    assert b"Lavf" in data
    assert load_recording(data.replace(b"Lavf", b"L\xe9vf")).duration_s == pytest.approx(2, abs=0.05)


def test_an_mp3_of_varying_rate_without_a_length_is_read_to_its_end(with_av):
    sound = np.zeros(RATE * 6)
    sound[: RATE * 2] = 0.3 * np.random.default_rng(0).standard_normal(RATE * 2)
    data = with_av(
        sound,
        RATE,
        "mp3",
        "libmp3lame",
        muxer_options={"write_xing": "0"},
        options={"abr": "1"},
        bit_rate=64_000,
    )
    with soundfile.SoundFile(io.BytesIO(data)) as guessed:
        assert guessed.frames < 5 * RATE, "libsndfile reads such files whole: the detour is needless"
    assert load_recording(data).duration_s == pytest.approx(6, abs=0.1)


def test_an_mp3_with_a_tag(with_soundfile, tone):
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x00" + b"\x00" * 256
    recording = load_recording(tag + with_soundfile(tone, RATE, "MP3"))
    assert recording.duration_s == pytest.approx(2, abs=0.05)


@pytest.mark.data
def test_every_real_recording_is_read_as_soundfile_reads_it(data_dir: Path):
    paths = sorted(data_dir.glob("icbhi/audio/*.wav")) + sorted(data_dir.glob("kauh/*.wav"))[::15]
    assert len(paths) >= 30
    for path in paths:
        expected, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        recording = load_recording(path)
        assert recording.rate_hz == rate_hz
        np.testing.assert_array_equal(recording.samples, expected.T)
        assert recording.patient_key
        assert recording.device
        assert recording.body_site
