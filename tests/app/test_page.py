"""What the page shows and keeps, with a model of straw."""

import csv
import io
import json

import pytest

pytest.importorskip("streamlit")
from streamlit.testing.v1 import AppTest

from resp.score.schema import DISCLAIMER


@pytest.fixture
def page(straw, page_script):
    at = AppTest.from_file(str(page_script), default_timeout=60).run()
    assert not at.exception
    return at


def upload(page, *files):
    page.file_uploader[0].set_value([(name, content, "audio/wav") for name, content in files]).run()
    assert not page.exception
    return page


def markup(page):
    return "".join(element.proto.body for element in page.get("html"))


def words(page):
    kinds = (page.markdown, page.caption, page.subheader, page.error, page.warning, page.success, page.info)
    return "\n".join(element.value for kind in kinds for element in kind) + markup(page)


def test_first_look(page):
    assert DISCLAIMER in [element.value for element in page.markdown]
    assert "ab" * 32 in words(page), "the model's checksum"
    assert "# A model of straw" in words(page)
    assert "license: none" not in words(page), "the card's header is no text"
    assert not page.get("bidi_component")
    assert not page.get("audio")


def test_one_recording_reads_from_quality_to_summary(page, encoded):
    upload(page, ("one.wav", encoded()))
    titles = [element.value for element in page.subheader]
    assert titles == [
        "Can it be judged?",
        "Sound",
        "Breath cycles",
        "Summary of the recording",
        "Keep the results",
    ]
    assert len(page.get("audio")) == 1
    assert len(page.get("bidi_component")) == 1
    text = words(page)
    assert "60 % probable; cannot rule out normal" in text
    assert "too unsure to say; cannot rule out normal, wheeze" in text
    assert "2 breath cycles: 1 crackle, 1 no finding given. About 14 breaths per minute (13 to 16)." in text
    assert "The device is not one that the model was trained on" in text
    assert "Clipping" in text, "the measurements behind the verdict"


def test_a_quality_reason_is_told_once(page, encoded):
    upload(page, ("short.wav", encoded(seconds=2.0)))
    (verdict,) = page.warning[:-1]
    assert "Can be judged with care" in verdict.value
    assert page.warning[-1].value == "The device is not one that the model was trained on"


@pytest.mark.parametrize(
    ("name", "form"), [("loud.WAV", "WAV"), ("a.Flac", "FLAC"), ("b.MP3", "MP3"), ("c.ogg", "OGG")]
)
def test_extensions_of_any_case(page, encoded, name, form):
    upload(page, (name, encoded(form)))
    assert not page.error
    assert name in markup(page)


def test_one_bad_file_says_why_and_the_others_go_on(page, encoded):
    upload(page, ("text.wav", b"no sound at all"), ("empty.wav", b""), ("good.wav", encoded()))
    text = markup(page)
    assert "text.wav: not an audio file" in text
    assert "the file is empty" in text
    assert "Can it be judged?" not in [element.value for element in page.subheader]
    assert "could not be scored" in page.error[0].value
    page.selectbox[0].set_value(2).run()
    assert not page.error
    assert "Can it be judged?" in [element.value for element in page.subheader]


def test_an_unforeseen_error_stays_with_its_file(page, encoded):
    upload(page, ("crash.wav", encoded()), ("good.wav", encoded()))
    assert "60 % probable" in markup(page)
    assert "resp failed on this recording" in page.error[0].value
    assert "secret" not in words(page)
    assert len(page.get("audio")) == 1, "the sound that was read can still be heard"


def test_a_refused_recording_keeps_its_sound_and_shows_its_reason_as_it_is(page, encoded):
    upload(page, ("refused.wav", encoded()))
    assert r"refused\_because\_of\_\*stars\*" in page.error[0].value
    assert len(page.get("audio")) == 1
    assert "Summary of the recording" not in [element.value for element in page.subheader]


def test_abstention_gives_its_reason_and_no_finding(page, encoded):
    upload(page, ("unsure.wav", encoded()))
    finding = next(element.proto.body for element in page.get("html") if "resp-finding" in element.proto.body)
    assert "No finding given" in finding
    assert "no class is probable enough" in finding
    assert "Crackle" not in finding


def test_what_is_no_lung_sound_is_refused_with_its_reason_and_without_any_probability(page, encoded):
    upload(page, ("unsure.wav", encoded()))
    assert "resp-table resp-bars" in markup(page)
    assert "Breath cycles" in [element.value for element in page.subheader]
    upload(page, ("dog.wav", encoded()))
    assert "does not sound like a lung sound this model knows (sounds like an animal)" in markup(page)
    assert "No finding given" in markup(page)
    assert 'class="resp-bar' not in markup(page)
    assert "resp-table resp-bars" not in markup(page)
    assert "Breath cycles" not in [element.value for element in page.subheader]
    assert len(page.get("audio")) == 1, "the sound can still be heard"
    assert all(box.label != "Show what drove the finding of" for box in page.selectbox)


def test_synthetic_sound_is_always_labelled(page, straw):
    page.button(key="synthetic").click().run()
    assert straw.asked == ["Synthetic breathing (no patient)"]
    assert "Synthetic" in page.info[0].value
    page.button(key="synthetic").click().run()
    assert not page.info
    assert not page.get("audio")


def test_microphone(page, straw, encoded):
    page.audio_input[0].set_value(("clip.wav", encoded(rate_hz=16000), "audio/wav")).run()
    assert straw.asked == ["Microphone recording"]
    assert any("noise suppression" in element.value for element in page.caption)


def test_each_upload_is_scored_once_and_forgotten_when_removed(page, straw, encoded):
    upload(page, ("one.wav", encoded()), ("two.wav", encoded()))
    page.selectbox[0].set_value(1).run()
    assert straw.asked == ["one.wav", "two.wav"]
    page.file_uploader[0].clear().run()
    assert page.session_state.scored == {}
    assert "one.wav" not in words(page)


def test_another_session_sees_nothing(page, page_script, encoded):
    upload(page, ("private.wav", encoded()))
    other = AppTest.from_file(str(page_script), default_timeout=60).run()
    assert "private.wav" not in words(other)


def test_high_frequencies_on_demand(page, encoded):
    upload(page, ("fast.wav", encoded(rate_hz=16000)))
    toggle = page.toggle[0]
    assert toggle.label == "Show all frequencies, up to 8 kHz"
    before = page.get("bidi_component")[0].proto.id
    toggle.set_value(True).run()
    assert page.get("bidi_component")[0].proto.id != before


def test_slow_recordings_have_nothing_to_toggle(page, encoded):
    upload(page, ("slow.wav", encoded(rate_hz=4000)))
    assert not page.toggle


def test_no_model_no_traceback(straw, page_script, monkeypatch):
    monkeypatch.setenv("RESP_MODEL", "missing")
    page = AppTest.from_file(str(page_script), default_timeout=60).run()
    assert not page.exception
    assert r"no model\_called 'missing'" in page.error[0].value


def test_one_model_is_no_choice(page):
    assert not page.selectbox


def test_another_model_judges_the_same_sounds_again(straw, page_script, encoded, monkeypatch):
    straw.installed.append("hay")
    page = AppTest.from_file(str(page_script), default_timeout=60).run()
    upload(page, ("one.wav", encoded()), ("two.wav", encoded()))
    assert straw.asked == ["one.wav", "two.wav"]
    assert "Judged by straw, version 7" in words(page)
    monkeypatch.setattr("resp_page.scoring._read", None)  # the sounds were read already
    page.selectbox(key="model").set_value("hay").run()
    assert not page.exception
    assert straw.other.asked == ["one.wav", "two.wav"]
    text = words(page)
    assert "# A model of hay" in text
    assert "cd" * 32 in text
    assert "Judged by hay, version 7, checksum `cdcdcdcdcdcd`" in text
    assert "straw" not in text
    assert {scored.report.model.name for scored in page.session_state.scored.values()} == {"hay"}
    page.run()
    assert straw.other.asked == ["one.wav", "two.wav"], "nothing is judged twice by one model"


def test_the_model_it_was_started_with_is_the_first_choice(straw, page_script, monkeypatch):
    monkeypatch.setenv("RESP_MODEL", "hay")
    straw.installed.append("hay")
    page = AppTest.from_file(str(page_script), default_timeout=60).run()
    assert page.selectbox(key="model").value == "hay"
    assert len(page.selectbox(key="model").options) == 2
    assert "# A model of hay" in words(page)


def test_a_model_that_cannot_be_loaded_leaves_the_choice(straw, page_script, monkeypatch):
    monkeypatch.setenv("RESP_MODEL", "missing")
    page = AppTest.from_file(str(page_script), default_timeout=60).run()
    page.selectbox(key="model").set_value("lungs").run()
    assert not page.error
    assert "# A model of straw" in words(page)


def test_names_are_shown_as_they_are(page, encoded):
    upload(page, ("<b>_bold_</b>.wav", encoded()))
    assert "&lt;b&gt;_bold_&lt;/b&gt;.wav" in markup(page)
    assert "<b>_bold_" not in markup(page)


def test_downloads_hold_every_recording(straw, encoded):
    import resp
    from resp.score.schema import Report
    from resp_page.downloads import written

    good = straw.score(resp.load_recording(encoded(), name="good.wav"))
    reports = [good, Report.failure("bad.wav", "no sound")]
    listed = json.loads(written(reports, "json", "recording", straw.classes))
    assert [row["status"] for row in listed] == ["scored", "failed"]
    assert Report.model_validate(listed[0]["report"]) == good
    rows = list(csv.DictReader(io.StringIO(written(reports, "csv", "segment", straw.classes).decode())))
    assert [row["file"] for row in rows] == ["good.wav", "good.wav", "bad.wav"]
    assert float(rows[0]["p_crackle"]) == pytest.approx(0.6)


def test_three_files_to_keep(page, encoded):
    upload(page, ("one.wav", encoded()))
    labels = [button.proto.label for button in page.get("download_button")]
    assert labels == ["Reports (JSON)", "A row per recording (CSV)", "A row per cycle (CSV)"]
