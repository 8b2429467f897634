"""The pages can be read and used by everybody: contrast, names, one hand on a phone, no mouse at all."""

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect

from clinic_server import clinic_server

pytestmark = [pytest.mark.browser, pytest.mark.data]

PATIENCE_MS = 60_000
FILES = ("BP101_Asthma,E W,P L M,12,F.wav", "BP12_Asthma,E W,P L L,50,F.wav", "BP103_N,N,P R U,81,F.wav")
PAGES = ("", "?kind=Patients", "add?patient=1", "patient?id=1", "recording?id=1", "model", "administration")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def server(tmp_path_factory, data_dir):
    with clinic_server(tmp_path_factory.mktemp("clinic")) as started:
        bad = tmp_path_factory.mktemp("bad") / "bad.wav"
        bad.write_text("no sound")
        started.add(*(data_dir / "kauh" / name for name in FILES), bad, patient="P-1")
        yield started


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    opened.close()


def look_at(page, server, path):
    page.goto(f"{server.url}/{path}")
    page.locator("h1").first.wait_for()
    page.get_by_role("combobox", name="Language").wait_for()
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")


@pytest.mark.parametrize("path", PAGES)
def test_contrast_names_and_width_on_every_page(page, server, path):
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core is not installed")
    look_at(page, server, path)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.mouse.move(2, 2)
            page.wait_for_timeout(250)
            found = axe.Axe().run(page, context=".stMainBlockContainer", options={"runOnly": RULES})
            told = [
                (problem["id"], node["target"], node["failureSummary"])
                for problem in found["violations"]
                for node in problem["nodes"]
            ]
            assert not told, f"{width} px, {scheme}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_from_the_list_to_the_signature_without_a_mouse(page, server):
    look_at(page, server, "")
    for stop in ("Upload", "Record", "New patient", "Search"):
        assert tab_to(page, stop), f"{stop!r} is not reached with the Tab key"
    page.keyboard.type("BP12")
    page.wait_for_url("**search=BP12*")
    page.wait_for_function("document.querySelectorAll('.resp-list tbody tr').length === 1")
    assert tab_to(page, "Back left lower")
    page.keyboard.press("Enter")
    page.wait_for_url("**/recording?id=*")
    page.get_by_role("heading", name="Your judgement").wait_for()
    page.get_by_role("button", name="The recording as it came").wait_for()
    for stop in ("Measurements", "Play", "Show what drove", "Cycles"):
        assert tab_to(page, stop), f"{stop!r} is not reached with the Tab key"
    assert tab_to(page, "Comment")
    page.keyboard.type("Heard.")
    page.keyboard.press("Control+Enter")
    assert tab_to(page, "Sign what stands")
    page.keyboard.press("Enter")
    page.get_by_text("Signed by").first.wait_for()
    assert tab_to(page, "Report (PDF)")


def test_the_chest_is_walked_with_the_arrow_keys(page, server):
    look_at(page, server, "patient?id=1")
    assert tab_to(page, "Back")
    first = focused(page)
    page.keyboard.press("ArrowDown")
    assert focused(page) != first
    place = focused(page).split(":")[0]
    page.keyboard.press("Enter")
    page.wait_for_url("**/recording?id=*")
    expect(page.locator("h1")).to_have_text(place)


def focused(page):
    """What the focus is on is called, also inside of components."""
    return page.evaluate(
        """() => {
            let at = document.activeElement;
            while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
            const acts = at?.matches('button, summary, a, input, textarea');
            return at?.getAttribute('aria-label') || (acts ? at.innerText || at.labels?.[0]?.innerText || '' : '');
        }"""
    )


def tab_to(page, name, most=60):
    for _ in range(most):
        page.keyboard.press("Tab")
        if name in focused(page):
            return True
    return False
