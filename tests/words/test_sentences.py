import re

import numpy as np
import pytest

from resp.audio import AudioError, Recording, load_recording, measure_quality
from resp.audio.quality import judge
from resp.audio.quality_marks import WORDS, QualityMark
from resp.models.config import Calibration
from resp.score.confidence import abstention
from resp.score.explain.explanation import Explanation
from resp.score.familiarity import refusal, warnings
from resp.score.schema import FamiliarityResult
from resp.words import words
from resp.words.sentences import Sentences

GOOD = measure_quality(Recording(np.sin(np.arange(20_000, dtype=np.float32)) * 0.3, 4000))
TIMES, BANDS = np.linspace(0.1, 1.9, 10), np.linspace(50.0, 1950.0, 20)
TONE = np.zeros((10, 20), dtype=np.float32)
TONE[4:6, 5:7] = 1
FAULTS = [
    {"peak_dbfs": -130.0},
    {"silence_share": 1.0},
    {"peak_dbfs": 40.0},
    {"silence_share": 0.95},
    {"level_dbfs": -85.0},
    {"clipping_share": 0.2},
    {"duration_s": 0.5},
    {"clipping_share": 0.02},
    {"dropouts": 1, "dropout_s": 0.02},
    {"dropouts": 3, "dropout_s": 0.2},
    {"silence_share": 0.4},
    {"level_dbfs": -65.0},
    {"duration_s": 2.0},
    {"band_limit_hz": 700.0, "band_floor_db": -80.0},
    {"dc_offset": 0.4},
    {"band_limit_hz": 1500.0, "band_floor_db": -80.0},
    {"marks": tuple(QualityMark(start_s=at, end_s=at + 0.2, kind="knock", words="") for at in range(9))},
    {"marks": (QualityMark(start_s=1, end_s=2, kind="speech", words=""),)},
]


def result(**changes):
    known = {"verdict": "not_lung", "distance": 9.0, "limit": 2.0, "far_limit": 4.0, "kind": None}
    return FamiliarityResult(**(known | changes))


def sentences():
    for fault in FAULTS:
        judged = judge(GOOD.model_copy(update=fault))
        assert judged.reasons or judged.notes, fault
        yield from judged.reasons
        yield from judged.notes
        yield from (f"signal quality: {reason}" for reason in judged.reasons)
        yield "unusable sound: " + "; ".join(judged.reasons) if judged.reasons else judged.notes[0]
    yield from WORDS.values()
    for content, name in ((b"", "a.wav"), (b"no sound at all", "a b.wav"), (b"RIFF" + bytes(4) + b"WAVE", "a.wav")):
        with pytest.raises(AudioError) as caught:
            load_recording(content, name=name)
        yield str(caught.value)
    yield "Not an audio file that can be read; expected one of WAV, FLAC"
    yield from (Explanation("x", "W", picture, TIMES, BANDS, 0.0, 2.0).words() for picture in (TONE, 0 * TONE))
    yield abstention(np.array([0.4, 0.6]), ("normal", "crackle"), Calibration(abstain_below=0.7)) or ""
    # What the worker and the queue say of a recording that could not be scored.
    yield "scoring took longer than 1800 s and was given up"
    yield "scoring was begun 3 times and never ended; the program may have been killed"
    for kind in (None, "animal", "environment", "heart", "speech", "music"):
        yield refusal(result(kind=kind)) or ""
    off = {"spectrum_distance": 9.0, "spectrum_limit": 1.0, "verdict": "unfamiliar"}
    yield from warnings(result(**off), ["Litt3200"])
    yield from warnings(result(**off, spectrum_differences="+7 dB at 100–200 Hz, -9 dB at 1–2 Hz"), ["Litt3200", "x"])


@pytest.mark.parametrize("sentence", list(dict.fromkeys(sentences())))
def test_what_the_scoring_says_is_known_in_german(sentence):
    said = words("de").said(sentence)
    assert said != sentence
    # Nothing of the English is left, and no number is lost.
    assert not re.search(r"\b(the|is|of|and|sound|recording)\b", said), said
    assert re.findall(r"\d+", said) == re.findall(r"\d+", sentence) or "verlangt" in said


def test_english_stays_as_it_is_and_the_unknown_too():
    assert words("en").said("unusable sound: x") == "unusable sound: x"
    assert words("de").said("a sentence of another version") == "a sentence of another version"


def test_sentences_within_sentences_and_decimals_are_translated():
    told = Sentences(
        {"outer: {sentence}": "außen: {sentence}", "{length} s long": "{length} s lang", "short": "kurz"}, decimal=","
    )
    assert told.translate("outer: 1.5 s long") == "außen: 1,5 s lang"
    assert told.translate("short; 1.5 s long") == "kurz; 1,5 s lang"
    assert told.translate("short; unknown") == "kurz; unknown"


def test_a_long_text_that_nobody_knows_is_no_trouble():
    text = "; ".join(f"part {number} of a text. More of it" for number in range(60))
    assert words("de").said(text) == text
