"""All that happens to a recording before the network sees it: quality, one waveform, segments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from resp.audio import Recording, SignalQuality, fit_length, measure_quality
from resp.datasets.sound import prepare_waveform
from resp.models.config import ClipSettings, ModelConfig
from resp.score.breath_rate import rate_interval
from resp.score.cycles import find_cycles
from resp.score.errors import ScoreError
from resp.score.schema import RecordingIdentity

Floats = NDArray[np.float32]

# Annotations are rounded, and decoders add or drop a few milliseconds.
END_SLACK_S = 0.5
SHORTEST_CYCLE_S = 0.05


@dataclass(frozen=True, slots=True)
class Span:
    """One segment: what it is, and where it lies in the recording, in seconds."""

    kind: Literal["annotated_cycle", "cycle", "window"]
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What a report says of a recording whose samples are never all there; as in `resp.audio.Recording`."""

    sha256: str
    duration_s: float
    rate_hz: int
    channels: int
    body_site: str | None = None
    device: str | None = None
    patient_key: str | None = None
    started_at: datetime | None = None
    synthetic: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recording ready for the network.

    Parameters
    ----------
    identity, quality, warnings
        As the report will have them.
    spans
        The segments; none where the quality is unusable.
    waveform
        Float32 [time] at the network's rate, levelled and faded at both ends.
    breaths_per_min, breaths_interval
        Breathing rate and its 95 % interval, where cycles are known.
    """

    identity: RecordingIdentity
    quality: SignalQuality
    warnings: tuple[str, ...]
    spans: tuple[Span, ...]
    waveform: Floats
    rate_hz: int
    clip: ClipSettings
    breaths_per_min: float | None
    breaths_interval: tuple[float, float] | None

    def batches(self, size: int) -> Iterator[Floats]:
        """Yield the segments as float32 [segments, window], at most ``size`` at a time."""
        length = self.clip.window_samples(self.rate_hz)
        for first in range(0, len(self.spans), size):
            cut = (self._cut(span) for span in self.spans[first : first + size])
            yield np.stack([fit_length(part, length, self.clip.fit, self.clip.fade_samples) for part in cut])

    def in_windows(self) -> "Prepared":
        """Return the same recording cut into overlapping windows, as if no breath cycle had been found."""
        return self.with_spans(_windows(len(self.waveform), self.rate_hz, self.identity.duration_s, self.clip))

    def with_spans(self, spans: tuple[Span, ...]) -> "Prepared":
        """Return the same recording cut otherwise."""
        return replace(self, spans=spans)

    def _cut(self, span: Span) -> Floats:
        if span.kind == "annotated_cycle":
            # Truncated, as training cuts its cycles.
            return self.waveform[int(span.start_s * self.rate_hz) : int(span.end_s * self.rate_hz)]
        # Rounded, and a window by its length: one sample too few would be filled up and faded.
        start = round(span.start_s * self.rate_hz)
        length = self.clip.window_samples(self.rate_hz)
        return self.waveform[start : start + length if span.kind == "window" else round(span.end_s * self.rate_hz)]


def prepare(
    recording: Recording,
    config: ModelConfig,
    rate_hz: int,
    *,
    file: str,
    cycles: Sequence[tuple[float, float]] | None = None,
) -> Prepared:
    """Measure a recording and cut it into the segments that ``config`` asks for.

    Parameters
    ----------
    recording
        Any rate and number of channels; the channels are averaged.
    config
        The model's.
    rate_hz
        The network's sampling rate.
    file
        The name under which the report speaks of the recording.
    cycles
        Annotated breath cycles ``(start_s, end_s)``; None lets them be found.

    Raises
    ------
    ScoreError
        Cycles that are not within the recording.
    """
    clip = config.clip
    annotated = None if cycles is None else check_cycles(cycles, recording.duration_s, file)
    quality = measure_quality(recording)
    warnings = list(early_warnings(recording, quality, config))
    spans: tuple[Span, ...] = ()
    rate = BreathRate()
    waveform = np.zeros(0, dtype=np.float32)
    if quality.verdict != "unusable":
        # The very steps of training: a model must hear in use what it learned from. Ends are not trimmed, as
        # marks in time are those of the recording (see ClipSettings).
        waveform = prepare_waveform(recording, rate_hz, clip.fade_samples, clip.level)
        spans, rate = _spans(waveform, rate_hz, recording.duration_s, config, annotated)
        warnings.extend(cut_short(longer_cycles(spans, clip), clip))
    return Prepared(
        identity=identify(recording, file),
        quality=quality,
        warnings=tuple(warnings),
        spans=spans,
        waveform=waveform,
        rate_hz=rate_hz,
        clip=clip,
        breaths_per_min=rate.per_min,
        breaths_interval=rate.interval,
    )


def longer_cycles(spans: Sequence[Span], clip: ClipSettings) -> int:
    """Return how many cycles are longer than the network's window."""
    return sum(span.end_s - span.start_s > clip.window_s + 1e-6 for span in spans if span.kind != "window")


def cut_short(count: int, clip: ClipSettings) -> tuple[str, ...]:
    """Return the warning that ``count`` cycles are judged by their beginnings; none where there are none."""
    if not count:
        return ()
    cycles_are = "breath cycle is" if count == 1 else "breath cycles are"
    return (f"{count} {cycles_are} longer than {clip.window_s:g} s; only the beginning is judged",)


@dataclass(frozen=True, slots=True)
class BreathRate:
    """Breaths per minute and their 95 % interval, where they are known."""

    per_min: float | None = None
    interval: tuple[float, float] | None = None


def rate_of(lengths_s: Sequence[float], resolution_s: float = 0.0) -> BreathRate:
    """Return the rate of cycles of such lengths; of fewer than two none."""
    if len(lengths_s) < 2:
        return BreathRate()
    return BreathRate(60 / float(np.median(lengths_s)), rate_interval(lengths_s, (), resolution_s))


def _spans(
    waveform: Floats,
    rate_hz: int,
    duration_s: float,
    config: ModelConfig,
    annotated: tuple[tuple[float, float], ...] | None,
) -> tuple[tuple[Span, ...], BreathRate]:
    if annotated is not None:
        spans = tuple(Span("annotated_cycle", start_s, end_s) for start_s, end_s in annotated)
        return spans, rate_of([end_s - start_s for start_s, end_s in annotated])
    clip = config.clip
    # A dog has no breathing rate.
    found = find_cycles(waveform, rate_hz) if config.task == "respiratory" else None
    rate = BreathRate(found.breaths_per_min, found.breaths_per_min_interval) if found else BreathRate()
    if found and clip.segments == "cycles":
        return tuple(Span("cycle", start_s, end_s) for start_s, end_s in found.cycles), rate
    return _windows(len(waveform), rate_hz, duration_s, clip), rate


def _windows(samples: int, rate_hz: int, duration_s: float | None, clip: ClipSettings) -> tuple[Span, ...]:
    length, end_s = clip.window_samples(rate_hz), duration_s or samples / rate_hz
    starts = window_starts(samples, length, round(clip.hop_s * rate_hz))
    return tuple(Span("window", start / rate_hz, min((start + length) / rate_hz, end_s)) for start in starts)


def window_starts(samples: int, length: int, hop: int, from_sample: int = 0) -> list[int]:
    """Return where `resp.audio.cut_windows` would cut, from a sample on, without a copy of every window of an hour."""
    if samples <= length:
        return [0]
    step = min(hop, length)
    starts = list(range(-(-from_sample // step) * step, samples - length + 1, step))
    end = samples - length
    return starts if end % step == 0 else [*starts, end]


def check_cycles(
    cycles: Sequence[tuple[float, float]], duration_s: float, file: str
) -> tuple[tuple[float, float], ...]:
    """Return ``cycles`` with ends cut to the recording's.

    Raises
    ------
    ScoreError
        No cycle, one that is shorter than a twentieth of a second, or one that does not lie in the recording.
    """
    if len(cycles) == 0:
        raise ScoreError(f"{file}: an empty list of cycles; expected at least one, or None to have them found")
    checked = []
    for start_s, end_s in cycles:
        stop_s = min(float(end_s), duration_s)
        # Written so that NaN is refused.
        inside = start_s >= 0 and end_s <= duration_s + END_SLACK_S
        if not (inside and stop_s - start_s >= SHORTEST_CYCLE_S):
            raise ScoreError(
                f"{file}: a cycle from {start_s:g} to {end_s:g} s in a recording of {duration_s:.3f} s; "
                f"expected 0 <= start, end <= the duration, and at least {SHORTEST_CYCLE_S} s between them: "
                "are these the annotations of this recording?"
            )
        checked.append((float(start_s), stop_s))
    return tuple(checked)


def identify(recording: Recording | SoundFacts, file: str) -> RecordingIdentity:
    """Return what a report says of which recording it is, under the name ``file``."""
    known: dict[str, Any] = {
        name: getattr(recording, name)
        for name in (
            "sha256",
            "duration_s",
            "rate_hz",
            "channels",
            "body_site",
            "device",
            "patient_key",
            "started_at",
        )
    }
    one = recording.channels == 1
    return RecordingIdentity(
        file=file,
        channel="the only one" if one else f"mean of {recording.channels}",
        synthetic=recording.synthetic,
        **known,
    )


def early_warnings(recording: Recording | SoundFacts, quality: SignalQuality, config: ModelConfig) -> Iterator[str]:
    """Yield what a reader should know before the network has heard anything."""
    if recording.synthetic:
        yield "synthetic sound: no chest made it"
    yield from recording.notes
    if quality.verdict == "limited":
        yield from (f"signal quality: {reason}" for reason in quality.reasons)
    if recording.channels > 1:
        yield f"the mean of {recording.channels} channels was scored"
    known = {device.casefold() for device in config.trained_devices}
    if recording.device and known and recording.device.casefold() not in known:
        yield (
            f"recorded with {recording.device}, which the model was not trained on "
            f"({', '.join(config.trained_devices)}): its probabilities may be off"
        )
    if config.trained_band_hz and quality.band_limit_hz < 0.9 * config.trained_band_hz[1]:
        yield (
            f"the recording holds nothing above {quality.band_limit_hz:.0f} Hz; "
            f"the model was trained up to {config.trained_band_hz[1]:.0f} Hz"
        )
