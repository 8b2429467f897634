"""A patient: the chest with what was found, this visit beside the last; adding a round; deleting."""

from datetime import date

import pytest

pytest.importorskip("streamlit")

from resp.report.chest_map import SITES


@pytest.fixture
def patient(clinic, encoded):
    """A patient with two visits: at the first all is normal to nobody, at the second one place has no finding."""
    one = clinic.desk.add_patient("P_1")
    seconds = iter(range(3, 20))

    def visit(day, **places):
        for site, name in places.items():
            clinic.add((name, encoded(seconds=next(seconds))), patient_id=one.id, site=site, visit=day)

    visit(date(2026, 1, 2), PlL="a.wav", PrL="b.wav")
    visit(date(2026, 2, 3), PlL="c.wav", ArU="unsure.wav", Tc="refused.wav")
    return one


def test_the_chest_says_what_was_found_where(clinic, patient, markup_of):
    markup = markup_of(clinic.page("patient", id=patient.id))
    assert markup.count('class="place ') == 3
    assert 'aria-label="Back left lower: Crackle. ' in markup
    assert 'aria-label="Front right upper: No finding given. ' in markup
    assert 'aria-label="Trachea: Could not be scored. ' in markup


def test_one_stop_of_the_tab_key_for_all_places(clinic, patient, markup_of):
    markup = markup_of(clinic.page("patient", id=patient.id))
    assert markup.count('role="button" tabindex="0"') == 1


def test_this_visit_stands_beside_the_last(clinic, patient, words_of):
    page = clinic.page("patient", id=patient.id)
    assert page.title[0].value == r"P\_1"
    told = words_of(page)
    assert "Last visit (2 Jan 2026)" in told
    assert "the same" in told
    assert "Listened to last time, not this time: Back right lower." in told.replace("\\", "")
    assert "As before: Back left lower." in told.replace("\\", "")
    next(box for box in page.selectbox if box.label == "Visit").set_value(date(2026, 1, 2)).run()
    assert "Last visit" not in words_of(page)


def test_files_of_the_visit(clinic, patient):
    labels = [one.proto.label for one in clinic.page("patient", id=patient.id).get("download_button")]
    assert labels == [
        "Report (PDF)",
        "A row per recording (CSV)",
        "A row per cycle (CSV)",
        "Reports (JSON)",
        "Everything (ZIP)",
    ]


def test_a_patient_without_recordings(clinic, words_of):
    patient = clinic.desk.add_patient("P-2")
    assert "There is no recording yet." in words_of(clinic.page("patient", id=patient.id))


def test_an_address_of_nobody(clinic, words_of):
    for asked in ("99", "x", ""):
        assert "There is no patient at this address" in words_of(clinic.page("patient", id=asked))


def test_deleting_needs_the_key_and_a_reason_and_leaves_only_that_fact(clinic, patient):
    page = clinic.page("patient", id=patient.id)
    reason, sure = page.text_input[1], page.text_input[2]
    delete = next(one for one in page.button if one.label == "Delete everything of this patient")
    reason.set_value("wrong person")
    sure.set_value("P-1")
    delete.click().run()
    assert "nothing was deleted" in page.error[0].value
    page.text_input[2].set_value("P_1")
    next(one for one in page.button if one.label == "Delete everything of this patient").click().run()
    assert page.title[0].value == "Today"
    assert clinic.desk.patients().total == 0
    assert clinic.desk.recordings().total == 0
    (row,) = clinic.desk.audit(action="patient deleted")
    assert "P_1" not in str(row.details)


def test_another_key(clinic, patient):
    page = clinic.page("patient", id=patient.id)
    page.text_input[0].set_value("P-9")
    next(one for one in page.button if one.label == "Change the key").click().run()
    assert page.title[0].value == r"P\-9"


def test_a_round_is_added_for_the_patient_that_the_address_names(clinic, patient, encoded, markup_of):
    page = clinic.page("add", patient=patient.id)
    assert page.selectbox(key=f"whose-{patient.id}").value == "P_1"
    page.file_uploader[0].set_value(
        [("x_Al_y.wav", encoded(seconds=30), "audio/wav"), ("somewhere.wav", encoded(seconds=31), "audio/wav")]
    ).run()
    assert not page.exception
    newest = {row.file_name: row for row in clinic.desk.recordings(limit=2)}
    assert {row.patient_id for row in newest.values()} == {patient.id}
    assert newest["x_Al_y.wav"].site == "Al"
    assert newest["somewhere.wav"].site is None
    assert any("Where was **somewhere" in element.value for element in page.markdown)
    assert markup_of(page).count('class="place ') == len(SITES), "every place can be touched"
    box = next(one for one in page.selectbox if one.label == r"somewhere\.wav" or one.label == "somewhere.wav")
    box.set_value("LlM").run()
    assert clinic.desk.states([newest["somewhere.wav"].id])[0].site == "LlM"


def test_a_round_of_another_day(clinic, patient, encoded):
    page = clinic.page("add", patient=patient.id)
    page.date_input[0].set_value(date(2026, 1, 2)).run()
    page.file_uploader[0].set_value([("one.wav", encoded(seconds=30), "audio/wav")]).run()
    assert next(iter(clinic.desk.recordings())).visit == date(2026, 1, 2)
