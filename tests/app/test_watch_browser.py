"""A page that looks again by itself, in a real browser."""

from pathlib import Path

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect

from page_server import served_script

pytestmark = pytest.mark.browser

PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served_script(Path(__file__).with_name("watch_page.py"), tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture
def page(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.locator("#looks").wait_for()
    yield page
    context.close()


def looks(page):
    return int(page.locator("#looks").inner_text().split()[-1])


def test_it_looks_again_by_itself(page):
    before = looks(page)
    page.wait_for_function(f"+document.querySelector('#looks').innerText.split(' ').at(-1) > {before + 2}")


def test_a_page_that_was_left_for_another_does_not_empty_it(page):
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("heading", name="Second").wait_for()
    page.locator("#end").wait_for()
    # Longer than what was asked for on the way would need.
    page.wait_for_timeout(1500)
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    expect(page.locator("#end")).to_be_visible()
    expect(page.locator("#looks")).to_have_count(0)


def test_it_waits_while_the_page_is_busy(page):
    page.get_by_role("button", name="Work").click()
    # One may have been on its way.
    expect(page.locator("#worked")).to_have_text("0 looks")


def test_it_waits_while_somebody_types(page):
    box = page.get_by_role("textbox", name="Name")
    box.press_sequentially("a", delay=0)
    before = looks(page)
    box.press_sequentially("b" * 12, delay=200)
    assert looks(page) <= before + 1


def test_it_waits_while_nobody_can_see_it(page):
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.wait_for_timeout(500)
    before = looks(page)
    page.wait_for_timeout(1500)
    assert looks(page) == before
    page.evaluate("delete document.hidden")
    page.wait_for_function(f"+document.querySelector('#looks').innerText.split(' ').at(-1) > {before}")
