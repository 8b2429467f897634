"""Looking in a real browser: zoom, axes, resolution, explanations, cycles and faults, on real recordings."""

import re

import numpy as np
import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect

from shown_component import brightness

pytestmark = [pytest.mark.browser, pytest.mark.data]


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


def test_the_signs_that_are_explained_are_all_that_are_shown(visit):
    shown = visit(editable="1", label="normal")
    signs = shown.page.locator(".signs li")
    wheeze = signs.filter(has_text=re.compile("Wheeze$"))
    expect(signs.filter(has_text=re.compile("Crackle$"))).to_have_count(1)
    expect(wheeze).to_have_count(0)
    shown.picture.focus()
    shown.press("e", "Home", ".", "3")
    expect(wheeze).to_have_count(1)
