"""A long recording, cut into stretches that are each ready for the network."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resp.audio import measure_quality_in_blocks, sound_blocks
from resp.audio.measures import Periodogram, Spectrum
from resp.audio.naming import describe_file_name
from resp.audio.quality import SignalQuality
from resp.audio.resampling import resample_blocks
from resp.audio.stream import Source, checksum, opened
from resp.audio.synthetic_mark import says_synthetic
from resp.models.config import ModelConfig
from resp.score.breath_period import STEP_S
from resp.score.cycles import BreathCycles, find_cycles
from resp.score.known import Known
from resp.score.long.cycles import JoinedCycles
from resp.score.long.limits import LONGEST, MARGIN_S, STRETCH_S
from resp.score.long.waveform import network_waveform, peak_of
from resp.score.prepare import (
    BreathRate,
    Prepared,
    SoundFacts,
    Span,
    check_cycles,
    cut_short,
    early_warnings,
    identify,
    longer_cycles,
    rate_of,
    window_starts,
)
from resp.score.schema import RecordingIdentity

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known before a long recording is cut: nothing follows where the quality is unusable."""

    identity: RecordingIdentity
    quality: SignalQuality
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreparedStretch:
    """A stretch ready for the network.

    Parameters
    ----------
    start_s, end_s
        Where it lies in the recording.
    offset_s
        Where ``prepared.waveform`` begins: with a margin before the stretch. The spans count from there.
    prepared
        Waveform and segments; its breathing rate is that of the stretch.
    windows
        The overlapping windows of the stretch, on which familiarity is judged; counted from ``offset_s`` too.
    """

    start_s: float
    end_s: float
    offset_s: float
    prepared: Prepared
    windows: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Closing:
    """What is known when all stretches are cut: ``spectrum`` of what the network heard, warnings, breathing rate."""

    spectrum: Spectrum
    warnings: tuple[str, ...]
    rate: BreathRate


Piece = Opening | PreparedStretch | Closing


@dataclass(frozen=True, slots=True)
class LongSound:
    """A recording that is read in stretches.

    Parameters
    ----------
    place
        Opens what it is read from, several times one after the other: a path or a seekable binary file.
    name
        Under which the report speaks of it.
    config, rate_hz
        The model's, and its network's sampling rate.
    cycles
        Annotated breath cycles; None lets them be found.
    known
        What is known of the recording from elsewhere.
    warnings
        To be added to its report's.
    stretch_s
        How long a stretch is, about: the last one is half to one and a half as long.
    """

    place: Callable[[], AbstractContextManager[Source]]
    name: str
    config: ModelConfig
    rate_hz: int
    cycles: Sequence[tuple[float, float]] | None = None
    known: Known = field(default_factory=Known)
    warnings: tuple[str, ...] = ()
    stretch_s: float = field(default_factory=lambda: STRETCH_S)

    def pieces(self) -> Iterator[Piece]:
        """Yield an `Opening`, the stretches in order, and a `Closing`.

        Raises
        ------
        AudioError
            The recording is damaged, or longer than a week.
        ScoreError
            Cycles that are not within the recording.
        """
        with self.place() as source:
            blocks = partial(sound_blocks, source, name=self.name, limits=LONGEST)
            quality = measure_quality_in_blocks(blocks)
            with opened(source, self.name) as (stream, _):
                digest, synthetic = checksum(stream), says_synthetic(stream)
            facts = self._facts(quality, digest, synthetic=synthetic)
            told = (*early_warnings(facts, quality, self.config), *self.warnings)
            yield Opening(identify(facts, self.name), quality, told)
            if quality.verdict == "unusable":
                return
            cutter = _Cutter(self, quality)
            peak = 0.0
            if self.config.clip.level == "peak":
                with blocks() as sound:
                    peak = peak_of(resample_blocks(sound, self.rate_hz))
            with blocks() as sound:
                for piece in network_waveform(sound, self.rate_hz, self.config.clip, peak):
                    yield from cutter.take(piece)
                yield from cutter.finish()

    def _facts(self, quality: SignalQuality, digest: str, *, synthetic: bool) -> SoundFacts:
        told = describe_file_name(self.name)
        facts = SoundFacts(
            sha256=digest,
            duration_s=quality.duration_s,
            rate_hz=quality.rate_hz,
            channels=quality.channels,
            body_site=told.body_site,
            device=told.device,
            patient_key=told.patient_key,
            synthetic=synthetic,
        )
        return replace(facts, **self.known.given())


class _Cutter:
    """Holds as much of the waveform as the next stretch needs."""

    def __init__(self, sound: LongSound, quality: SignalQuality) -> None:
        self._config, self._rate_hz = sound.config, sound.rate_hz
        self._quality = quality
        duration_s = quality.duration_s
        self._annotated = None if sound.cycles is None else check_cycles(sound.cycles, duration_s, sound.name)
        count = max(1, int(duration_s / sound.stretch_s + 0.5))
        edges = [number * sound.stretch_s for number in range(count)]
        self._plan = deque(zip(edges, [*edges[1:], duration_s], strict=True))
        self._many = count > 1
        self._held: list[Floats] = []
        self._first, self._samples = 0, 0
        self._joined, self._long = JoinedCycles(), 0
        self._lengths_s: list[float] = []
        self._only: BreathRate | None = None
        self._periodogram = Periodogram(self._rate_hz, round(duration_s * self._rate_hz))
        self._identity = RecordingIdentity(file=sound.name, duration_s=duration_s)

    def take(self, piece: Floats) -> Iterator[PreparedStretch]:
        """Take the next samples; yield the stretches that can be cut now."""
        self._periodogram.add(piece)
        self._held.append(piece)
        self._samples += piece.size
        # The window that begins last in a stretch, and the margin, lie within the next one.
        ahead_s = max(MARGIN_S, self._config.clip.window_s) + 1.0
        while len(self._plan) > 1 and self._samples >= (self._plan[0][1] + ahead_s) * self._rate_hz:
            yield self._cut(ended=False)

    def finish(self) -> Iterator[Piece]:
        """Yield the stretches that are left, and what closes the recording."""
        while self._plan:
            yield self._cut(ended=True)
        spectrum = Spectrum(self._periodogram.frequency_hz, self._periodogram.density(), np.zeros(0))
        resolution_s = 0.0 if self._annotated is not None else STEP_S
        # Of one stretch the envelope has told more than its cycles do: which other rates could be meant.
        rate = self._only if not self._many and self._only else rate_of(self._lengths_s, resolution_s)
        yield Closing(spectrum, cut_short(self._long, self._config.clip), rate)

    def _cut(self, *, ended: bool) -> PreparedStretch:
        start_s, end_s = self._plan.popleft()
        last = not self._plan
        rate_hz, clip = self._rate_hz, self._config.clip
        margin_s = max(MARGIN_S, clip.window_s)
        first = max(0, round((start_s - margin_s) * rate_hz))
        self._forget(first)
        held = np.concatenate(self._held)
        self._held = [held]
        # A copy: what is sent on must not hold all that lies ahead.
        waveform = held[: round((end_s + margin_s - first / rate_hz) * rate_hz)].copy() if not last else held
        offset_s = first / rate_hz
        windows = tuple(self._windows(start_s, end_s, first, first + len(held) if ended else None, last))
        cycles, rate = self._cycles(waveform, offset_s, start_s, end_s, last)
        kind: Literal["annotated_cycle", "cycle"] = "annotated_cycle" if self._annotated is not None else "cycle"
        spans = tuple(Span(kind, begin - offset_s, stop - offset_s) for begin, stop in cycles)
        if self._annotated is None and (not cycles or clip.segments == "windows"):
            spans = windows
        self._long += longer_cycles(spans, clip)
        return PreparedStretch(
            start_s=start_s,
            end_s=end_s,
            offset_s=offset_s,
            prepared=Prepared(
                identity=self._identity,
                quality=self._quality,
                warnings=(),
                spans=spans,
                waveform=waveform,
                rate_hz=rate_hz,
                clip=clip,
                breaths_per_min=rate.per_min,
                breaths_interval=rate.interval,
            ),
            windows=windows,
        )

    def _forget(self, first: int) -> None:
        """Let go of the samples before ``first``."""
        while self._held and self._first + self._held[0].size <= first:
            self._first += self._held.pop(0).size
        if self._held and self._first < first:
            self._held[0] = self._held[0][first - self._first :]
            self._first = first

    def _windows(self, start_s: float, end_s: float, first: int, samples: int | None, last: bool) -> Iterator[Span]:
        """Yield the windows of the whole recording that begin within the stretch; the last one at its end."""
        rate_hz, clip = self._rate_hz, self._config.clip
        length, hop = clip.window_samples(rate_hz), round(clip.hop_s * rate_hz)
        begin, stop = round(start_s * rate_hz), round(end_s * rate_hz)
        known = samples if samples is not None else stop + length
        for start in window_starts(known, length, hop, from_sample=begin):
            on_grid = start % min(hop, length) == 0
            if start >= stop and not last:
                break
            if on_grid or last:
                end = min((start + length) / rate_hz, self._quality.duration_s)
                yield Span("window", (start - first) / rate_hz, end - first / rate_hz)

    def _cycles(
        self, waveform: Floats, offset_s: float, start_s: float, end_s: float, last: bool
    ) -> tuple[tuple[tuple[float, float], ...], BreathRate]:
        """Return the stretch's cycles in seconds of the recording, and their rate."""
        if self._annotated is not None:
            own = tuple(cycle for cycle in self._annotated if start_s <= cycle[0] and (last or cycle[0] < end_s))
            lengths_s = [stop - begin for begin, stop in own]
            self._lengths_s += lengths_s
            return own, rate_of(lengths_s)
        found = find_cycles(waveform, self._rate_hz) if self._config.task == "respiratory" else None
        there = [(begin + offset_s, stop + offset_s) for begin, stop in found.cycles] if found else []
        cycles = self._joined.own(there, start_s, end_s, last=last)
        rate = _rate(found)
        self._only = rate
        # The recording's own ends cut the first breath and the last.
        whole = cycles[1 if start_s <= 0 else 0 : len(cycles) - 1 if last else None]
        self._lengths_s += [stop - begin for begin, stop in whole]
        return cycles, rate


def _rate(found: BreathCycles | None) -> BreathRate:
    return BreathRate(found.breaths_per_min, found.breaths_per_min_interval) if found else BreathRate()
