"""A recording in blocks is the recording at once, and so is its quality."""

from io import BytesIO

import numpy as np
import pytest

from resp.audio import (
    AudioError,
    Limits,
    Recording,
    TooLongError,
    load_recording,
    measure_quality,
    measure_quality_in_blocks,
    sound_blocks,
    synthesise_breathing,
    to_wav_bytes,
)
from resp.audio.mp3 import encode_mp3

RATE = 4000


def noise(seconds, channels=1, seed=0):
    return np.random.default_rng(seed).normal(scale=0.1, size=(channels, int(seconds * RATE))).astype(np.float32)


def with_faults(seconds=70.0):
    """Sound with flat tops, gaps (one over the edge of a block), silence at both ends and an offset."""
    samples = noise(seconds, channels=2) + np.float32(0.02)
    samples[0] = np.clip(samples[0], -0.1, 0.1)
    samples[:, :3000] = 0.02
    samples[:, -5000:] = 0.02
    samples[1, 65_500:65_700] = 0.1
    samples[1, 100_000:100_030] = 0.1
    samples[1, 150_000:150_090] = -0.05
    return samples


@pytest.mark.parametrize("encode", ["wav", "mp3"])
def test_blocks_are_the_recording(encode):
    sound = noise(40)
    given = to_wav_bytes(Recording(sound, RATE)) if encode == "wav" else encode_mp3(sound[0], 16_000, 64)
    whole = load_recording(given)
    with sound_blocks(given) as blocks:
        rates, parts = zip(*blocks, strict=True)
    assert set(rates) == {whole.rate_hz}
    assert len(parts) > 2
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole.samples)


@pytest.mark.parametrize(
    "samples",
    [
        with_faults(),
        noise(1.0),
        synthesise_breathing(duration_s=60, rate_hz=RATE, noise_db=-50, seed=1).recording.samples,
        np.zeros((1, RATE * 20), np.float32),
        noise(0.02) * 1e-6,
    ],
    ids=["faults", "short", "breathing", "silence", "tiny"],
)
def test_quality_in_blocks_is_that_of_the_whole(samples):
    data = to_wav_bytes(Recording(samples, RATE))
    limits = Limits(min_duration_s=0.0)
    expected = measure_quality(load_recording(data, limits=limits)).model_dump()
    measured = measure_quality_in_blocks(lambda: sound_blocks(data, limits=limits)).model_dump()
    counted = {name: (measured.pop(name), expected.pop(name)) for name in ("noise_dbfs", "loudness_range_db", "marks")}
    # What lies at the edge of a minute is looked at by itself: see test_quality_marks.
    in_minutes, of_whole = counted.pop("marks")
    assert {mark["kind"] for mark in in_minutes} == {mark["kind"] for mark in of_whole}
    if samples.shape[1] > 10 * RATE:
        for name, (in_blocks, at_once) in counted.items():
            assert in_blocks == pytest.approx(at_once, abs=0.011), name
    for name, value in measured.items():
        same = pytest.approx(expected[name], rel=1e-6, abs=1e-9) if isinstance(value, float) else expected[name]
        assert value == same, name


def test_the_faults_are_there_to_be_found():
    measured = measure_quality(Recording(with_faults(), RATE))
    # 200 samples over the edge of a block and 90; 30 are shorter than 10 ms, and the ends are no gaps.
    assert (measured.dropouts, measured.dropout_s) == (2, pytest.approx(290 / RATE))
    assert measured.clipping_share > 0
    assert measured.silence_share > 0


def test_what_is_wrong_is_refused_while_it_is_read():
    with pytest.raises(AudioError, match="empty"), sound_blocks(b"") as blocks:
        list(blocks)
    whole = to_wav_bytes(Recording(noise(30), RATE))
    with pytest.raises(AudioError, match="truncated"), sound_blocks(whole[:-2000]) as blocks:
        list(blocks)
    with pytest.raises(TooLongError), sound_blocks(whole, limits=Limits(max_duration_s=10)) as blocks:
        list(blocks)
    with pytest.raises(AudioError, match="at once"), sound_blocks(BytesIO(b"\0" * 128 + b"DICM")) as blocks:
        list(blocks)


def test_samples_that_are_no_numbers_are_refused():
    import soundfile

    samples = noise(30)[0]
    samples[70_000] = np.nan
    stream = BytesIO()
    soundfile.write(stream, samples, RATE, format="WAV", subtype="FLOAT")
    with pytest.raises(AudioError, match="not finite"), sound_blocks(stream.getvalue()) as blocks:
        list(blocks)
