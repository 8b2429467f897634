"""Limits of rate, length, channels and samples, held before anything is decoded."""

import numpy as np
import pytest
import soundfile

from resp.audio import AudioError, Limits, load_recording

RATE = 48_000


@pytest.mark.parametrize("rate_hz", [3999, 192_001])
def test_rates_out_of_bounds(with_soundfile, rate_hz):
    data = with_soundfile(np.full(rate_hz, 0.1), rate_hz, "WAV", "PCM_16")
    with pytest.raises(AudioError, match=rf"sampling rate of {rate_hz} Hz; expected 4000 to 192000 Hz"):
        load_recording(data)


def test_too_short(with_soundfile):
    with pytest.raises(AudioError, match=r"only 0.050 s of sound; expected at least 0.1 s"):
        load_recording(with_soundfile(np.zeros(2400), RATE, "WAV"))


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_ten_declared_hours_are_refused_before_decoding(wav_header, monkeypatch, rate_hz):
    def fail(*_: object) -> None:
        pytest.fail("decoded")

    monkeypatch.setattr(soundfile, "SoundFile", fail)
    with pytest.raises(AudioError, match=r"declares 36000.0 s of sound; at most 3600 s are taken"):
        load_recording(wav_header(rate_hz, 36_000 * rate_hz * 2) + b"\x00" * 4096)


def test_ten_declared_hours_of_flac(with_soundfile, tone, monkeypatch):
    data = bytearray(with_soundfile(tone, RATE, "FLAC"))
    # STREAMINFO: the number of samples are the 36 bits that end at byte 26.
    word = int.from_bytes(data[18:26], "big")
    data[18:26] = (word >> 36 << 36 | 36_000 * RATE).to_bytes(8, "big")

    def fail(*_: object, **__: object) -> None:
        pytest.fail("decoded")

    monkeypatch.setattr(soundfile.SoundFile, "read", fail)
    with pytest.raises(AudioError, match=r"declares 36000\.0 s"):
        load_recording(bytes(data))


def test_a_long_flac_that_states_no_length(with_soundfile):
    data = bytearray(with_soundfile(np.zeros(RATE * 30), RATE, "FLAC"))
    word = int.from_bytes(data[18:26], "big")
    data[18:26] = (word >> 36 << 36).to_bytes(8, "big")
    with pytest.raises(AudioError, match=r"holds at least 10.*; at most 10 s are taken"):
        load_recording(bytes(data), limits=Limits(max_duration_s=10))
    assert load_recording(bytes(data)).duration_s == 30


def test_ten_declared_hours_of_m4a(with_av, tone):
    data = with_av(tone, RATE, "ipod", "aac")
    with pytest.raises(AudioError, match=r"declares 2.0 s of sound; at most 1 s are taken"):
        load_recording(data, limits=Limits(max_duration_s=1))


def test_an_m4a_whose_header_lies(with_av):
    data = bytearray(with_av(np.zeros(RATE * 20), RATE, "ipod", "aac"))
    for box, offset in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
        start = data.index(box) + 4 + offset
        data[start : start + 4] = (1000).to_bytes(4, "big")
    with pytest.raises(AudioError, match="at most 5 s are taken"):
        load_recording(bytes(data), limits=Limits(max_duration_s=5))


def test_an_endless_pipe_is_capped(wav_header):
    sound = bytes(2 * 16_000 * 12)
    with pytest.raises(AudioError, match="at most 5 s are taken"):
        load_recording(wav_header(16_000, 0xFFFFFFFF) + sound, limits=Limits(max_duration_s=5))


def test_too_many_channels(wav_header):
    with pytest.raises(AudioError, match="20 channels; expected 1 to 16"):
        load_recording(wav_header(16_000, 40 * 16_000, channels=20) + bytes(40 * 16_000))


def test_samples_over_all_channels_are_bounded(with_soundfile):
    data = with_soundfile(np.zeros((RATE, 2)), RATE, "WAV")
    with pytest.raises(AudioError, match="at most 50000 samples over all channels"):
        load_recording(data, limits=Limits(max_samples=50_000))


@pytest.mark.parametrize(
    "bounds",
    [{"min_duration_s": 5, "max_duration_s": 5}, {"min_rate_hz": 0}, {"max_channels": 0}, {"max_samples": 0}],
)
def test_limits_that_let_nothing_through(bounds):
    with pytest.raises(AudioError, match="let no recording through"):
        Limits(**bounds)
