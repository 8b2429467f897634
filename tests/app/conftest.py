import json
import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

import resp
from page_server import chromium_browser
from resp.audio.quality import measure_quality
from resp.errors import RespError
from resp.models import folder
from resp.records import User, open_records
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


@pytest.fixture(scope="session", autouse=True)
def this_machine_alone():
    """AppTest starts no server: the page is told that it serves this machine, without which somebody has to sign in."""
    config = pytest.importorskip("streamlit.config")
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    yield
    config.set_option("server.address", before)


class Clinic:
    """A clinic's records in a folder of its own, with the page before them and no worker behind."""

    def __init__(self, folder, script):
        self.records = open_records(folder=folder)
        self.desk = self.records.desk(User("local", "Ada", "admin"))
        self.scorer = StrawScorer()
        self._script = script

    def add(self, *files, judged=True, **given):
        """Keep files, (name, content) each, and have them judged; returns the rows."""
        rows = [self.desk.add_recording(content, name, **given) for name, content in files]
        if judged:
            self.judge()
        return self.desk.states([row.id for row in rows])

    def judge(self, scorer=None):
        """Do what a worker does, until nothing waits."""
        while job := self.records.queue.claim("straw"):
            try:
                sound = resp.load_recording(self.records.queue.content(job), name=job.file_name)
                report = (scorer or self.scorer).score(sound)
            except RespError as error:
                report = Report.failure(job.file_name, str(error))
            self.records.queue.finish(job, report)

    def page(self, name="", **query):
        """Open one of the pages, as its address does."""
        from streamlit.navigation.page import calc_hash
        from streamlit.testing.v1 import AppTest

        at = AppTest.from_file(str(self._script), default_timeout=60)
        for key, value in query.items():
            at.query_params[key] = str(value)
        if name:
            # AppTest opens pages by their file; ours are functions, and are known by their address.
            at._page_hash = calc_hash(name)
        at.run()
        assert not at.exception
        return at


@pytest.fixture
def clinic(tmp_path, page_script, monkeypatch):
    """An empty clinic, its settings all default."""
    import streamlit as st

    for name in [name for name in os.environ if name.startswith("RESP_") and name not in ("RESP_DATA", "RESP_REQUIRE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RESP_HOME", str(tmp_path / "resp"))
    # The model that ships is installed, whatever the checkout holds.
    monkeypatch.setattr(folder, "installed_models", lambda: (folder.DEFAULT_MODEL,))
    st.cache_resource.clear()
    made = Clinic(tmp_path / "resp", page_script)
    yield made
    made.records.close()
    st.cache_resource.clear()


def page_markup(page):
    """Return all markup of a page: its own, and what can be chosen in."""
    lists = [json.loads(element.proto.json).get("markup", "") for element in page.get("bidi_component")]
    return "".join([*(element.proto.body for element in page.get("html")), *lists])


def page_words(page):
    """Return all that a page says."""
    kinds = (page.title, page.markdown, page.caption, page.subheader, page.error, page.warning, page.success, page.info)
    return "\n".join(element.value for kind in kinds for element in kind) + page_markup(page)


@pytest.fixture(scope="session")
def words_of():
    """Return all that a page says."""
    return page_words


@pytest.fixture(scope="session")
def markup_of():
    """Return all markup of a page."""
    return page_markup


@pytest.fixture(scope="module")
def browser():
    """Chromium; see `page_server.chromium_browser`."""
    with chromium_browser() as started:
        yield started


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
