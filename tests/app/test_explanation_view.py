"""Why a finding: asked for, shown over the spectrogram and in words, kept in the session alone."""

import numpy as np
import pytest

pytest.importorskip("streamlit")
from streamlit.testing.v1 import AppTest

from resp.audio import Recording
from resp.score.explain import ExplainError, Explanation
from resp_page.explanation_view import LIMITS, overlay
from resp_page.picture import Overlay, picture_markup

CHOICE = "Show what drove the finding of"


def explanation(start_s=0.0, end_s=2.0):
    importance = np.zeros((126, 129), dtype=np.float32)
    importance[20:40, 20:40] = 1.0
    times_s = start_s + 0.016 * np.arange(126)
    return Explanation("integrated_gradients", "crackle", importance, times_s, 15.625 * np.arange(129), start_s, end_s)


@pytest.fixture
def explainer(straw, monkeypatch):
    """The straw scorer, which explains as well; gives what it was asked."""
    asked = []

    def explain(recording, segment):
        asked.append((recording.source, segment.start_s))
        if "riddle" in recording.source:
            raise ExplainError("no_reason at all")
        return explanation(segment.start_s, segment.end_s)

    monkeypatch.setattr(straw, "explain", explain, raising=False)
    return asked


@pytest.fixture
def page(explainer, page_script):
    return AppTest.from_file(str(page_script), default_timeout=60).run()


def upload(page, *files):
    page.file_uploader[0].set_value([(name, content, "audio/wav") for name, content in files]).run()
    assert not page.exception
    return page


def choice(page):
    (box,) = [box for box in page.selectbox if box.label == CHOICE]
    return box


def words(page):
    kinds = (page.markdown, page.caption, page.warning)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_nothing_is_explained_before_it_is_asked_for(page, explainer, encoded):
    upload(page, ("one.wav", encoded()))
    assert choice(page).value is None
    assert explainer == []
    assert "raised the model" not in words(page)


def test_a_finding_is_explained_once_with_what_that_can_and_cannot_say(page, explainer, encoded):
    upload(page, ("one.wav", encoded()))
    # The second segment of straw was abstained on: there is no finding to explain.
    assert choice(page).options == ["Breath cycle 1, 0.0 to 2.0 s: crackle"]
    choice(page).select_index(0).run()
    assert not page.exception
    text = words(page)
    assert "ost of what drove 'crackle'" in text
    assert "cannot show that a finding is right" in text
    assert "integrated gradients" in text
    page.run()
    assert explainer == [("one.wav", 0.0)]


def test_it_goes_with_its_recording(page, encoded):
    upload(page, ("one.wav", encoded()))
    choice(page).select_index(0).run()
    assert len(page.session_state.explanations) == 1
    page.file_uploader[0].clear().run()
    upload(page, ("two.wav", encoded()))
    choice(page).select_index(0).run()
    assert len(page.session_state.explanations) == 1


@pytest.mark.parametrize(("name", "told"), [("riddle.wav", r"no\_reason at all"), ("one.wav", None)])
def test_what_cannot_be_explained_says_so_and_the_page_goes_on(page, straw, encoded, monkeypatch, name, told):
    if told is None:
        monkeypatch.setattr(straw, "explain", lambda *_: 1 / 0)
    upload(page, (name, encoded()))
    choice(page).select_index(0).run()
    assert not page.exception
    assert "This finding could not be explained." in words(page)
    assert "division" not in words(page)
    if told:
        assert told in words(page)
    assert "Summary of the recording" in [element.value for element in page.subheader]


def test_the_lines_lie_over_their_stretch_of_the_spectrogram():
    recording = Recording(0.1 * np.random.default_rng(0).standard_normal(32_000), 4000)
    laid = overlay(explanation(2.0, 4.0), recording.duration_s, 2000.0)
    assert (laid.start_s, laid.end_s) == (2.0, 4.0)
    assert laid.address.startswith("data:image/png;base64,")
    drawn = picture_markup(recording, [], 2000.0, Overlay(2.0, 4.0, "data:x"))
    assert '<img class="why" alt="" src="data:x" style="left:25.000%;width:25.000%">' in drawn
    assert 'class="why"' not in picture_markup(recording, [], 2000.0)


def test_the_limits_say_what_the_lines_hold():
    from resp.report.explanation_picture import SHARES

    for share in SHARES:
        assert f"{share:.0%}".replace("%", " %") in LIMITS
