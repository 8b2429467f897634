"""Noise to draw and play, and the listening component alone on a page, opened in a browser on real recordings."""

from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest

from page_server import served_script
from shown_component import KAUH, PATIENCE_MS, Shown

STILL = "!e.listening.player.audio.seeking"
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


@pytest.fixture(scope="session")
def noise():
    """Make noise."""

    def make(seconds=2.0, rate_hz=8000, seed=0):
        return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate_hz))).astype(np.float32)

    return make


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served_script(Path(__file__).with_name("listen_page.py"), tmp_path_factory.mktemp("home")) as url:
        yield url


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
