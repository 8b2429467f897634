"""Is a recording good enough to judge? Plain numbers with units, and a verdict with its reasons."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from resp.audio import measures
from resp.audio.quality_marks import QualityMark, find_quality_marks, told_places
from resp.audio.recording import Recording

Verdict = Literal["good", "limited", "unusable"]
Share = Annotated[float, Field(ge=0, le=1)]

# Thresholds of the verdict: ours, set so that the real recordings of ICBHI and KAUH that an ear accepts pass.
TOO_SHORT_S = 1.0
SHORT_S = 3.0
CLIPPING_LIMITED = 0.005
CLIPPING_UNUSABLE = 0.10
SILENCE_LIMITED = 0.30
SILENCE_UNUSABLE = 0.90
FAINT_DBFS = -60.0
INAUDIBLE_DBFS = -80.0
BEYOND_FULL_SCALE_DBFS = 20.0
DC_LIMITED = 0.30
NARROW_BAND_HZ = 1000.0
HIGH_BAND_HZ = 2000.0
DEEP_FLOOR_DB = -60.0


class SignalQuality(BaseModel):
    """What was measured of a recording's signal.

    Levels are in dB relative to full scale, where an RMS of 1.0 is 0 dBFS (a full-scale sine is −3.01 dBFS);
    −120 dBFS stands for "nothing at all". Where a recording has several channels, each number is that of the
    worst channel for faults (clipping, dropouts, DC) and of the channels' mean, which is what is scored,
    otherwise.

    Parameters
    ----------
    duration_s, rate_hz, channels
        As recorded.
    level_dbfs, peak_dbfs
        RMS level without DC, and the largest absolute sample.
    clipping_share
        Share of samples on a flat top: three or more in a row at the channel's extreme value.
    silence_share
        Share of 50 ms frames below −80 dBFS.
    dropouts, dropout_s
        Gaps of 10 ms or more of constant samples with sound on both sides: how many, and how long in all.
    energy_above_2khz_share, energy_above_2khz_db
        Energy above 2 kHz as a share of all energy, and the same in dB; 0 and −120 where the rate ends at 2
        kHz.
    band_limit_hz
        Frequency above which the spectrum holds nothing but its floor; half the rate where there is no such
        edge.
    band_floor_db
        That floor, relative to the strongest 100 Hz band. A deep one (−60 dB) was left by a filter; a shallow
        one is noise in which the sound is lost.
    dc_offset
        Mean of the samples, as a share of full scale.
    noise_dbfs
        Level within 100–2000 Hz below which a tenth of the 50 ms frames lie: the background between breaths.
    loudness_range_db
        How far above ``noise_dbfs`` the loudest tenth of the frames begins: how far breath stands out of it.
    verdict
        ``good``, ``limited`` (judge with care) or ``unusable`` (record again).
    reasons
        Why the verdict is not ``good``, each a sentence; the gravest first; empty when it is.
    notes
        What a reader should know though it does not lower the verdict.
    marks
        Where the sound is at fault, in order of time: clipping, silence, dropouts, knocks, speech-like sound.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    duration_s: Annotated[float, Field(ge=0)]
    rate_hz: int
    channels: int
    level_dbfs: float
    peak_dbfs: float
    clipping_share: Share
    silence_share: Share
    dropouts: Annotated[int, Field(ge=0)]
    dropout_s: Annotated[float, Field(ge=0)]
    energy_above_2khz_share: Share
    energy_above_2khz_db: float
    band_limit_hz: float
    band_floor_db: float
    dc_offset: float
    noise_dbfs: float
    loudness_range_db: float
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    marks: tuple[QualityMark, ...] = ()


def measure_quality(recording: Recording) -> SignalQuality:
    """Measure a recording's signal and judge whether it is good enough to be judged.

    Parameters
    ----------
    recording
        Any recording; it is not changed.

    Returns
    -------
    SignalQuality
        Numbers, verdict and reasons; a recording of zeros has them too.
    """
    samples, rate_hz = recording.samples, recording.rate_hz
    mono = recording.mono()
    spectrum = measures.spectrum(mono, rate_hz)
    noise_dbfs, loudness_range_db = measures.background(spectrum)
    band_limit_hz, band_floor_db = measures.band_limit(spectrum)
    gaps = [measures.gaps(channel, rate_hz) for channel in samples]
    above = measures.energy_share_above(spectrum, HIGH_BAND_HZ)
    offsets = [float(np.mean(channel, dtype=np.float64)) for channel in samples]
    measured = SignalQuality(
        duration_s=recording.duration_s,
        rate_hz=rate_hz,
        channels=recording.channels,
        level_dbfs=measures.level_dbfs(mono),
        peak_dbfs=measures.decibels(float(np.abs(samples).max()) ** 2),
        clipping_share=max(measures.clipping_share(channel) for channel in samples),
        silence_share=measures.silence_share(mono, rate_hz),
        dropouts=max(count for count, _ in gaps),
        dropout_s=max(length_s for _, length_s in gaps),
        energy_above_2khz_share=above,
        energy_above_2khz_db=measures.decibels(above),
        band_limit_hz=band_limit_hz,
        band_floor_db=band_floor_db,
        dc_offset=max(offsets, key=abs),
        noise_dbfs=noise_dbfs,
        loudness_range_db=loudness_range_db,
        verdict="good",
        marks=find_quality_marks(recording),
    )
    return judge(measured)


def judge(measured: SignalQuality) -> SignalQuality:
    """Return the same numbers with the verdict, its reasons and the notes that follow from them."""
    unusable = _reasons_unusable(measured)
    limited = [] if unusable else _reasons_limited(measured)
    verdict: Verdict = "unusable" if unusable else "limited" if limited else "good"
    return measured.model_copy(
        update={"verdict": verdict, "reasons": tuple(unusable + limited), "notes": tuple(_notes(measured))}
    )


def mark_notes(marks: Sequence[QualityMark]) -> list[str]:
    """Return the notes that marks alone make: where there are knocks, and where it sounds like speech."""
    places = told_places(marks)
    words = {"knock": "Knocks or handling of the stethoscope at", "speech": "Speech-like sound at"}
    return [f"{told} {places[kind]}." for kind, told in words.items() if kind in places]


def _reasons_unusable(measured: SignalQuality) -> list[str]:
    if measured.peak_dbfs <= measures.FLOOR_DB:
        return ["There is no sound at all: every sample is zero. Check the microphone and record again."]
    if measured.silence_share >= 1:
        return ["There is no sound, only silence. Check the microphone and record again."]
    reasons = []
    if measured.peak_dbfs > BEYOND_FULL_SCALE_DBFS:
        reasons.append("The samples go far beyond full scale: the file is damaged or was written in a wrong scale.")
    if measured.silence_share > SILENCE_UNUSABLE:
        reasons.append(f"{measured.silence_share:.0%} of the recording is silent. Record again.")
    if measured.level_dbfs < INAUDIBLE_DBFS:
        reasons.append(f"The recording is too quiet to judge ({measured.level_dbfs:.0f} dBFS). Record again.")
    if measured.clipping_share > CLIPPING_UNUSABLE:
        reasons.append(
            f"{measured.clipping_share:.0%} of the sound is cut off because it was recorded too loud. "
            "Lower the gain and record again."
        )
    if measured.duration_s < TOO_SHORT_S:
        reasons.append(f"The recording lasts only {measured.duration_s:.1f} s, less than a breath. Record again.")
    return reasons


def _reasons_limited(measured: SignalQuality) -> list[str]:
    reasons = []
    if measured.clipping_share > CLIPPING_LIMITED:
        reasons.append(
            f"{measured.clipping_share:.1%} of the sound is cut off because it was recorded too loud; "
            "the distortion can sound like crackles."
        )
    if measured.dropouts:
        times = "once" if measured.dropouts == 1 else f"{measured.dropouts} times"
        reasons.append(
            f"The sound breaks off {times} ({measured.dropout_s * 1000:.0f} ms in all); "
            "the edges of a gap can sound like crackles."
        )
    if measured.silence_share > SILENCE_LIMITED:
        reasons.append(f"{measured.silence_share:.0%} of the recording is silent.")
    if measured.level_dbfs < FAINT_DBFS:
        reasons.append(f"The recording is very quiet ({measured.level_dbfs:.0f} dBFS).")
    if measured.duration_s < SHORT_S:
        reasons.append(f"The recording lasts only {measured.duration_s:.1f} s; a full breath may be missing.")
    if _filtered(measured) and measured.band_limit_hz < NARROW_BAND_HZ:
        reasons.append(
            f"Nothing was recorded above {measured.band_limit_hz:.0f} Hz (a bell filter?); "
            "higher wheezes and fine crackles may be missing."
        )
    if abs(measured.dc_offset) > DC_LIMITED:
        reasons.append(
            f"The signal is shifted off zero by {abs(measured.dc_offset):.0%} of full scale: "
            "the recorder may be faulty."
        )
    return reasons


def _notes(measured: SignalQuality) -> list[str]:
    notes = []
    if _filtered(measured) and NARROW_BAND_HZ <= measured.band_limit_hz <= HIGH_BAND_HZ:
        notes.append(
            f"Nothing was recorded above {measured.band_limit_hz:.0f} Hz: the stethoscope or its filter stops there."
        )
    return [*notes, *mark_notes(measured.marks)]


def _filtered(measured: SignalQuality) -> bool:
    """Tell whether the spectrum ends at a filter: healthy breath that sinks into noise early is no fault."""
    return measured.band_limit_hz > 0 and measured.band_floor_db < DEEP_FLOOR_DB
