"""The picture and the words: what is drawn is what was measured, and colour never stands alone."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("streamlit")
from resp.audio import Recording
from resp.score.schema import Report
from resp_page import words
from resp_page.curves import RANGE_DB, lanes, outline, spectrogram_db, spectrogram_uri, ticks
from resp_page.picture import picture_markup
from resp_page.tables import chip, legend, overview, segment_table

STYLES = Path(__file__).parents[2] / "app" / "resp_page"


def test_outline_keeps_every_peak():
    samples = np.zeros(100_003, dtype=np.float32)
    samples[77_777], samples[5] = 0.5, -0.25
    drawn = outline(samples, 50)
    assert drawn.high.shape == (50,)
    assert drawn.high.max() == pytest.approx(0.5)
    assert drawn.low.min() == pytest.approx(-0.25)
    assert drawn.high.argmax() == int(77_777 / 100_003 * 50)
    assert drawn.peak == pytest.approx(0.5)


def test_outline_of_fewer_samples_than_columns_is_the_samples():
    samples = np.array([0.1, -0.2, 0.3], dtype=np.float32)
    np.testing.assert_array_equal(outline(samples).high, samples)


@pytest.mark.parametrize("rate_hz", [4000, 44_100])
def test_a_tone_lies_at_its_frequency_and_time(rate_hz):
    time_s = np.arange(6 * rate_hz) / rate_hz
    tone = np.sin(2 * np.pi * 750 * time_s) * ((time_s > 2) & (time_s < 4))
    level = spectrogram_db(tone.astype(np.float32), rate_hz, 2000.0)
    row = int(level.max(axis=1).argmax())
    assert row / level.shape[0] * 2000 == pytest.approx(750, abs=12)
    heard = np.flatnonzero(level[row] > -20) / level.shape[1] * 6
    assert heard.min() == pytest.approx(2, abs=0.1)
    assert heard.max() == pytest.approx(4, abs=0.1)


def test_the_spectrogram_of_an_hour_is_no_wider_than_of_minutes():
    level = spectrogram_db(np.ones(3600 * 1000, dtype=np.float32), 1000, 500.0)
    assert level.shape[1] <= 1500


@pytest.mark.parametrize("samples", [np.zeros(400), np.full(3, 0.1)])
def test_silence_and_very_short_sound_can_be_drawn(samples):
    recording = Recording(samples, 4000)
    assert "data:image/png" in picture_markup(recording, [], 2000.0)


def test_silence_is_black():
    assert spectrogram_db(np.zeros(4000, dtype=np.float32), 4000, 2000.0).max() < -RANGE_DB


def test_the_picture_is_a_png_with_zero_hz_at_the_bottom():
    from base64 import b64decode
    from io import BytesIO

    from matplotlib.image import imread

    level = np.full((10, 20), -RANGE_DB, dtype=np.float32)
    level[0] = 0.0
    picture = imread(BytesIO(b64decode(spectrogram_uri(level).partition(",")[2])))
    assert picture.shape[:2] == (10, 20)
    assert picture[-1, :, :3].mean() > 0.7
    assert picture[0, :, :3].mean() < 0.1


@pytest.mark.parametrize("top", [0.1, 3.0, 9.8, 16.0, 60.0, 3600.0, 2000.0, 22_050.0])
def test_ticks_are_few_and_round(top):
    marks = ticks(top, 8)
    assert 3 <= len(marks) <= 10
    assert marks[0] == 0
    assert marks[-1] <= top * 1.001
    step = marks[1]
    assert float(f"{step:.0e}") == pytest.approx(step)


def test_segments_of_one_lane_never_overlap(segment):
    windows = [segment("normal", start, start + 8.0, (), normal=0.9) for start in (0.0, 4.0, 8.0, 12.0)]
    assert lanes(windows) == [0, 1, 0, 1]
    cycles = [segment("normal", start, start + 3.0, (), normal=0.9) for start in (0.0, 3.0, 6.0)]
    assert lanes(cycles) == [0, 0, 0]


def test_the_time_line_places_cycles_in_per_cent(segment):
    recording = Recording(np.random.default_rng(0).standard_normal(40_000) * 0.1, 4000)
    drawn = picture_markup(recording, [segment("wheeze", 2.5, 5.0, ("wheeze",), wheeze=0.8)], 2000.0)
    assert "left:25.000%;width:25.000%" in drawn
    assert "Time (s)" in drawn
    assert "Frequency (Hz)" in drawn
    assert "2.50 to 5.00 s, Wheeze. 80 % probable; other findings are unlikely" in drawn


def test_class_names_cannot_bring_markup(segment):
    hostile = segment("crackle", 0.0, 1.0, (), crackle=0.7).model_copy(
        update={"label": "<img src=x>", "probabilities": {"<img src=x>": 1.0}}
    )
    recording = Recording(np.ones(8000) * 0.1, 4000)
    for drawn in (picture_markup(recording, [hostile], 2000.0), segment_table([hostile]), legend([hostile])):
        assert "<img src=x" not in drawn.lower()


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
    assert ">P<" in chip("pleural_rub")


def test_percent_never_claims_certainty():
    assert words.percent(1.0) == "> 99 %"
    assert words.percent(0.0) == "< 1 %"
    assert words.percent(0.604) == "60 %"


def test_an_unfitted_set_promises_nothing():
    assert words.how_sure("normal", {"normal": 0.7}, ()) == "70 % probable"
    assert words.how_sure(None, {"normal": 0.7}, ()) == ""


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("level_dbfs", -31.234, ("Level", "-31.23 dBFS")),
        ("clipping_share", 0.0123, ("Clipping", "1.2 %")),
        ("energy_above_2khz_share", 0.5, ("Energy above 2 kHz", "50.0 %")),
        ("rate_hz", 4000, ("Rate", "4000 Hz")),
        ("dropouts", 2, ("Dropouts", "2")),
        ("mono", True, ("Mono", "yes")),
        ("band_limit_hz", None, ("Band limit", "not known")),
    ],
)
def test_measurements_have_words_and_units(name, value, expected):
    assert words.measurement(name, value) == expected


def test_durations():
    assert words.minutes(14.52) == "14.5 s"
    assert words.minutes(125) == "2:05 min"


def test_overview_of_what_was_not_measured(segment):
    abstained = Report(status="abstained", reason="too <short>", recording={"file": "a.wav"})
    drawn = overview([abstained])
    assert "Not measured" in drawn
    assert "too &lt;short&gt;" in drawn
