from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

import resp
from resp.audio.quality import measure_quality
from resp.errors import RespError
from resp.models import folder
from resp.score.familiarity import withhold, withhold_summary
from resp.score.schema import FamiliarityResult, ModelIdentity, RecordingIdentity, Report, Segment, Summary

CLASSES = ("normal", "crackle", "wheeze", "both")
NO_LUNG = "does not sound like a lung sound this model knows (sounds like an animal)"
DOG = FamiliarityResult(verdict="not_lung", distance=5.0, limit=2.0, far_limit=4.0, kind="animal")
CARD = "---\nlicense: none\n---\n# A model of straw\n\n| protocol | Score |\n|---|---|\n| folds | 0.50 |\n"


def _segment(label, start_s, end_s, prediction_set, **probabilities):
    rest = (1 - sum(probabilities.values())) / (len(CLASSES) - len(probabilities))
    return Segment(
        kind="cycle",
        start_s=start_s,
        end_s=end_s,
        probabilities={name: probabilities.get(name, rest) for name in CLASSES},
        label=label,
        prediction_set=prediction_set,
        abstained=None if label else "too unsure to say",
    )


class StrawScorer:
    """Says the same of every recording; counts how often it was asked."""

    classes = CLASSES

    def __init__(self, name="straw", checksum="ab" * 32):
        self.asked = []
        self.identity = ModelIdentity(name=name, version="7", sha256=checksum, card=CARD.replace("straw", name))

    def score(self, recording, *, cycles=None):
        self.asked.append(recording.source)
        if "crash" in recording.source:
            raise ZeroDivisionError("secret")
        if "refused" in recording.source:
            return Report.failure(recording.source, "refused_because_of_*stars*")
        dog = "dog" in recording.source
        unsure = "unsure" in recording.source or dog
        quality = measure_quality(recording)
        half_s = recording.duration_s / 2
        segments = (
            _segment("crackle", 0.0, half_s, ("crackle", "normal"), crackle=0.6),
            _segment(None, half_s, recording.duration_s, ("normal", "wheeze"), normal=0.4, wheeze=0.35),
        )
        summary = Summary(
            label=None if unsure else "crackle",
            probabilities=segments[0].probabilities,
            p_abnormal=0.8,
            prediction_set=("crackle", "normal"),
            segment_counts={"crackle": 1, "abstained": 1},
            breaths_per_min=14.2,
            breaths_interval=(12.9, 16.1),
        )
        return Report(
            status="abstained" if unsure else "scored",
            reason=NO_LUNG if dog else "no class is probable enough" if unsure else None,
            recording=RecordingIdentity(
                file=recording.source,
                duration_s=recording.duration_s,
                rate_hz=recording.rate_hz,
                synthetic=recording.synthetic,
            ),
            quality=quality,
            segments=withhold(segments, NO_LUNG) if dog else segments,
            summary=withhold_summary(summary) if dog else summary,
            familiarity=DOG if dog else None,
            model=self.identity,
            warnings=(
                "the device is not one that the model was trained on",
                *(f"signal quality: {reason}" for reason in quality.reasons),
            ),
        )


@pytest.fixture
def straw(monkeypatch):
    """The page's model, replaced by one that needs no torch."""
    import streamlit as st

    scorer = StrawScorer()
    other = scorer.other = StrawScorer("hay", "cd" * 32)
    # One is installed, whatever the checkout holds; tests that want a choice add to it.
    scorer.installed = [folder.DEFAULT_MODEL]
    monkeypatch.setattr(folder, "installed_models", lambda: tuple(scorer.installed))

    class Straw:
        @staticmethod
        def load(model=None):
            if model == "missing":
                raise RespError("no model_called 'missing'")
            return other if model == "hay" else scorer

    monkeypatch.setitem(resp.__dict__, "Scorer", Straw)
    monkeypatch.delenv("RESP_MODEL", raising=False)
    st.cache_resource.clear()
    yield scorer
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def page_script():
    return Path(__file__).parents[2] / "app" / "main.py"


@pytest.fixture(scope="session")
def segment():
    """Make a segment: label, start_s, end_s, prediction set, probabilities by name."""
    return _segment


@pytest.fixture(scope="session")
def encoded():
    """Make the bytes of a breath-like noise."""

    def encode(form="WAV", seconds=4.0, rate_hz=8000):
        time_s = np.arange(int(seconds * rate_hz)) / rate_hz
        noise = np.random.default_rng(0).standard_normal(time_s.size)
        buffer = BytesIO()
        soundfile.write(buffer, 0.1 * noise * np.abs(np.sin(time_s)), rate_hz, format=form)
        return buffer.getvalue()

    return encode
