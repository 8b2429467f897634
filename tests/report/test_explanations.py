"""Explanations as files and pictures."""

import json
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.image import imread

from resp.audio import Recording
from resp.report import ReportError
from resp.report.explanation_picture import draw_explanation, overlay_png
from resp.report.explanations import write_explanations
from resp.score.explain import Explanation
from resp.score.schema import ModelIdentity, RecordingIdentity, Report, Segment

RATE_HZ = 4000
PROBABILITIES = {"normal": 0.2, "wheeze": 0.8}


def make_explanation(start_s=1.0, label="wheeze"):
    times_s, frequencies_hz = start_s + 0.016 * np.arange(126), 15.625 * np.arange(129)
    importance = np.zeros((126, 129), dtype=np.float32)
    importance[20:40, 20:40] = 1.0
    return Explanation("occlusion", label, importance, times_s, frequencies_hz, start_s, start_s + 2.0)


@pytest.fixture
def recording():
    return Recording(0.1 * np.random.default_rng(0).standard_normal(6 * RATE_HZ), RATE_HZ, source="breath.wav")


class StrawScorer:
    """Two segments, of which the second has no label; explains whatever it is asked."""

    def __init__(self, *labels):
        self.labels = labels
        self.asked = []

    def score(self, recording):
        segments = tuple(
            Segment(kind="cycle", start_s=2.0 * at, end_s=2.0 * at + 2, probabilities=PROBABILITIES, label=label)
            for at, label in enumerate(self.labels)
        )
        return Report(
            status="scored",
            recording=RecordingIdentity(file=recording.source),
            segments=segments,
            model=ModelIdentity(name="straw", version="1", sha256="ab" * 32, card=""),
        )

    def explain(self, recording, segment, *, method, label):
        self.asked.append((segment.start_s, method, label))
        return make_explanation(segment.start_s, label or segment.label)


def test_a_picture_for_each_finding_and_a_summary(tmp_path, recording):
    scorer = StrawScorer("wheeze", None, "normal")
    out = tmp_path / "new" / "out"
    written = list(write_explanations(recording, scorer, out, method="occlusion"))
    assert [path.name for path, _ in written] == ["segment-1.png", "segment-3.png"]
    assert sorted(path.name for path in out.iterdir()) == ["explanations.json", "segment-1.png", "segment-3.png"]
    told = json.loads((out / "explanations.json").read_text("utf-8"))
    assert told["file"] == "breath.wav"
    assert told["model"]["sha256"] == "ab" * 32
    assert "not a medical device" in told["disclaimer"]
    assert [one["segment"] for one in told["explanations"]] == [1, 3]
    assert told["explanations"][0]["words"] == "most of what drove 'wheeze': 0.4–0.6 s, 340–590 Hz"
    assert scorer.asked == [(0.0, "occlusion", None), (4.0, "occlusion", None)]


def test_a_class_that_is_asked_for_is_explained_in_every_segment(tmp_path, recording):
    scorer = StrawScorer("wheeze", None)
    written = list(write_explanations(recording, scorer, tmp_path, label="normal"))
    assert len(written) == 2
    assert {label for _, _, label in scorer.asked} == {"normal"}


def test_without_a_finding_there_is_nothing_to_explain(tmp_path, recording):
    with pytest.raises(ReportError, match=r"breath\.wav: no finding to explain"):
        list(write_explanations(recording, StrawScorer(None), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path, recording):
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match="cannot be made"):
        list(write_explanations(recording, StrawScorer("wheeze"), tmp_path / "file"))


def test_the_overlay_is_clear_inside_dark_outside_and_lined_between():
    picture = imread(BytesIO(overlay_png(make_explanation(), 2000.0, width=400, height=400)))
    assert picture.shape == (400, 400, 4)

    def at(time_s, hz):
        return picture[round(399 * (1 - hz / 2000)), round(399 * (time_s - 1) / 2)]

    assert at(1.0 + 30 * 0.016, 30 * 15.625)[3] == 0, "the sound itself is seen"
    outside = at(2.5, 1500)
    assert outside[:3].max() < 0.1
    assert 0.3 < outside[3] < 0.6
    blue = (picture[..., 2] > 0.8) & (picture[..., 3] > 0.9)
    assert blue.any()
    assert at(1.0 + 30 * 0.016, 60)[3] > 0, "0 Hz is at the lower end"


def test_an_explanation_of_nothing_leaves_the_picture_as_it_is():
    blank = make_explanation()
    nothing = Explanation("x", "wheeze", -blank.importance, blank.times_s, blank.frequencies_hz, 1.0, 3.0)
    assert not imread(BytesIO(overlay_png(nothing, 2000.0)))[..., 3].any()


def test_the_picture_is_a_png_of_the_stretch(recording):
    picture = imread(BytesIO(draw_explanation(recording, make_explanation())))
    assert picture.shape[1] == 800
    louder = Recording(np.zeros(6 * RATE_HZ), RATE_HZ)
    assert imread(BytesIO(draw_explanation(louder, make_explanation()))).shape == picture.shape


def test_pictures_of_recordings_with_a_lower_or_higher_rate(recording):
    slow = SimpleNamespace(rate_hz=2000, mono=lambda: recording.mono()[::2])
    assert draw_explanation(slow, make_explanation()).startswith(b"\x89PNG")
