"""A recording through an MP3 encoder and back: what a phone or a messenger sends."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from resp.audio.containers import sniff
from resp.audio.decode_av import decode_av
from resp.audio.errors import AudioError
from resp.audio.limits import Limits
from resp.audio.recording import Recording
from resp.audio.resampling import resample

# Of MPEG-1 and MPEG-2; the lower ones of MPEG-2.5 are hardly ever written.
RATES_HZ = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
BIT_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160)


def through_mp3(recording: Recording, kbit_s: int = 32) -> Recording:
    """Encode a recording as one channel of MP3 at a constant bit rate, and decode it again.

    Parameters
    ----------
    recording
        Its channels are averaged. It is resampled to the next rate that MP3 has, or to 48 kHz from above.
    kbit_s
        One of `BIT_RATES`.

    Returns
    -------
    Recording
        One channel at that rate, as long as before to a sample: the encoder's delay is cut off.

    Raises
    ------
    AudioError
        A bit rate that is none of them.
    """
    rate_hz = next((one for one in RATES_HZ if one >= recording.rate_hz), RATES_HZ[-1])
    samples = resample(recording.mono(), recording.rate_hz, rate_hz)
    encoded = encode_mp3(samples, rate_hz, kbit_s)
    stream = BytesIO(encoded)
    container = sniff(encoded)
    if container is None:
        raise AudioError(f"{recording.source}: what the MP3 encoder wrote is no MP3")
    decoded, _ = decode_av(stream, recording.source, container, Limits())
    there = decoded[0, : samples.size]
    whole = np.pad(there, (0, samples.size - there.size))
    return recording.with_known(samples=whole, rate_hz=rate_hz, sha256="")


def encode_mp3(samples: NDArray[np.float32], rate_hz: int, kbit_s: int) -> bytes:
    """Return one channel of sound as an MP3 file of a constant bit rate.

    Parameters
    ----------
    samples
        [time], cut off beyond [−1, 1].
    rate_hz
        One of `RATES_HZ`.
    kbit_s
        One of `BIT_RATES`.

    Raises
    ------
    AudioError
        A rate or bit rate that is none of them.
    """
    import av

    if rate_hz not in RATES_HZ or kbit_s not in BIT_RATES:
        raise AudioError(
            f"an MP3 of {rate_hz} Hz and {kbit_s} kbit/s; expected one of {', '.join(map(str, RATES_HZ))} Hz and one "
            f"of {', '.join(map(str, BIT_RATES))} kbit/s"
        )
    out = BytesIO()
    with av.open(out, mode="w", format="mp3") as media:
        stream = media.add_stream("libmp3lame", rate=rate_hz, layout="mono")
        stream.bit_rate = 1000 * kbit_s
        planes = np.clip(np.ascontiguousarray(samples[None], dtype=np.float32), -1, 1)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        media.mux(stream.encode(frame))
        media.mux(stream.encode(None))
    return out.getvalue()
