"""Synthetic breath sounds with known event times: for tests and for trying things out, never as data.

Their parts are modelled in `resp.audio.breath_sounds`. Fine crackles come late in inspiration, coarse ones
early in inspiration and in expiration, wheezes in expiration (Bohadana, Izbicki, Kraman, NEJM 2014;370:744).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resp.audio.breath_sounds import crackle_waveform, vesicular_noise, wheeze_waveform
from resp.audio.cycle import Cycle
from resp.audio.errors import AudioError
from resp.audio.recording import Recording
from resp.audio.synthetic_size import synthetic_size

CrackleKind = Literal["fine", "coarse"]
EventKind = Literal["fine_crackle", "coarse_crackle", "wheeze"]
Signal = NDArray[np.float64]

VESICULAR_DBFS = -32.0
_INSPIRATION_SHARE = 0.40
_EXPIRATION_SHARE = 0.35
# Squared, this makes expiration 8 dB softer than inspiration.
_EXPIRATORY_FLOW = 0.63
_CRACKLE_PEAK = 0.25
_WHEEZE_PEAK = 0.12
_HIGHEST_PEAK = 0.95


@dataclass(frozen=True, slots=True)
class Event:
    """One adventitious sound.

    Parameters
    ----------
    kind
        ``fine_crackle``, ``coarse_crackle`` or ``wheeze``.
    start_s, end_s
        When; for a crackle the end of its two-cycle duration.
    frequency_hz
        Of a wheeze's tone at its start; of a crackle's first half wave.
    """

    kind: EventKind
    start_s: float
    end_s: float
    frequency_hz: float


@dataclass(frozen=True, slots=True)
class SyntheticBreathing:
    """A synthetic recording with what is in it."""

    recording: Recording
    cycles: tuple[Cycle, ...]
    events: tuple[Event, ...]

    def annotation(self) -> str:
        """Return the cycles as ICBHI annotates them: start, end (s), crackles, wheezes (0/1) by tabs."""
        return "".join(
            f"{cycle.start_s:.3f}\t{cycle.end_s:.3f}\t{cycle.crackles:d}\t{cycle.wheezes:d}\n" for cycle in self.cycles
        )


@dataclass(frozen=True, slots=True)
class _CrackleModel:
    kind: EventKind
    frequency_hz: float
    two_cycle_s: float
    count: tuple[int, int]
    # Where they come, as shares of inspiration.
    between: tuple[float, float]
    expiratory: bool


_CRACKLES = {
    "fine": _CrackleModel("fine_crackle", 650.0, 0.005, (5, 10), (0.5, 0.98), expiratory=False),
    "coarse": _CrackleModel("coarse_crackle", 350.0, 0.015, (3, 6), (0.05, 0.5), expiratory=True),
}


@dataclass(frozen=True, slots=True)
class _Breath:
    start_s: float
    inspiration_s: float
    expiration_s: float
    end_s: float


def synthesise_breathing(
    *,
    duration_s: float = 15.0,
    rate_hz: int = 16_000,
    breaths_per_min: float = 15.0,
    crackles: CrackleKind | None = None,
    wheeze: bool = False,
    noise_db: float = -65.0,
    seed: int = 0,
) -> SyntheticBreathing:
    """Make a breath sound whose cycles and events are known.

    Parameters
    ----------
    duration_s
        Length in seconds. A cycle that would not fit is begun but is not among the cycles and has no events.
    rate_hz
        Sampling rate in Hz, 4000 to 192 000.
    breaths_per_min
        Breathing rate, 4 to 80; single cycles vary by up to 5 %.
    crackles
        Crackles in every cycle: fine, coarse or none.
    wheeze
        A wheeze in every cycle's expiration.
    noise_db
        RMS level of a white background, dB relative to full scale.
    seed
        The same seed and settings give the same samples.

    Returns
    -------
    SyntheticBreathing
        The recording (``synthetic`` is True, source ``synthetic``), its cycles and events in order of time.

    Raises
    ------
    AudioError
        A setting out of its range.
    """
    size = synthetic_size(duration_s, rate_hz)
    _check(breaths_per_min, crackles, noise_db)
    rng = np.random.default_rng(seed)
    time_s = np.arange(size) / rate_hz
    breaths = _breaths(duration_s, 60 / breaths_per_min, rng)
    signal = _vesicular(time_s, rate_hz, breaths, rng) + 10 ** (noise_db / 20) * rng.standard_normal(time_s.size)

    events: list[Event] = []
    whole = [breath for breath in breaths if breath.end_s <= duration_s]
    for breath in whole:
        if crackles is not None:
            events += _add_crackles(signal, time_s, breath, _CRACKLES[crackles], rng)
        if wheeze:
            events.append(_add_wheeze(signal, time_s, rate_hz, breath, rng))
    signal *= min(1.0, _HIGHEST_PEAK / float(np.abs(signal).max()))
    cycles = tuple(Cycle(breath.start_s, breath.end_s, crackles is not None, wheeze) for breath in whole)
    recording = Recording(signal.astype(np.float32), rate_hz, source="synthetic", synthetic=True)
    return SyntheticBreathing(recording, cycles, tuple(sorted(events, key=lambda event: event.start_s)))


def _check(breaths_per_min: float, crackles: CrackleKind | None, noise_db: float) -> None:
    if not 4 <= breaths_per_min <= 80:
        raise AudioError(f"breaths_per_min is {breaths_per_min}; expected 4 to 80")
    if crackles not in (None, *_CRACKLES):
        raise AudioError(f"crackles is {crackles!r}; expected 'fine', 'coarse' or None")
    if not -200 <= noise_db <= -10:
        raise AudioError(f"noise_db is {noise_db}; expected -200 to -10 dB relative to full scale")


def _breaths(duration_s: float, period_s: float, rng: np.random.Generator) -> list[_Breath]:
    breaths, start_s = [], 0.0
    while start_s < duration_s:
        length_s = period_s * float(rng.uniform(0.95, 1.05))
        breaths.append(
            _Breath(start_s, _INSPIRATION_SHARE * length_s, _EXPIRATION_SHARE * length_s, start_s + length_s)
        )
        start_s += length_s
    return breaths


def _vesicular(time_s: Signal, rate_hz: int, breaths: list[_Breath], rng: np.random.Generator) -> Signal:
    flow = np.zeros_like(time_s)
    for breath in breaths:
        for start_s, length_s, most in (
            (breath.start_s, breath.inspiration_s, 1.0),
            (breath.start_s + breath.inspiration_s, breath.expiration_s, _EXPIRATORY_FLOW),
        ):
            phase = (time_s - start_s) / length_s
            flow += most * np.where((phase > 0) & (phase < 1), np.sin(np.pi * phase), 0)
    sound = vesicular_noise(flow, rate_hz, rng)
    return sound * (10 ** (VESICULAR_DBFS / 20) / max(float(np.sqrt(np.mean(sound**2))), 1e-12))


def _add_crackles(
    signal: Signal, time_s: Signal, breath: _Breath, model: _CrackleModel, rng: np.random.Generator
) -> list[Event]:
    first, last = (breath.start_s + share * breath.inspiration_s for share in model.between)
    starts = _apart(rng, int(rng.integers(*model.count, endpoint=True)), first, last, 2 * model.two_cycle_s)
    if model.expiratory:
        expiration_s = breath.start_s + breath.inspiration_s
        starts += _apart(rng, 2, expiration_s, expiration_s + 0.5 * breath.expiration_s, 2 * model.two_cycle_s)
    events = []
    for start_s in starts:
        frequency_hz = model.frequency_hz * float(rng.uniform(0.9, 1.1))
        two_cycle_s = model.two_cycle_s * float(rng.uniform(0.9, 1.1))
        end_s = start_s + two_cycle_s
        here = slice(*np.searchsorted(time_s, [start_s, end_s]))
        gain = _CRACKLE_PEAK * float(rng.uniform(0.6, 1.0))
        signal[here] += gain * crackle_waveform(time_s[here] - start_s, frequency_hz, two_cycle_s)
        events.append(Event(model.kind, start_s, end_s, frequency_hz))
    return events


def _apart(rng: np.random.Generator, count: int, first: float, last: float, least: float) -> list[float]:
    """Return random times between two, one in the first part of each equal share, so that none overlap."""
    share = (last - first) / count
    return [first + share * index + float(rng.uniform(0, max(share - least, 0))) for index in range(count)]


def _add_wheeze(signal: Signal, time_s: Signal, rate_hz: int, breath: _Breath, rng: np.random.Generator) -> Event:
    start_s = breath.start_s + breath.inspiration_s + float(rng.uniform(0.02, 0.15)) * breath.expiration_s
    length_s = max(0.1, float(rng.uniform(0.5, 0.8)) * breath.expiration_s)
    end_s = min(start_s + length_s, breath.end_s)
    frequency_hz = float(rng.uniform(400, 700))
    glide_hz_per_s = float(rng.uniform(-0.1, 0.1)) * frequency_hz / length_s
    here = slice(*np.searchsorted(time_s, [start_s, end_s]))
    signal[here] += _WHEEZE_PEAK * wheeze_waveform(
        time_s[here] - start_s, rate_hz, frequency_hz, glide_hz_per_s, end_s - start_s
    )
    return Event("wheeze", start_s, end_s, frequency_hz)
