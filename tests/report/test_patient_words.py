from dataclasses import replace

import pytest

from heard_recordings import EARLIER, NOON, corrected, heard, report
from resp.report.heard import Remark
from resp.report.patient_summary import summarise_patient
from resp.report.patient_words import (
    change_sentences,
    cycle_signs,
    doubt_words,
    finding_sentences,
    notes_by_place,
    quality_sentence,
    remarks_by_place,
    standing_words,
)
from resp.score.schema import Report
from resp.words import words

ENGLISH, GERMAN = words("en"), words("de")


def told(*recordings, language=ENGLISH):
    return finding_sentences(summarise_patient(recordings), language)


def test_findings_are_told_by_kind_and_place_then_what_is_normal():
    sentences = told(
        heard("crackle", site="PrL"), heard("crackle"), heard("wheeze", site="Tc"), heard("normal", site="Ar")
    )
    assert sentences == (
        "Wheeze: Trachea.",
        "Crackle: Back right lower and Back left lower.",
        "Normal: Front right.",
    )


def test_without_a_finding_it_says_what_the_model_could_have_found():
    assert told(heard("normal")) == (
        "At the one place that could be judged, none of the sounds that the model knows was found (crackle, wheeze).",
    )
    assert "2 Stellen" not in told(heard("normal"), language=GERMAN)[0]


def test_doubt_is_never_left_out():
    failed = heard(site="Tc", report=Report.failure("x", "broken"))
    sentences = told(heard(None), failed, heard(site="ArU"), heard(report=report("normal", "crackle"), site="Al"))
    assert sentences[1] == "Single cycles there were given a finding nevertheless: Front left."
    assert (
        sentences[2]
        == "No finding was given: Back left lower. Could not be scored: Trachea. Not scored yet: Front right upper."
    )


def test_corrections_are_counted():
    assert told(corrected(heard("normal"), "crackle"))[-1] == "One recording was corrected by a clinician (*)."


def test_nothing_is_said_of_nothing():
    assert told() == ("No recording of a visit.",)
    assert told(heard()) == ("No recording could be judged.", "Not scored yet: Back left lower.")


def test_quality_is_told_before_all():
    limited = heard(
        "normal", report=report("normal", quality=report("normal").quality.model_copy(update={"verdict": "limited"}))
    )
    summary = summarise_patient([heard("normal"), limited, heard()])
    assert quality_sentence(summary, ENGLISH) == "Signal quality: 1 good enough to judge and 1 to be judged with care."
    assert "Jede Aufnahme" in quality_sentence(summarise_patient([heard("normal")]), GERMAN)


def test_changes_are_sentences():
    summary = summarise_patient([heard("normal", day=EARLIER), heard("wheeze")])
    assert change_sentences(summary, GERMAN) == ("Neu: Hinten links unten.",)


def test_what_stands_beside_a_finding():
    (plain,) = summarise_patient([heard("wheeze")]).visit.sites
    assert doubt_words(plain, GERMAN) == ("noch offen: Rasselgeräusch und Giemen",)
    (said,) = summarise_patient([corrected(heard("wheeze"), "crackle"), heard(None)]).visit.sites
    assert doubt_words(said, ENGLISH) == ("The model had said: wheeze", "and 1 more recording, not judged")
    (unsure,) = summarise_patient([heard(None)]).visit.sites
    assert doubt_words(unsure, GERMAN)[0].startswith("zu unsicher: am ehesten unauffällig mit 0,30")


def test_cycles_are_counted_by_their_signs():
    one = heard("wheeze", None, "normal", "normal", "crackle")
    assert cycle_signs(one, ENGLISH) == "2 N · 1 C · 1 W · 1 ?"
    assert cycle_signs(one, GERMAN) == "2 U · 1 R · 1 G · 1 ?"


def test_a_note_stands_once_with_all_its_places():
    shared, own = "synthetic sound: no chest made it", "the mean of 2 channels was scored"
    recordings = [
        heard(report=report("normal", warnings=(shared, own))),
        heard(site="Tc", report=report("normal", warnings=(shared,))),
    ]
    assert notes_by_place(summarise_patient(recordings), GERMAN) == (
        ("", "Künstlicher Klang: von keinem Brustkorb."),
        ("Hinten links unten", "Ausgewertet wurde das Mittel von 2 Kanälen."),
    )


def test_remarks_stand_once_in_their_order():
    first, second = Remark("A", NOON, "one"), Remark("B", NOON.replace(hour=13), "two")
    one = corrected(heard("normal"), "crackle", text="three")
    said = replace(one, comments=(second, first, one.correction.remark), signature=Remark("C", NOON))
    assert [remark.text for _, remark in remarks_by_place(summarise_patient([said]))] == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("signed", "words_of"),
    [
        (0, "Preliminary – not signed"),
        (1, "1 of 2 recordings signed, last by Dr. Who"),
        (2, "Signed by Dr. Who, 21 Nov"),
    ],
)
def test_who_signed_is_told(signed, words_of):
    recordings = [heard("normal"), heard("normal", site="Tc")]
    signature = Remark("Dr. Who", NOON)
    said = [replace(one, signature=signature if place < signed else None) for place, one in enumerate(recordings)]
    assert words_of in standing_words(summarise_patient(said), ENGLISH)
