"""The listening component for everybody: on a phone by finger, dark and light, by the rules of WCAG."""

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.data]


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
