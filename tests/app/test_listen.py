"""Sound and picture as they are sent to the browser: right, bounded, and corrections that are checked."""

import json
import math
import re
from io import BytesIO

import numpy as np
import pytest

pytest.importorskip("streamlit")
import soundfile
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann
from streamlit.testing.v1 import AppTest

import resp
from resp.audio.stethoscope_filters import STETHOSCOPE_FILTERS
from resp.records import CorrectedCycle
from resp.words import words
from resp_page.listen import Edits, sound
from resp_page.listen.component import checked_edits, module
from resp_page.listen.spectrogram import CEILING_DB, FLOOR_DB, IN_PITCH, IN_TIME, SLOPE_DB, spectrogram

WINDOW_S = IN_PITCH.window_s
STEP_DB = (CEILING_DB - FLOOR_DB) / 255


def noise(seconds=2.0, rate_hz=8000, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate_hz))).astype(np.float32)


# ---- the spectrogram ----


@pytest.mark.parametrize("rate_hz", [4000, 8000, 44_100])
@pytest.mark.parametrize("tone_hz", [750.0, 3000.0])
def test_a_tone_lies_at_its_frequency_and_time(rate_hz, tone_hz):
    if tone_hz > rate_hz / 2:
        return
    time_s = np.arange(6 * rate_hz) / rate_hz
    tone = np.sin(2 * np.pi * tone_hz * time_s) * ((time_s > 2) & (time_s < 4)) + 0.1 * noise(6, rate_hz)
    made = spectrogram(tone.astype(np.float32), rate_hz)
    grid = made.low if tone_hz < 2000 else made.high
    loudest = grid.levels.max(axis=0)
    rows = np.flatnonzero(loudest == loudest.max())
    assert grid.first_hz + rows.mean() * grid.step_hz == pytest.approx(tone_hz, abs=grid.step_hz / 2 + 0.1)
    row = rows[0]
    heard = (np.flatnonzero(grid.levels[:, row] > grid.levels[:, row].max() - 40) + 0.5) * grid.hop_s
    assert heard.min() == pytest.approx(2, abs=WINDOW_S)
    assert heard.max() == pytest.approx(4, abs=WINDOW_S)


def test_levels_are_those_of_scipy():
    rate_hz = 4000
    samples = noise(3, rate_hz)
    grid = spectrogram(samples, rate_hz).low
    width = round(WINDOW_S * rate_hz)
    transform = ShortTimeFFT(hann(width, sym=False), 20, rate_hz, mfft=400)
    # SciPy's columns are centred at p · hop, ours half a hop later.
    power = transform.spectrogram(np.roll(samples.astype(float), -10))[:, -transform.p_min :]
    level = 10 * np.log10(power) + SLOPE_DB * np.log2(np.clip(transform.f, 30, 2000) / 30)[:, None]
    inside = slice(20, 560)
    ours = grid.levels[inside].astype(float) * STEP_DB
    theirs = level.T[inside]
    fits = (grid.levels[inside] > 0) & (grid.levels[inside] < 255)
    assert fits.mean() > 0.95
    np.testing.assert_allclose((ours - theirs)[fits], np.median((ours - theirs)[fits]), atol=STEP_DB)


def test_a_minute_can_be_looked_at_second_by_second():
    made = spectrogram(noise(60, 4000), 4000)
    assert made.low.hop_s <= 0.005
    assert made.low.step_hz <= 10


@pytest.mark.parametrize(("seconds", "rate_hz"), [(600, 8000), (3600, 4400)])
def test_a_long_recording_stays_small_and_no_crackle_falls_between_two_columns(seconds, rate_hz):
    samples = 0.001 * noise(seconds, rate_hz)
    click_s = 0.4321 * seconds
    samples[round(click_s * rate_hz)] = 1.0
    made = spectrogram(samples, rate_hz)
    sizes = [made, spectrogram(samples, rate_hz, IN_TIME)] if seconds <= 600 else [made]
    assert sum(one.low.levels.nbytes + one.high.levels.nbytes for one in sizes) < 8_000_000
    loudest = made.low.levels.astype(int).sum(axis=1).argmax()
    assert (loudest + 0.5) * made.low.hop_s == pytest.approx(click_s, abs=made.low.hop_s + WINDOW_S)


def test_two_crackles_are_apart_in_time_and_two_tones_in_pitch():
    rate_hz = 8000
    clicks = 0.0001 * noise(2, rate_hz)
    clicks[[8000, 8000 + 240]] = 1.0  # 30 ms
    time_s = np.arange(2 * rate_hz) / rate_hz
    tones = (np.sin(2 * np.pi * 400 * time_s) + np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)

    def valley(levels):
        """How far it falls between the first and the last of the highest places, in dB."""
        high = np.flatnonzero(levels > levels.max() - 4)
        return STEP_DB * (levels.max() - levels[high[0] : high[-1] + 1].min())

    def both(samples, axis):
        made = [spectrogram(samples, rate_hz, sharpness).low.levels for sharpness in (IN_PITCH, IN_TIME)]
        return [valley(levels[180:230].mean(axis=axis) if axis else levels.mean(axis=axis)) for levels in made]

    in_pitch, in_time = both(clicks, 1)
    assert in_time > 10 > 6 > in_pitch
    in_pitch, in_time = both(tones, 0)
    assert in_pitch > 10 > 6 > in_time


def test_what_ends_below_2_khz_has_one_grid():
    assert spectrogram(noise(1, 4000), 4000).high is None


def test_silence_is_black_and_very_short_sound_can_be_drawn():
    assert spectrogram(np.zeros(4000, np.float32), 4000).low.levels.max() == 0
    for samples in (np.full(1, 0.1, np.float32), np.full(7, 0.1, np.float32)):
        assert spectrogram(samples, 4000).low.levels.shape[0] >= 1


# ---- the sound ----


@pytest.mark.parametrize(
    ("rate_hz", "seconds", "played_hz"),
    [
        (4000, 10, 8000),
        (8000, 10, 8000),
        (44_100, 20, 44_100),
        (96_000, 10, 48_000),
        (16_000, 600, 16_000),
        (44_100, 600, 16_000),
        (44_100, 3600, 8000),
    ],
)
def test_it_is_played_at_its_own_rate_where_browsers_and_bytes_allow(rate_hz, seconds, played_hz):
    class Long:
        duration_s = seconds

    Long.rate_hz = rate_hz
    assert sound.play_rate_hz(Long) == played_hz


def test_what_is_played_is_the_recording_at_full_scale():
    recording = resp.Recording(np.stack([0.02 * noise(2, 44_100), 0.01 * noise(2, 44_100)]), 44_100)
    played = sound.prepare(recording)
    samples, rate_hz = soundfile.read(BytesIO(played.wav), dtype="int16")
    assert rate_hz == played.rate_hz == 44_100
    assert samples.ndim == 1
    assert np.abs(samples.astype(int)).max() >= 32_767
    np.testing.assert_allclose(samples / 32_768 * played.peak, recording.mono(), atol=played.peak / 30_000)


def test_the_most_gain_brings_the_loudest_sample_to_the_peak_through_each_filter():
    recording = resp.Recording(0.05 * noise(4), 8000)
    played = sound.prepare(recording)
    assert set(played.most_db) == {"off", *(mode.name for mode in STETHOSCOPE_FILTERS)}
    for mode in STETHOSCOPE_FILTERS:
        filtered = mode.apply(recording.mono(), 8000) * 10 ** (played.most_db[mode.name] / 20)
        assert 0.988 * sound.PEAK < np.abs(filtered).max() <= sound.PEAK
    assert 0.988 * sound.PEAK < np.abs(recording.mono()).max() * 10 ** (played.most_db["off"] / 20) <= sound.PEAK


def test_silence_can_be_played():
    played = sound.prepare(resp.Recording(np.zeros(400), 4000))
    assert set(played.most_db.values()) == {0.0}


def test_the_browser_gets_the_coefficients_of_its_rate_and_of_the_usual_devices():
    sent = sound.sections_by_rate(8000)
    for mode in STETHOSCOPE_FILTERS:
        assert set(sent[mode.name]) == {"8000", "44100", "48000"}
        for rate, sections in sent[mode.name].items():
            np.testing.assert_array_equal(sections, mode.sections(int(rate)))


# ---- what comes back ----


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


# ---- the component ----


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
