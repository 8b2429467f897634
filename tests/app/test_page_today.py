"""Today: what comes in, what there is to read."""

import pytest

pytest.importorskip("streamlit")

from resp.score.schema import DISCLAIMER


def drop(page, *files):
    page.file_uploader[0].set_value([(name, content, "audio/wav") for name, content in files]).run()
    assert not page.exception
    return page


def test_first_look(clinic, words_of):
    page = clinic.page()
    assert DISCLAIMER in [element.value for element in page.caption]
    assert page.file_uploader[0].label == "Drop lung sound recordings here"
    assert "Nothing has been recorded yet" in words_of(page)
    assert [element.key for element in page.get("bidi_component")] == ["watch-list"], "there is no list yet"


def test_one_file_that_is_dropped_is_kept_and_shown_at_once(clinic, encoded, words_of):
    page = drop(clinic.page(), ("BP1_Asthma,E W,P L U,45,F.wav", encoded()))
    (row,) = clinic.desk.recordings()
    assert (row.site, row.state, row.patient_id) == ("PlU", "waiting", None)
    assert page.title[0].value == "Back left upper"
    assert "It is kept and waits for its turn" in page.info[0].value
    assert clinic.desk.content(row.id) == encoded()


def test_many_files_are_kept_each_for_itself_and_a_bad_one_stops_none(clinic, encoded, words_of):
    page = drop(clinic.page(), ("one.wav", encoded()), ("empty.wav", b""), ("text.wav", b"no sound"))
    assert [row.file_name for row in clinic.desk.recordings()] == ["text.wav", "one.wav"]
    told = words_of(page)
    assert "1 of 3 recordings judged" in told
    assert "the file is empty" in told.lower()
    clinic.judge()
    page.run()
    told = words_of(page)
    assert "3 of 3 recordings judged" in told
    assert "Not an audio file that can be read" in told
    assert "Crackle" in told


def test_what_was_dropped_is_not_taken_twice(clinic, encoded):
    page = drop(clinic.page(), ("one.wav", encoded()), ("two.wav", encoded(seconds=5.0)))
    page.run()
    assert clinic.desk.recordings().total == 2
    assert not page.file_uploader[0].value


@pytest.mark.parametrize(
    ("name", "form"), [("loud.WAV", "WAV"), ("a.Flac", "FLAC"), ("b.MP3", "MP3"), ("c.ogg", "OGG")]
)
def test_extensions_of_any_case(clinic, encoded, name, form):
    drop(clinic.page(), (name, encoded(form)))
    clinic.judge()
    (row,) = clinic.desk.recordings()
    assert (row.file_name, row.state) == (name, "scored")


def test_synthetic_sound_is_always_labelled(clinic, words_of):
    page = clinic.page()
    page.button(key="synthetic").click().run()
    assert not page.exception
    assert any("Synthetic: a computer made this sound" in element.value for element in page.info)
    clinic.judge()
    (row,) = clinic.desk.recordings()
    assert clinic.desk.recording(row.id).report.report.recording.synthetic


def test_the_microphone_comes_with_its_warning(clinic, encoded):
    page = clinic.page()
    assert any("noise suppression" in element.value.lower() for element in page.caption)
    page.audio_input[0].set_value(("clip.wav", encoded(rate_hz=16000), "audio/wav")).run()
    (row,) = clinic.desk.recordings()
    assert row.file_name.startswith("Microphone 20")
    assert row.recorded_at is not None


def test_the_list_tells_what_is_unread_abstained_failed_and_waiting(clinic, encoded, words_of):
    clinic.add(("unsure.wav", encoded()), ("good.wav", encoded(seconds=3.5)), ("bad.wav", b"no sound"))
    clinic.add(("later.wav", encoded(seconds=5.0)), judged=False)
    page = clinic.page()
    listed = words_of(page)
    for told in ("No finding given", "No class is probable enough", "Could not be scored", "Not scored yet", "unread"):
        assert told in listed
    assert r"4 recordings · 3 unread · 1 without finding · 1 failed · 1 waiting" in listed


def test_search_and_filters_are_in_the_address(clinic, encoded, markup_of):
    clinic.add(("heart.wav", encoded()), ("lung.wav", encoded(seconds=5.0)))
    assert "heart.wav" not in markup_of(clinic.page(search="lung"))
    assert "lung.wav" in markup_of(clinic.page(search="lung"))
    assert "Nothing here fits." in [element.value for element in clinic.page(search="liver").markdown]
    assert "lung.wav" not in markup_of(clinic.page(only="Failed"))


def test_patients_are_listed_with_what_is_to_do(clinic, encoded, words_of):
    patient = clinic.desk.add_patient("P-0007")
    clinic.add(("one.wav", encoded()), ("unsure.wav", encoded(seconds=5.0)), patient_id=patient.id)
    listed = words_of(clinic.page(kind="Patients"))
    assert "P-0007" in listed
    assert "2 unread, 1 without finding" in listed
    assert "2 recordings" in listed


def test_a_patient_needs_a_key_and_no_name(clinic, words_of):
    page = clinic.page()
    page.text_input[0].set_value("P-1")
    page.button[0].click().run()
    assert not page.exception
    assert [one.key for one in clinic.desk.patients()] == ["P-1"]
    assert page.title[0].value == "P\\-1"
    page = clinic.page()
    page.text_input[0].set_value("   ")
    page.button[0].click().run()
    assert "is empty" in page.error[0].value


def test_names_are_shown_as_they_are(clinic, encoded, markup_of):
    clinic.add(("<b>_bold_<b>.wav", encoded()))
    assert "&lt;b&gt;_bold_&lt;b&gt;.wav" in markup_of(clinic.page())
    assert "<b>_bold_" not in markup_of(clinic.page())


def test_ten_thousand_recordings_are_shown_a_page_at_a_time(clinic, encoded, markup_of, monkeypatch):
    from resp_page.pages import today

    monkeypatch.setattr(today, "_A_PAGE", 2)
    clinic.add(*((f"{number}.wav", encoded(seconds=2 + number / 10)) for number in range(5)), judged=False)
    page = clinic.page()
    assert markup_of(page).count('class="resp-name"') == 2
    next(button for button in page.button if button.label == "Older").click().run()
    assert "3 to 4 of 5" in [element.value for element in page.markdown]
    assert "2.wav" in markup_of(page)


def test_a_reader_only_looks(clinic, encoded, monkeypatch, markup_of):
    from resp.records import User
    from resp_page import desk

    clinic.add(("one.wav", encoded()))
    monkeypatch.setattr(desk, "current_user", lambda: User("r", "Rita", "reader"))
    page = clinic.page()
    assert not page.file_uploader
    assert "one.wav" in markup_of(page)
    page = clinic.page("recording", id=1)
    assert {button.label for button in page.button} == set()
    assert any("need the role of a clinician" in element.value for element in page.caption)
    assert clinic.desk.states([1])[0].unread, "a reader's look leaves it unread for those who judge"
    assert any("Only administrators" in element.value for element in clinic.page("administration").info)


def test_another_clinic_sees_nothing(clinic, encoded, monkeypatch, words_of):
    from resp.records import User
    from resp_page import desk

    clinic.add(("private.wav", encoded()))
    monkeypatch.setattr(desk, "current_user", lambda: User("e", "Eve", "admin", "elsewhere"))
    assert "private.wav" not in words_of(clinic.page())
    assert "No such recording" in words_of(clinic.page("recording", id=1))


def test_german(clinic, words_of):
    page = clinic.page(lang="de")
    assert page.title[0].value == "Heute"
    assert "Es wurde noch nichts aufgenommen" in words_of(page)
    page.selectbox(key="language_choice").set_value("en").run()
    assert page.title[0].value == "Today"


def test_a_dicom_file_says_itself_where_and_when(clinic):
    from datetime import UTC, datetime

    pytest.importorskip("pydicom")
    import numpy as np

    from resp.audio import Recording
    from resp.dicom.write import waveform_bytes

    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000)
    made = Recording(noise, 4000, body_site="posterior left lower", started_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    drop(clinic.page(), ("IM000001.dcm", waveform_bytes(made)))
    (row,) = clinic.desk.recordings()
    assert row.site == "PlL"
    assert row.recorded_at == made.started_at
    assert row.visit.isoformat() == "2026-01-02"
