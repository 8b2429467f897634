"""What is played: a WAV file that every browser takes, how loud it may become, and the stethoscope's filters for it."""

from dataclasses import dataclass

import numpy as np

import resp
from resp.audio.stethoscope_filters import STETHOSCOPE_FILTERS

PEAK = 0.8
"""The largest sample that is ever played: 2 dB are left for what converters add between two samples."""
# Browsers filter at 8 to 96 kHz; nothing of a chest lies above 24 kHz.
_SLOWEST_HZ, _FASTEST_HZ = 8000, 48_000
# A longer recording is played at a lower rate, as its bytes have to reach a phone: ten minutes at 16 kHz.
_MOST_SAMPLES = 10_000_000
# At which a browser filters that cannot filter at the recording's own rate.
_USUAL_RATES_HZ = (44_100, 48_000)


@dataclass(frozen=True, slots=True)
class Played:
    """A recording as it is played.

    Parameters
    ----------
    wav
        16-bit, one channel, its largest sample at full scale.
    rate_hz
        The recording's own rate where a browser can filter at it.
    peak
        The recording's largest sample as it was recorded, and so what full scale in ``wav`` stands for.
    most_db
        For each filter (``off`` too) the gain, relative to the sound as recorded, at which the loudest sample reaches
        `PEAK`.
    """

    wav: bytes
    rate_hz: int
    peak: float
    most_db: dict[str, float]


def prepare(recording: resp.Recording) -> Played:
    """Return a recording as it is played."""
    rate_hz = play_rate_hz(recording)
    sound = resp.audio.resample(recording.mono(), recording.rate_hz, rate_hz)
    peak = float(np.abs(sound).max())
    most_db = {"off": _most_db(peak)}
    for mode in STETHOSCOPE_FILTERS:
        most_db[mode.name] = _most_db(float(np.abs(mode.apply(sound, rate_hz)).max()))
    one = resp.Recording(sound, rate_hz, synthetic=recording.synthetic)
    return Played(resp.audio.to_wav_bytes(one, peak=1.0), rate_hz, peak, most_db)


def play_rate_hz(recording: resp.Recording) -> int:
    """Return the rate at which a recording is played: its own, unless browsers cannot or its bytes are too many."""
    own_hz = min(max(recording.rate_hz, _SLOWEST_HZ), _FASTEST_HZ)
    slower_hz = (rate_hz for rate_hz in (own_hz, 24_000, 16_000) if rate_hz <= own_hz)
    return next((rate_hz for rate_hz in slower_hz if rate_hz * recording.duration_s <= _MOST_SAMPLES), _SLOWEST_HZ)


def sections_by_rate(rate_hz: int) -> dict[str, dict[str, list[list[float]]]]:
    """Return filter → rate in Hz → second-order sections, for the rate that is played and the usual ones of devices."""
    rates = sorted({rate_hz, *_USUAL_RATES_HZ})
    return {mode.name: {str(rate): mode.sections(rate).tolist() for rate in rates} for mode in STETHOSCOPE_FILTERS}


def _most_db(peak: float) -> float:
    """Return a gain as it is shown, to a tenth of a decibel, and not a hundredth beyond."""
    return float(np.floor(200 * np.log10(PEAK / peak)) / 10) if peak > 0 else 0.0
