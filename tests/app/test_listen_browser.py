"""Listening and looking in a real browser, on real recordings: by mouse, finger and key, dark and light."""

import json
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
import soundfile

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect

from page_server import served_script
from resp.audio.stethoscope_filters import STETHOSCOPE_FILTERS
from resp_page.listen.sound import PEAK

pytestmark = [pytest.mark.browser, pytest.mark.data]

PATIENCE_MS = 30_000
KAUH = "BP45_heart failure,Crep,P R L ,30,M.wav"
STILL = "!e.listening.player.audio.seeking"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served_script(Path(__file__).with_name("listen_page.py"), tmp_path_factory.mktemp("home")) as url:
        yield url


class Shown:
    """The component as it is on the screen."""

    def __init__(self, page):
        self.page = page
        self.root = page.locator(".listen")
        self.picture = page.locator(".seek")

    def read(self, words):
        """Return a value of the component, such as ``player.position_s``."""
        return self.root.evaluate(f"element => element.listening.{words}")

    def settle(self):
        """Wait until what was asked for is drawn."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def at(self, share, height=40):
        """Return where on the screen a share of the picture's width is."""
        box = self.picture.bounding_box()
        return box["x"] + share * box["width"], box["y"] + height

    def times(self):
        self.settle()
        return [float(text) for text in self.page.locator(".times span").all_inner_texts()]

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def sent(self):
        self.page.wait_for_function("document.querySelector('#sent').innerText !== '[]'")
        return json.loads(self.page.locator("#sent").inner_text())


AS_NEW = """element => {
    const { listening } = element;
    listening.player.pause();
    listening.setLoop(false);
    listening.setHalf(false);
    listening.setFilter("off");
    listening.setGain(listening.player.most_db);
    listening.setFull(false);
    listening.setMel(false);
    listening.setSharp("pitch");
    listening.select(null);
    listening.seek(0);
    listening.show(0, listening.view.duration_s);
}"""


@pytest.fixture(scope="module")
def visit(browser, address, data_dir):
    """Open the page, or bring one that is open already and that nobody corrected in back to its beginning."""
    contexts, known = [], {}

    def open_page(file=None, width=1440, scheme="light", touch=False, **asked):
        file = file or data_dir / "kauh" / KAUH
        if not asked and (file, width, scheme, touch) in known:
            shown = known[file, width, scheme, touch]
            shown.root.evaluate(AS_NEW)
            shown.page.wait_for_function(f"e => {STILL}", arg=shown.root.element_handle())
            shown.settle()
            return shown
        context = browser.new_context(
            viewport={"width": width, "height": 1100}, color_scheme=scheme, has_touch=touch, is_mobile=touch
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{address}/?{urlencode({'file': str(file), **asked})}")
        page.locator(".listen.ready").wait_for(timeout=PATIENCE_MS)
        shown = Shown(page)
        page.wait_for_function(f"e => e.listening.axis && {STILL}", arg=shown.root.element_handle())
        shown.settle()
        if not asked:
            known[file, width, scheme, touch] = shown
        return shown

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def icbhi(data_dir):
    return min((data_dir / "icbhi" / "audio").glob("*.wav"))


# ---- listening ----


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


def brightness(shown):
    """Return the mean red of the spectrogram at some frequencies up to 2 kHz."""
    return {
        hz: shown.page.locator("canvas.sound").evaluate(
            """(canvas, share) => {
                const row = Math.floor((1 - share) * canvas.height);
                const { data } = canvas.getContext("2d").getImageData(0, row, canvas.width, 1);
                let sum = 0;
                for (let at = 0; at < data.length; at += 4) sum += data[at];
                return sum / canvas.width;
            }""",
            hz / 2000,
        )
        for hz in (100, 1800)
    }


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


# ---- looking ----


def test_zoom_and_its_axes(visit, icbhi):
    shown = visit(icbhi)
    length_s = shown.read("view.duration_s")
    assert shown.times()[0] == 0
    assert shown.times()[-1] == pytest.approx(length_s, abs=2)
    for axis in ("Time (s)", "Frequency (Hz)", "Amplitude"):
        expect(shown.page.get_by_text(axis, exact=True)).to_be_visible()
    shown.page.mouse.click(*shown.at(0.5))
    shown.press("+", "+", "+", "+")
    times = shown.times()
    assert times[-1] - times[0] <= length_s / 16
    assert times[0] < length_s / 2 < times[-1], "it zooms at the cursor"
    assert len(times) >= 5
    assert len(set(times)) == len(times)
    # The wheel keeps the place under the mouse.
    there = shown.at(0.25)
    under = "view.time(0.25)"
    before_s, span_s = shown.read(under), shown.read("view.span_s")
    shown.page.mouse.move(*there)
    shown.page.keyboard.down("Control")
    shown.page.mouse.wheel(0, -100)
    shown.page.keyboard.up("Control")
    shown.page.wait_for_function(f"e => e.listening.view.span_s < {span_s} - 0.01", arg=shown.root.element_handle())
    assert shown.read(under) == pytest.approx(before_s, abs=0.01)
    shown.page.get_by_role("button", name="Whole recording").click()
    assert shown.read("view.isWhole")
    for _ in range(12):
        shown.page.get_by_role("button", name="Zoom in").click()
    assert shown.read("view.span_s") == pytest.approx(0.2)


def test_the_wheel_alone_scrolls_the_page_and_says_how_to_zoom(visit):
    shown = visit()
    shown.page.mouse.move(*shown.at(0.5))
    shown.page.mouse.wheel(0, 100)
    expect(shown.page.get_by_role("status")).to_have_text("To zoom, hold Ctrl and turn the wheel.")
    assert shown.read("view.isWhole")


def test_frequencies_up_to_2_khz_or_all_linear_or_mel(visit, icbhi):
    shown = visit(icbhi)

    def heights():
        shown.settle()
        spans = shown.page.locator(".frequencies span").evaluate_all(
            "all => all.map(one => [Number(one.innerText), parseFloat(one.style.top)])"
        )
        return {hz: 1 - top / 100 for hz, top in spans}

    assert heights()[2000] == pytest.approx(1)
    assert heights()[1000] == pytest.approx(0.5)
    shown.page.get_by_role("radio", name="to 22").check(force=True)
    assert heights()[20_000] == pytest.approx(20_000 / 22_050, abs=0.001)
    expect(shown.page.get_by_role("img", name="up to 22050 Hz")).to_be_visible()
    shown.page.get_by_role("radio", name="Mel").check(force=True)
    mel = {hz: np.log10(1 + hz / 700) / np.log10(1 + 22_050 / 700) for hz in heights()}
    assert heights() == pytest.approx(mel, abs=0.001)
    shown.page.wait_for_function("e => e.listening.spectrogram.high", arg=shown.root.element_handle())


def test_sharp_in_time_or_in_pitch(visit, icbhi):
    shown = visit(icbhi)
    before = brightness(shown)
    shown.page.get_by_role("radio", name="Sharp in time").check(force=True)
    shown.page.wait_for_function("e => e.listening.spectrograms.time.low", arg=shown.root.element_handle())
    shown.page.wait_for_timeout(200)
    assert brightness(shown) != before
    shown.press("s")
    assert shown.read("sharp") == "pitch"
    shown.settle()
    assert brightness(shown) == before


def test_an_explanation_lies_over_its_stretch_on_either_scale(visit, icbhi):
    shown = visit(icbhi, overlay="1")
    shown.page.wait_for_function("e => e.listening.overlay", arg=shown.root.element_handle())
    for mel in (False, True):
        shown.root.evaluate(f"e => e.listening.setMel({str(mel).lower()})")
        shown.settle()
        shown.page.wait_for_timeout(200)
        # The picture in the test is all green, from half to three quarters of the time, up to 1000 Hz.
        assert is_green(shown, 0.51, 20)
        assert is_green(shown, 0.74, 980)
        assert not is_green(shown, 0.49, 500)
        assert not is_green(shown, 0.76, 500)
        assert not is_green(shown, 0.6, 1030)


def is_green(shown, share, hz):
    return shown.page.locator("canvas.sound").evaluate(
        """(canvas, [share, height]) => {
            const place = [share * canvas.width, (1 - height) * canvas.height].map(Math.floor);
            const [red, green, blue] = canvas.getContext("2d").getImageData(...place, 1, 1).data;
            return green > 200 && red < 50 && blue < 50;
        }""",
        [share, shown.read(f"axis.share({hz})")],
    )


def test_the_view_follows_what_is_heard(visit):
    shown = visit()
    shown.picture.focus()
    shown.press("Home", "+", "+", "+", "+")
    assert shown.read("view.start_s") == 0
    shown.press("Space")
    shown.page.wait_for_function("e => e.listening.view.start_s > 0.3", arg=shown.root.element_handle())
    assert shown.read("view.start_s") <= shown.read("player.position_s") <= shown.read("view.end_s")


def test_cycles_and_faults_are_told_in_letters_and_words(visit):
    shown = visit()
    cells = shown.page.get_by_role("listbox", name="Model").get_by_role("option")
    assert cells.locator("b").all_inner_texts() == ["N", "C", "W", "CW", "?"]
    assert "Wheeze. 70 % probable" in cells.nth(2).get_attribute("aria-label")
    assert "too unsure" in cells.nth(4).get_attribute("aria-label")
    expect(shown.page.get_by_role("listbox", name="Quality").get_by_role("option", name="A knock.")).to_be_visible()
    cells.nth(1).click()
    assert shown.read("selection") == pytest.approx(
        [0.2 * shown.read("view.duration_s"), 0.4 * shown.read("view.duration_s")]
    )
    shown.press("ArrowRight")
    assert shown.read("player.position_s") == pytest.approx(0.4 * shown.read("view.duration_s"), abs=0.01)


def test_texts_are_texts(visit):
    shown = visit(label="<img src=x>", mark="<img src=y>")
    assert shown.page.locator("img[src=x], img[src=y]").count() == 0
    expect(shown.page.get_by_role("option", name="<img src=y>")).to_be_visible()


def test_another_language(visit):
    shown = visit(lang="de", editable="1")
    for name in ("Abspielen", "Halbes Tempo", "Atemzüge korrigieren"):
        expect(shown.page.get_by_role("button", name=name)).to_be_visible()
    assert any("," in text for text in shown.page.locator(".levels span").all_inner_texts())


# ---- correcting ----


def test_cycles_are_corrected_by_mouse(visit):
    shown = visit(editable="1")
    page, length_s = shown.page, shown.read("view.duration_s")
    page.get_by_role("button", name="Correct the cycles").click()
    lane = page.get_by_role("listbox", name="Corrected")
    keep = page.get_by_role("button", name="Keep my corrections")
    expect(keep).to_be_disabled()

    lane.get_by_role("option").nth(1).click()
    page.get_by_role("radio", name="Wheeze", exact=True).check(force=True)
    # The end of the second cycle, which is the start of the third, half a cycle to the right.
    edge = page.get_by_role("slider", name="End of the cycle").bounding_box()
    page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + 150)
    page.mouse.down()
    page.mouse.move(*shown.at(0.45), steps=5)
    page.mouse.up()
    # The last one goes, and a new one is drawn where there was none.
    lane.get_by_role("option").nth(4).click()
    page.get_by_role("button", name="Delete", exact=True).click()
    free, y = shown.at(0.9)[0], lane.bounding_box()["y"] + 15
    page.mouse.move(free, y)
    page.mouse.down()
    page.mouse.move(shown.at(0.98)[0], y, steps=5)
    page.mouse.up()
    expect(page.get_by_text("1 cycle is without a finding.")).to_be_visible()
    page.get_by_role("radio", name="Crackle", exact=True).check(force=True)
    keep.click()
    expected = [
        [0.02, 0.2, "normal"],
        [0.2, 0.45, "wheeze"],
        [0.45, 0.55, "wheeze"],
        [0.55, 0.7, "both"],
        [0.9, 0.98, "crackle"],
    ]
    for (start_s, end_s, label), (start, end, finding) in zip(shown.sent(), expected, strict=True):
        assert label == finding
        assert start_s == pytest.approx(start * length_s, abs=0.08)
        assert end_s == pytest.approx(end * length_s, abs=0.08)
    expect(page.get_by_role("status").filter(has_text="The corrections are kept.")).to_be_visible()
    expect(page.get_by_role("listbox", name="Corrected").get_by_role("option")).to_have_count(5)
    assert stored(shown) is None, "nothing is left in the browser"


def stored(shown):
    return shown.root.evaluate("element => localStorage.getItem(element.listening.draft.place)")


def test_cycles_are_corrected_by_key_alone(visit):
    shown = visit(editable="1")
    page, length_s = shown.page, shown.read("view.duration_s")
    shown.picture.focus()
    shown.press("e", "Home", ".", ".", "4")
    assert focus_by_tab(page, "End of the cycle")
    shown.press("ArrowRight", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft", "PageUp")
    shown.picture.focus()
    shown.press(".", ".", ".", "Delete", "Control+z", "Control+Shift+z", "Backspace", "Control+z")
    assert focus_by_tab(page, "Keep my corrections")
    page.keyboard.press("Enter")
    shares = [0.02, 0.2, 0.4, 0.55, 0.7]
    edges = [share * length_s for share in shares]
    edges[2] += 0.6  # 2 · 0.05 + 0.01 − 0.01 + 0.5
    assert [label for *_, label in shown.sent()] == ["normal", "both", "wheeze", "both"]
    for (start_s, end_s, _), (start, end) in zip(shown.sent(), pairwise(edges), strict=True):
        assert (start_s, end_s) == pytest.approx((start, end), abs=0.001)


def focus_by_tab(page, name, most=40):
    """Press Tab until the focus is on what is called ``name``, and whether it is seen there."""
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(
            """() => {
                let at = document.activeElement;
                while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                return [at?.getAttribute("aria-label") || at?.innerText || "", at?.matches(":focus-visible")];
            }"""
        )
        if name in at[0]:
            return at[1]
    return False


def test_what_is_not_kept_yet_survives_a_rerun_and_a_closed_tab(visit):
    shown = visit(editable="1", forgetful="1")
    page = shown.page
    page.get_by_role("button", name="Correct the cycles").click()
    page.get_by_role("listbox", name="Corrected").get_by_role("option").nth(0).click()
    page.get_by_role("radio", name="Crackle and wheeze").check(force=True)
    shown.picture.focus()
    shown.press("+", "+")
    page.get_by_role("button", name="Draw the page again").click()
    page.wait_for_timeout(1000)
    assert shown.read("draft.cycles[0].label") == "both"
    assert not shown.read("view.isWhole"), "the view stays too"
    assert KAUH not in stored(shown)
    again = page.context.new_page()
    again.goto(page.url)
    page.close()
    page, shown = again, Shown(again)
    page.locator(".listen.ready").wait_for(timeout=PATIENCE_MS)
    assert shown.read("draft.cycles[0].label") == "both"
    expect(page.get_by_text("They are not kept yet.")).to_be_visible()
    # Python did not keep it: it is still there, and can be handed over again.
    page.get_by_role("button", name="Keep my corrections").click()
    assert shown.sent()[0][2] == "both"
    expect(page.get_by_role("button", name="Keep my corrections")).to_be_enabled()
    page.get_by_role("button", name="Discard my changes").click()
    assert shown.read("draft.cycles[0].label") == "normal"
    assert not shown.read("draft.changed")


def test_another_person_at_the_same_browser_does_not_find_a_draft(visit):
    shown = visit(editable="1", who="one")
    shown.picture.focus()
    shown.press("e", ".", "4")
    assert shown.read("draft.changed")
    shown.page.goto(shown.page.url.replace("who=one", "who=two"))
    shown.page.locator(".listen.ready").wait_for(timeout=PATIENCE_MS)
    assert not shown.read("draft.changed")
    assert not shown.read("editing")


def test_cycles_are_drawn_from_nothing_and_one_may_stay_open(visit):
    shown = visit(editable="1")
    shown.picture.focus()
    shown.press("e")
    shown.page.get_by_role("button", name="Delete all").click()
    expect(shown.page.get_by_role("listbox", name="Corrected").get_by_role("option")).to_have_count(0)
    shown.picture.focus()
    shown.press("Home", "n")
    shown.page.get_by_role("button", name="Keep my corrections").click()
    assert shown.sent() == [[0.0, pytest.approx(2.0), None]]


def test_the_signs_that_are_explained_are_all_that_are_shown(visit):
    shown = visit(editable="1", label="normal")
    signs = shown.page.locator(".signs li")
    wheeze = signs.filter(has_text=re.compile("Wheeze$"))
    expect(signs.filter(has_text=re.compile("Crackle$"))).to_have_count(1)
    expect(wheeze).to_have_count(0)
    shown.picture.focus()
    shown.press("e", "Home", ".", "3")
    expect(wheeze).to_have_count(1)


def test_a_reader_cannot_correct(visit):
    shown = visit()
    expect(shown.page.get_by_role("button", name="Correct the cycles")).to_have_count(0)
    shown.picture.focus()
    shown.press("e")
    assert not shown.read("editing")


# ---- the screen ----


def test_on_a_phone_by_finger(visit):
    shown = visit(width=390, touch=True, editable="1")
    page, length_s = shown.page, shown.read("view.duration_s")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.locator(".listen button:visible, .listen label:visible").all():
        assert button.bounding_box()["height"] >= 43, button.inner_text()
    page.touchscreen.tap(*shown.at(0.5))
    assert shown.read("player.position_s") == pytest.approx(length_s / 2, abs=0.1)

    fingers = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", shown.at(0.4), shown.at(0.6))
    for wide in (0.15, 0.2, 0.25, 0.3, 0.4):
        touch("touchMove", shown.at(0.5 - wide), shown.at(0.5 + wide))
    touch("touchEnd")
    shown.settle()
    assert shown.read("view.span_s") == pytest.approx(length_s / 4, rel=0.25)
    assert shown.read("view.time(0.5)") == pytest.approx(length_s / 2, abs=0.1 * length_s)

    start_s = shown.read("view.start_s")
    touch("touchStart", shown.at(0.6))
    for share in (0.55, 0.5, 0.45, 0.4):
        touch("touchMove", shown.at(share))
    touch("touchEnd")
    assert shown.read("view.start_s") > start_s, "one finger moves the view"
    assert shown.read("selection") is None

    touch("touchStart", shown.at(0.3))
    page.wait_for_timeout(600)
    for share in (0.4, 0.5, 0.6):
        touch("touchMove", shown.at(share))
    touch("touchEnd")
    assert shown.read("selection[1]") - shown.read("selection[0]") == pytest.approx(
        0.3 * shown.read("view.span_s"), rel=0.2
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_it_can_be_read_and_used_by_everybody(visit, scheme, width):
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core is not installed")
    shown = visit(width=width, scheme=scheme, editable="1")
    shown.picture.focus()
    shown.press("e", ".", "?")
    shown.page.mouse.move(5, 5)
    shown.page.wait_for_timeout(300)
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = axe.Axe().run(shown.page, context="[data-testid=stBidiComponentIsolated]", options=rules)
    told = [
        (problem["id"], node["target"], node["failureSummary"])
        for problem in found["violations"]
        for node in problem["nodes"]
    ]
    assert not told
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
