"""People, sounds and results for tests of the records."""

import os
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from resp.audio import Recording, to_wav_bytes
from resp.records import Desk, RecordingDetail, Records, User
from resp.score.schema import ModelIdentity, RecordingIdentity, Report, Segment, Summary

ADMIN = User("ada", "Ada Admin", "admin", "north")
CLINICIAN = User("cleo", "Cleo Clinician", "clinician", "north")
READER = User("rita", "Rita Reader", "reader", "north")
ELSEWHERE = User("eve", "Eve Elsewhere", "admin", "south")


def sound(seed: int = 0, duration_s: float = 2.0, rate_hz: int = 4000) -> bytes:
    """A WAV file of noise."""
    noise = np.random.default_rng(seed).uniform(-0.3, 0.3, (1, int(duration_s * rate_hz))).astype(np.float32)
    return to_wav_bytes(Recording(noise, rate_hz))


def report(
    *labels: str | None,
    status: str = "scored",
    model: str = "lungs",
    duration_s: float = 2.0,
    reason: str | None = None,
) -> Report:
    """What a model says: cycles of equal length with these labels; the recording is called what the first is."""
    labels = labels or ("normal",)
    step = duration_s / len(labels)
    segments = tuple(
        Segment(
            kind="cycle",
            start_s=index * step,
            end_s=(index + 1) * step,
            probabilities={name: 0.7 if name == label else 0.1 for name in ("normal", "crackle", "wheeze", "both")},
            label=label,
        )
        for index, label in enumerate(labels)
    )
    first = labels[0] if status == "scored" else None
    return Report(
        status=status,
        reason=reason,
        recording=RecordingIdentity(file="x.wav", duration_s=duration_s),
        segments=segments,
        summary=Summary(
            label=first,
            probabilities={},
            p_abnormal=0.1 if first == "normal" else 0.9,
            segment_counts={},
        ),
        model=ModelIdentity(name=model, version="1", sha256="00", card=""),
    )


def scored(
    records: Records, desk: Desk, *labels: str | None, seed: int = 0, patient_id: int | None = None, **settings
) -> RecordingDetail:
    """A recording that was added and scored; its detail."""
    row = desk.add_recording(sound(seed), f"{seed}.wav", patient_id=patient_id, **settings)
    job = records.queue.claim("worker")
    assert job.recording_id == row.id
    assert records.queue.finish(job, report(*labels))
    return desk.recording(row.id)


def moment(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def in_child(call: Callable[[], object]) -> int:
    """Run a call in a process of its own that shares no connection with this one; its status, as `subprocess` tells."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            call()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
