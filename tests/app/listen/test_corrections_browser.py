"""Correcting breath cycles in a real browser: by mouse, by key alone, and what is not kept yet."""

from itertools import pairwise

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect

from shown_component import KAUH, PATIENCE_MS, Shown

pytestmark = [pytest.mark.browser, pytest.mark.data]


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


def test_a_reader_cannot_correct(visit):
    shown = visit()
    expect(shown.page.get_by_role("button", name="Correct the cycles")).to_have_count(0)
    shown.picture.focus()
    shown.press("e")
    assert not shown.read("editing")
