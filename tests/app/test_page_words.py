"""The words and tables: colour never stands alone, names bring no markup, nothing claims certainty."""

import re
from pathlib import Path

import pytest

pytest.importorskip("streamlit")

from resp.report.heard import HeardRecording
from resp_page import words
from resp_page.findings_view import _cycles
from resp_page.places import Mark, chest_map, place_words

STYLES = Path(__file__).parents[2] / "app" / "resp_page"


def test_every_finding_has_its_own_letter_words_and_pattern():
    labels = ["normal", "crackle", "wheeze", "both", None]
    shown = [words.finding(label) for label in labels]
    for part in ("letter", "words", "style"):
        assert len({getattr(entry, part) for entry in shown}) == len(labels)
    css = (STYLES / "findings.css").read_text("utf-8")
    looks = []
    for entry in shown:
        rule = re.search(rf"\.finding-{entry.style} {{(.*?)}}", css, re.DOTALL).group(1)
        looks.append(re.sub(r"--tone:[^;]*;", "", rule).strip())
    assert len(set(looks)) == len(labels), "two findings differ by their colour alone"


def test_an_unknown_class_keeps_its_own_name():
    assert words.finding("pleural_rub").words == "Pleural rub"
    assert ">P<" in words.chip("pleural_rub")


def test_an_unfitted_set_promises_nothing():
    assert words.how_sure("normal", {"normal": 0.7}, ()) == "70 % probable"
    assert words.how_sure(None, {"normal": 0.7}, ()) == ""
    assert words.how_sure("normal", {"normal": 0.999}, ("normal",)) == "> 99 % probable; other findings are unlikely"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("level_dbfs", -31.234, ("Level", "−31.23 dBFS")),
        ("clipping_share", 0.0123, ("Cut off for loudness", "1.23 %")),
        ("energy_above_2khz_share", 0.5, ("Energy above 2 kHz", "50 %")),
        ("rate_hz", 4000, ("Sampling rate", "4000 Hz")),
        ("dropouts", 2, ("Gaps", "2")),
        ("band_limit_hz", None, ("Nothing is recorded above", "not known")),
        ("a_new_one_db", 1.5, ("A new one", "1.5 dB")),
        ("dc_offset", 0.0, ("Shift off zero", "0")),
    ],
)
def test_measurements_have_words_and_units(name, value, expected):
    assert words.measurement(name, value) == expected


def test_a_reason_does_not_repeat_the_file():
    assert words.reason("one.wav: not a sound", "one.wav") == "Not a sound"
    assert words.reason(None, "one.wav") == ""


def test_class_names_cannot_bring_markup(segment):
    from resp.score.schema import Report

    hostile = segment("crackle", 0.0, 1.0, (), crackle=0.7).model_copy(
        update={"label": "<img src=x>", "probabilities": {"<img src=x>": 1.0}}
    )
    report = Report(status="scored", recording={"file": "a.wav"}, segments=(hostile,))
    heard = HeardRecording("a.wav", None, report)
    mark = Mark(words.finding("<img src=x>"), "<img src=x>")
    for drawn in (_cycles(heard.cycles, report), words.chip("<img src=x>"), chest_map({"PlL": mark})):
        assert "<img src=x" not in drawn.lower()
        assert "&lt;img src=x" in drawn.lower()


def test_a_place_that_this_version_does_not_know_stays_as_it_is():
    assert place_words("XyZ") == "XyZ"
    assert place_words(None) == "Place not known"
