"""Files of every format, encoded with soundfile and PyAV, and headers of WAV files that say what they are told to."""

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile


def encode_soundfile(samples: np.ndarray, rate_hz: int, format_: str, subtype: str | None = None) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate_hz, format=format_, subtype=subtype)
    return out.getvalue()


def encode_av(
    samples: np.ndarray,
    rate_hz: int,
    muxer: str,
    codec: str,
    *,
    muxer_options: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    bit_rate: int | None = None,
    out: Path | None = None,
) -> bytes:
    """Encode [time] or [channels, time], to a file where one is named."""
    planes = np.atleast_2d(samples).astype(np.float32)
    layout = "mono" if len(planes) == 1 else "stereo"
    buffer = io.BytesIO()
    with av.open(str(out) if out else buffer, "w", format=muxer, options=muxer_options or {}) as media:
        stream = media.add_stream(codec, rate=rate_hz, layout=layout, options=options or {})
        if bit_rate:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), 0
        media.mux(stream.encode(frame))
        media.mux(stream.encode(None))
    return buffer.getvalue()


def pack_wav_header(rate_hz: int, data_bytes: int, channels: int = 1) -> bytes:
    """The header of a WAV file of 16 bits, whatever length is to stand in it."""
    align = 2 * channels
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", min(36 + data_bytes, 2**32 - 1), b"WAVE", b"fmt ", 16, 1, channels),
        *(rate_hz, rate_hz * align, align, 16, b"data", data_bytes),
    )


@pytest.fixture
def with_soundfile() -> Callable[..., bytes]:
    return encode_soundfile


@pytest.fixture
def with_av() -> Callable[..., bytes]:
    return encode_av


@pytest.fixture
def wav_header() -> Callable[..., bytes]:
    return pack_wav_header


@pytest.fixture
def tone() -> np.ndarray:
    """Two seconds at 48 kHz: 440 Hz that begins at half a second."""
    time_s = np.arange(96_000) / 48_000
    return np.where(time_s >= 0.5, 0.4 * np.sin(2 * np.pi * 440 * (time_s - 0.5)), 0.0)
