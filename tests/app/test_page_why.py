"""Why a finding: asked for, shown over the spectrogram and in words, kept in the session alone."""

import numpy as np
import pytest

pytest.importorskip("streamlit")

from resp.score.explain import ExplainError, Explanation
from resp.words import words
from resp_page import why_view
from resp_page.why_view import overlay

CHOICE = "Show what drove the finding of"


def explanation(start_s=0.0, end_s=2.0):
    importance = np.zeros((126, 129), dtype=np.float32)
    importance[20:40, 20:40] = 1.0
    times_s = start_s + 0.016 * np.arange(126)
    return Explanation("integrated_gradients", "crackle", importance, times_s, 15.625 * np.arange(129), start_s, end_s)


@pytest.fixture
def asked(clinic, monkeypatch):
    """Let the straw model explain; gives what it was asked."""
    calls = []

    def explain(recording, segment):
        calls.append((recording.source, segment.start_s))
        if "riddle" in recording.source:
            raise ExplainError("no_reason at all")
        if "crash" in recording.source:
            raise ZeroDivisionError
        return explanation(segment.start_s, segment.end_s)

    clinic.scorer.explain = explain
    monkeypatch.setattr(why_view, "scorer_of", lambda checksum: clinic.scorer)
    return calls


@pytest.fixture
def judged(clinic, asked, encoded):
    def open_page(name="one.wav", content=None):
        (row,) = clinic.add((name, content or encoded()))
        return clinic.page("recording", id=row.id)

    return open_page


def choice(page):
    (box,) = [box for box in page.selectbox if box.label == CHOICE]
    return box


def test_nothing_is_explained_before_it_is_asked_for(judged, asked, words_of):
    page = judged()
    assert choice(page).value is None
    assert asked == []
    assert "raised the model" not in words_of(page)


def test_a_finding_is_explained_once_with_what_that_can_and_cannot_say(judged, asked, words_of):
    page = judged()
    # The second segment of straw was abstained on: there is no finding to explain.
    assert choice(page).options == ["Breath cycle 1, 0.0 to 2.0 s: crackle"]
    choice(page).select_index(0).run()
    assert not page.exception
    told = words_of(page)
    assert "ost of what drove 'crackle'" in told
    assert "cannot show that a finding is right" in told
    assert "integrated gradients" in told
    page.run()
    assert asked == [("one.wav", 0.0)]


def test_each_recording_has_its_own(clinic, judged, asked, encoded):
    choice(judged()).select_index(0).run()
    other = judged("two.wav", encoded(seconds=5.0))
    assert choice(other).value is None
    assert len(asked) == 1


def test_a_model_that_is_gone_says_so(judged, monkeypatch, words_of):
    monkeypatch.setattr(why_view, "scorer_of", lambda checksum: None)
    page = judged()
    choice(page).select_index(0).run()
    assert any("not installed here any more" in one.value for one in page.warning)


@pytest.mark.parametrize(("name", "told"), [("riddle.wav", r"no\_reason at all"), ("crash_explain.wav", None)])
def test_what_cannot_be_explained_says_so_and_the_page_goes_on(clinic, judged, words_of, monkeypatch, name, told):
    if told is None:
        monkeypatch.setattr(clinic.scorer, "explain", lambda *_: 1 / 0)
        name = "one.wav"
    page = judged(name)
    choice(page).select_index(0).run()
    assert not page.exception
    assert "This finding could not be explained." in words_of(page)
    assert "division" not in words_of(page)
    if told:
        assert told in words_of(page)
    assert "Findings" in [element.value for element in page.subheader]


def test_the_lines_lie_over_their_stretch_of_the_spectrogram():
    laid = overlay(explanation(2.0, 4.0), 8.0)
    assert (laid.start_s, laid.end_s, laid.top_hz) == (2.0, 4.0, 2000.0)
    assert laid.address.startswith("data:image/png;base64,")


def test_the_limits_say_what_the_lines_hold():
    from resp.report.explanation_picture import SHARES

    for share in SHARES:
        for language in ("en", "de"):
            assert f"{share:.0%}".replace("%", " %") in words(language).text("page.why.limits")
