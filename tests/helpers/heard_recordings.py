"""Recordings of a made patient, without a model: whatever a test wants to have been said of them."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np

from resp.audio import Recording, measure_quality
from resp.report.heard import Correction, HeardRecording, Remark
from resp.score.schema import ModelIdentity, RecordingIdentity, Report, Segment, Summary

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY, EARLIER = date(2026, 11, 21), date(2026, 10, 3)
MODEL = ModelIdentity(name="tiny", version="1", sha256="cd" * 32, card="card")
RATE_HZ = 4000
CLASSES = ("normal", "crackle", "wheeze", "both")


def sound(length_s: float = 6.0) -> Recording:
    """Return noise with a tone in its middle second."""
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(0).standard_normal(len(time_s)) * 0.02
    tone = np.where(np.abs(time_s - length_s / 2) < 0.5, np.sin(2 * np.pi * 400 * time_s) * 0.3, 0.0)
    return Recording((noise + tone).astype(np.float32), RATE_HZ, source="made")


GOOD = measure_quality(sound())


def probabilities(label: str, share: float = 0.7) -> dict[str, float]:
    """Return probabilities of which ``label`` has the most."""
    return {name: share if name == label else (1 - share) / 3 for name in CLASSES}


def report(*labels: str | None, whole: str | None = "", share: float = 0.7, **changes) -> Report:
    """Return the report of a recording of one-and-a-half-second cycles; its label is the first one's unless given."""
    whole = labels[0] if whole == "" else whole
    segments = tuple(
        Segment(
            kind="cycle",
            start_s=place * 1.5,
            end_s=place * 1.5 + 1.5,
            probabilities=probabilities(label or "normal", share if label else 0.3),
            label=label,
            abstained=None if label else "too unsure",
        )
        for place, label in enumerate(labels)
    )
    told = probabilities(whole or "normal", share if whole else 0.3)
    made = Report(
        status="scored" if whole else "abstained",
        reason=None
        if whole
        else "too unsure: normal is the most probable class with 0.30; the model asks for at least 0.40",
        recording=RecordingIdentity(file="x.wav", duration_s=6.0, rate_hz=RATE_HZ),
        quality=GOOD,
        segments=segments,
        summary=Summary(
            label=whole,
            probabilities=told,
            p_abnormal=1 - told["normal"],
            prediction_set=(whole, "both") if whole else (),
            segment_counts={},
            breaths_per_min=18.0,
        ),
        model=MODEL,
    )
    return made.model_copy(update=changes)


def heard(*labels: str | None, site: str | None = "PlL", day: date = TODAY, **known) -> HeardRecording:
    """Return a recording whose cycles have these labels; none at all for one that waits."""
    given = {"file_name": f"{site}.wav", "report": report(*labels) if labels else None, "heard_at": NOON}
    return HeardRecording(day=day, site=site, **(given | known))


def corrected(one: HeardRecording, *labels: str | None, text: str = "") -> HeardRecording:
    """Return the recording with its cycles relabelled."""
    cycles = tuple((cycle.start_s, cycle.end_s, label) for cycle, label in zip(one.cycles, labels, strict=True))
    return replace(one, correction=Correction(Remark("Dr. Who", NOON, text), cycles))
