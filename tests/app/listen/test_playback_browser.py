"""Listening in a real browser: place, loop, speed, filters and gain, on real recordings."""

from itertools import pairwise

import numpy as np
import pytest
import soundfile

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect

from resp.audio.stethoscope_filters import STETHOSCOPE_FILTERS
from resp_page.listen.sound import PEAK
from shown_component import KAUH, brightness

pytestmark = [pytest.mark.browser, pytest.mark.data]


def test_a_click_is_heard_from_there_and_the_cursor_follows(visit):
    shown = visit()
    length_s = shown.read("view.duration_s")
    shown.page.mouse.click(*shown.at(0.5))
    assert shown.read("player.position_s") == pytest.approx(length_s / 2, abs=0.05)
    assert not shown.read("player.playing")
    shown.page.get_by_role("button", name="Play").click()
    shown.page.wait_for_timeout(700)
    shown.page.wait_for_function(
        f"e => e.listening.player.position_s > {length_s / 2} + 0.3", arg=shown.root.element_handle()
    )
    drawn, heard_s = shown.root.evaluate(
        """element => new Promise(done => {
            const { listening } = element;
            const look = () => requestAnimationFrame(() => {
                done([parseFloat(listening.cursor.style.left) / 100, listening.player.position_s]);
            });
            requestAnimationFrame(look);
        })"""
    )
    assert drawn * length_s == pytest.approx(heard_s, abs=0.15)
    cursor, picture = shown.page.locator(".cursor").bounding_box(), shown.picture.bounding_box()
    assert picture["x"] + picture["width"] / 2 < cursor["x"] < picture["x"] + picture["width"]
    shown.page.get_by_role("button", name="Pause").click()
    assert not shown.read("player.playing")
    expect(shown.page.locator(".clock")).to_have_text(f"{shown.read('player.position_s'):.1f} / {length_s:.1f} s")


def test_a_loop_stays_within_what_is_selected(visit):
    shown = visit()
    shown.page.mouse.move(*shown.at(0.3))
    shown.page.mouse.down()
    shown.page.mouse.move(*shown.at(0.35), steps=4)
    shown.page.mouse.up()
    start_s, end_s = shown.read("selection")
    length_s = shown.read("view.duration_s")
    assert start_s == pytest.approx(0.3 * length_s, abs=0.05)
    assert end_s == pytest.approx(0.35 * length_s, abs=0.05)
    shown.page.get_by_role("button", name="Loop").click()
    shown.page.get_by_role("button", name="Play").click()
    heard = shown.root.evaluate(
        """element => new Promise(done => {
            const heard = [], end = performance.now() + 2500;
            const look = () => {
                heard.push(element.listening.player.audio.currentTime);
                performance.now() < end ? setTimeout(look, 10) : done(heard);
            };
            look();
        })"""
    )
    assert min(heard) >= start_s - 0.03
    assert max(heard) <= end_s + 0.15
    assert sum(later < earlier - 0.2 for earlier, later in pairwise(heard)) >= 2, "it came back"
    shown.page.mouse.click(*shown.at(0.8))
    assert shown.read("selection") is None, "a click elsewhere leaves the loop"
    assert shown.read("player.position_s") > end_s


def test_half_speed_keeps_the_pitch(visit):
    shown = visit()
    shown.page.get_by_role("button", name="Half speed").click()
    shown.page.get_by_role("button", name="Play").click()
    shown.page.wait_for_timeout(300)
    passed_s = shown.root.evaluate(
        """async element => {
            const { audio } = element.listening.player;
            const [begun, at] = [performance.now(), audio.currentTime];
            await new Promise(done => setTimeout(done, 1500));
            return (audio.currentTime - at) / (performance.now() - begun) * 1000;
        }"""
    )
    assert passed_s == pytest.approx(0.5, abs=0.08)
    assert shown.read("player.audio.preservesPitch") is True


@pytest.mark.parametrize("real", ["kauh", "icbhi"])
def test_what_is_heard_through_a_filter_is_what_scipy_makes_of_it(visit, icbhi, data_dir, real):
    shown = visit(icbhi if real == "icbhi" else data_dir / "kauh" / KAUH)
    rate_hz = shown.read("data.rate_hz")
    most = 12_000
    plain = np.array(shown.root.evaluate(f"e => [...e.listening.player.samples.slice(0, {most})]"), np.float32) / 32768
    for mode in STETHOSCOPE_FILTERS:
        shown.page.get_by_role("radio", name=mode.name.capitalize()).check(force=True)
        heard = shown.root.evaluate(
            f"async e => [...(await e.listening.player.rendered()).slice(0, {most})]",
        )
        expected = mode.apply(plain, rate_hz) * shown.read("player.factor")
        np.testing.assert_allclose(heard, expected, atol=2e-5)


def test_a_filter_is_seen_as_it_is_heard(visit, icbhi):
    from scipy.signal import freqz_sos

    shown = visit(icbhi)
    rate_hz = shown.read("data.rate_hz")
    frequencies_hz = [20, 60, 200, 500, 1000, 1900]
    before = brightness(shown)
    for mode in STETHOSCOPE_FILTERS:
        shown.page.get_by_role("radio", name=mode.name.capitalize()).check(force=True)
        drawn_db = shown.root.evaluate(f"e => {frequencies_hz}.map(hz => e.listening.player.filterDb(hz))")
        _, response = freqz_sos(mode.sections(rate_hz), worN=frequencies_hz, fs=rate_hz)
        np.testing.assert_allclose(drawn_db, 20 * np.log10(np.abs(response)), atol=1e-3)
    shown.page.get_by_role("radio", name="Bell").check(force=True)
    shown.settle()
    after = brightness(shown)
    assert after[1800] < 0.5 * before[1800]
    assert after[100] > 0.9 * before[100]


def test_no_gain_distorts_and_the_most_is_shown(visit, icbhi):
    shown = visit(icbhi)
    gain = shown.page.get_by_role("slider", name="Loudness")
    for name in ("As recorded", "Bell", "Diaphragm", "Extended"):
        shown.page.get_by_role("radio", name=name).check(force=True)
        gain.focus()
        shown.press("End")
        most_db = shown.read("player.most_db")
        assert float(gain.input_value()) == pytest.approx(most_db, abs=0.3)
        expect(shown.page.locator(".gain small.full")).to_have_text(f"at most +{most_db:.1f} dB")
        loudest = shown.root.evaluate(
            "async e => (await e.listening.player.rendered()).reduce((most, v) => Math.max(most, Math.abs(v)), 0)"
        )
        assert 0.985 * PEAK < loudest <= PEAK + 1e-4
        shown.picture.focus()
        shown.press("ArrowUp", "ArrowUp")
        assert shown.read("player.gain_db") == most_db


def test_what_is_too_loud_by_accident_is_held_back(visit):
    shown = visit()
    loudest = shown.root.evaluate(
        """async e => {
            e.listening.player.gain_db = 60;
            return (await e.listening.player.rendered()).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
        }"""
    )
    assert 0.9 < loudest <= 0.9501


def test_ten_minutes(visit, tmp_path):
    file = tmp_path / "long.wav"
    sound = 0.1 * np.random.default_rng(0).standard_normal(600 * 8000)
    soundfile.write(file, sound, 8000)
    shown = visit(file)
    sizes = shown.root.evaluate(
        "async e => { await e.listening.setFull(true);"
        "return [e.listening.spectrogram.low.levels.length, e.listening.spectrogram.high.levels.length]; }"
    )
    assert sum(sizes) < 8_000_000
    shown.picture.focus()
    shown.page.mouse.click(*shown.at(0.9))
    shown.press("Space")
    shown.page.wait_for_timeout(500)
    assert 540 < shown.read("player.position_s") < 545
