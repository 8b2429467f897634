"""A DICOM sound made by another author, and a report of it with everything that a report can hold."""

from datetime import UTC, datetime

import numpy as np
import pytest

import makers
from made_reports import PROBABILITIES, segment
from resp.audio.quality import measure_quality
from resp.dicom import read_instance
from resp.score.schema import (
    FamiliarityResult,
    ModelIdentity,
    RecordingIdentity,
    Report,
    Summary,
)


@pytest.fixture(scope="session")
def sound():
    noise = np.random.default_rng(0).normal(scale=0.1, size=(1, 20000))
    made = makers.make_audio(makers.Group(makers.stored_of(noise, "SS"), rate_hz=4000))
    return read_instance(makers.as_bytes(made), name="sound.dcm")


@pytest.fixture(scope="session")
def source(sound):
    return sound.source


@pytest.fixture(scope="session")
def report(sound):
    return Report(
        status="scored",
        recording=RecordingIdentity(
            file="sound.dcm",
            sha256="ef" * 32,
            duration_s=5.0,
            rate_hz=4000,
            channels=1,
            channel="the only one",
            body_site="posterior left lower",
            device="Ärzte-Ohr 3",
            patient_key="PID-770-4711",
            started_at=datetime(2024, 2, 29, 10, 15, tzinfo=UTC),
            synthetic=True,
        ),
        quality=measure_quality(sound.recording),
        segments=tuple(segment(place) for place in range(4)),
        summary=Summary(
            label="crackle",
            probabilities=PROBABILITIES,
            p_abnormal=2 / 3,
            prediction_set=("crackle", "normal"),
            segment_counts={"crackle": 2, "abstained": 2},
            breaths_per_min=17.123456789012345,
            breaths_interval=(16.0, 18.1),
        ),
        familiarity=FamiliarityResult(
            verdict="unfamiliar",
            distance=1.7,
            limit=1.5,
            far_limit=3.0,
            kind="lung",
            kinds={"lung": 0.9, "a_kind_with_a_long_name": 0.1},
            spectrum_distance=0.4,
            spectrum_limit=1.0,
            spectrum_differences="weaker above 600 Hz",
        ),
        model=ModelIdentity(name="ast", version="1.2", sha256="ab" * 32, card="Naïve “card”\nwith lines"),
        warnings=("unlike what the model learned from", "a second — warning"),
    )


@pytest.fixture
def abstained(report):
    summary = report.summary.model_copy(update={"label": None})
    return report.model_copy(
        update={"status": "abstained", "reason": "signal quality: too quiet", "summary": summary, "segments": ()}
    )


@pytest.fixture
def failed():
    return Report.failure("sound.dcm", "it breaks off\x07 after 0.1 s")
