"""What the browser is told and what comes back: corrections that are checked, texts, and one module."""

import json
import math
import re

import pytest

pytest.importorskip("streamlit")
from streamlit.testing.v1 import AppTest

from resp.records import CorrectedCycle
from resp.words import words
from resp_page.listen import Edits
from resp_page.listen.component import checked_edits, module


def test_a_correction_is_sorted_and_ends_with_the_recording():
    kept = [
        {"start_s": 3, "end_s": 5.0004, "label": "both"},
        {"start_s": 0.5, "end_s": 2.25, "label": "normal"},
    ]
    assert checked_edits(kept, 5.0) == Edits((CorrectedCycle(0.5, 2.25, "normal"), CorrectedCycle(3.0, 5.0, "both")))
    assert checked_edits([], 5.0) == Edits(())
    assert checked_edits([{"start_s": 0, "end_s": 1, "label": None}], 5.0) == Edits((CorrectedCycle(0.0, 1.0, None),))
    rub = [{"start_s": 0, "end_s": 1, "label": "rub"}]
    assert checked_edits(rub, 5.0) is None
    assert checked_edits(rub, 5.0, ("rub",)) == Edits((CorrectedCycle(0.0, 1.0, "rub"),)), (
        "a class of the model that was asked"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_s": 2.0, "end_s": 1.0, "label": "normal"},
        {"start_s": -1.0, "end_s": 1.0, "label": "normal"},
        {"start_s": 0.0, "end_s": 9.0, "label": "normal"},
        {"start_s": 0.0, "end_s": math.nan, "label": "normal"},
        {"start_s": 0.0, "end_s": math.inf, "label": "normal"},
        {"start_s": "0", "end_s": 1.0, "label": "normal"},
        {"start_s": True, "end_s": 2.0, "label": "normal"},
        {"start_s": 0.0, "end_s": 1.0, "label": "pneumonia"},
        {"start_s": 0.0, "end_s": 1.0, "label": ["normal"]},
        {"start_s": 0.0, "end_s": 1.0},
        "normal",
    ],
)
def test_what_is_no_correction_is_none_as_a_whole(wrong):
    assert checked_edits([{"start_s": 0.0, "end_s": 1.0, "label": "normal"}, wrong], 5.0) is None


@pytest.mark.parametrize("nothing", [None, {}, "text", 3])
def test_nothing_sent_is_nothing_kept(nothing):
    assert checked_edits(nothing, 5.0) is None


def shown(script, **values):
    page = AppTest.from_function(script, kwargs=values, default_timeout=30).run()
    assert not page.exception
    (drawn,) = page.get("bidi_component")
    return json.loads(drawn.proto.json)


def draw(label, language):
    import numpy as np

    import resp
    from resp.score.schema import Segment
    from resp.words import words
    from resp_page.listen import Overlay, listen

    samples = 0.1 * np.random.default_rng(0).standard_normal(32_000)
    made = Segment(kind="cycle", start_s=0.5, end_s=2.0, probabilities={label: 0.8}, label=label)
    listen(
        resp.Recording(samples, 8000),
        [made],
        key="here",
        overlay=Overlay(1.0, 2.0, 4000.0, "data:x"),
        editable=True,
        words=words(language),
    )


def test_what_the_browser_is_told():
    data = shown(draw, label="wheeze", language="en")
    assert data["duration_s"] == pytest.approx(4.0)
    assert data["sound"].endswith(".wav")
    (cycle,) = data["cycles"]
    assert (cycle["start_s"], cycle["end_s"], cycle["label"]) == (0.5, 2.0, "wheeze")
    assert (cycle["letter"], cycle["style"], cycle["words"]) == ("W", "wheeze", "Wheeze")
    assert "80 % probable" in cycle["told"]
    assert data["overlay"] == {"start_s": 1.0, "end_s": 2.0, "top_hz": 4000.0, "address": "data:x"}
    assert data["top_hz"] == 2000.0
    assert data["corrections"] is None
    assert set(data["grids"]) == {"pitch", "time"}
    assert data["grids"]["pitch"]["low"]["rows"] == 201
    assert len(data["colours"]) == 3 * 256
    assert len(json.dumps(data)) < 40_000, "sound and picture go by their own way"


def test_another_language_and_a_class_that_icbhi_does_not_know():
    data = shown(draw, label="<img src=x>", language="de")
    assert data["words"]["play"] == "Abspielen"
    assert list(data["labels"]) == ["normal", "crackle", "wheeze", "both", "<img src=x>", ""]
    assert data["cycles"][0]["words"] == "<img src=x>"


def test_a_page_that_is_not_at_the_root_of_its_server(monkeypatch):
    from resp_page.listen import component

    class Files:
        class media_file_mgr:  # noqa: N801
            @staticmethod
            def add(content, media_type, place):
                return f"/media/{len(content)}.wav"

    monkeypatch.setattr(component.runtime, "exists", lambda: True)
    monkeypatch.setattr(component.runtime, "get_instance", lambda: Files)
    assert component._address(b"abc", "audio/wav", "here") == "/media/3.wav"
    monkeypatch.setattr(component.st, "get_option", lambda name: {"server.baseUrlPath": "/lungs/"}[name])
    assert component._address(b"abc", "audio/wav", "here") == "/lungs/media/3.wav"


def test_every_text_is_set_as_text():
    assert "innerHTML" not in module()
    assert "insertAdjacentHTML" not in module()


def test_the_modules_become_one():
    joined = module()
    assert not re.search(r"^import ", joined, re.MULTILINE)
    assert re.findall(r"^export .*", joined, re.MULTILINE) == [
        "export default function ({ data, parentElement, setTriggerValue }) {"
    ]
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", joined, re.MULTILINE)
    assert sorted(names) == sorted(set(names)), "one name in two modules"


def test_the_scripts_say_what_the_catalogue_has():
    section = words("en").section("listen")
    said = set(re.findall(r'(?:say|tell|button|switch|choice)\("([a-z_]+)"', module()))
    said |= set(re.findall(r'"((?:key|mark|filter|cycle|selection)_[a-z_]+)"', module()))
    assert said - set(section) <= {"ask"}
    keys = {key: text for key, text in section.items() if key.startswith("key_")}
    assert all(text.count(" | ") == 1 for text in keys.values())
