"""The page in a real browser, with the real scorer: what a clinician sees, at both widths, dark and light."""

import os
import shutil
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

pytest.importorskip("streamlit")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.data]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE_MS = 60_000
PLAYER = ".st-key-sound audio"
RECORDING = "BP45_heart failure,Crep,P R L ,30,M.wav"


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """A model that learned nothing, small enough to answer at once."""
    import torch

    from resp.models import create
    from resp.models.config import ClipSettings, ModelConfig
    from resp.models.folder import save_model

    classes = ("normal", "crackle", "wheeze", "both")
    settings = {"width": 24, "depth": 1, "heads": 2, "window_s": 2.0}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = create("ast_tiny", classes=classes, **settings)
    config = ModelConfig(
        name="untrained",
        network="ast_tiny",
        settings=settings,
        classes=classes,
        clip=ClipSettings(window_s=2.0, hop_s=2.0),
    )
    folder = tmp_path_factory.mktemp("model") / "untrained"
    save_model(folder, network, config, card="# untrained\n\nNo use but for tests.\n")
    return folder


@pytest.fixture(scope="module")
def address(model_folder, tmp_path_factory):
    """Where ``resp app`` answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    log = (home / "log").open("w+")
    command = [sys.executable, "-c", "from resp.cli import main; main()", "app"]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--no-browser", "--model", str(model_folder)],
        env={**os.environ, "HOME": str(home)},
        cwd=home,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, server, log)
        yield url
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def _wait_until_healthy(url, server, log, patience_s=60.0):
    end = time.monotonic() + patience_s
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    log.seek(0)
    pytest.fail(f"the page did not start: {log.read()}")


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        missing = "chromium was not found (Debian: apt-get install chromium)"
        if "chromium" in os.environ.get("RESP_REQUIRE", "").split(","):
            pytest.fail(missing)
        pytest.skip(missing)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, address):
    """Open the page; afterwards check that it asked nobody but its own server for anything."""
    contexts, asked = [], []

    def open_page(width=1440, scheme="light"):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.get_by_text("What the model is, and what it is not").wait_for(timeout=PATIENCE_MS)
        return page

    yield open_page
    for context in contexts:
        context.close()
    hosts = {urlsplit(url).hostname for url in asked if url.startswith(("http", "ws"))}
    assert hosts == {"127.0.0.1"}


def hand_in(page, *files):
    page.locator("[data-testid=stFileUploaderDropzoneInput]").set_input_files([str(file) for file in files])
    page.get_by_text("Keep the results").wait_for(timeout=PATIENCE_MS)


def luminance(colour):
    """Relative luminance of ``rgb(…)`` after WCAG 2.2."""
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_a_recording_from_top_to_bottom(visit, data_dir, width, scheme):
    page = visit(width, scheme)
    hand_in(page, data_dir / "kauh" / RECORDING)
    shown = [
        page.get_by_role("heading", name=RECORDING),
        page.get_by_role("heading", name="Can it be judged?"),
        page.locator(PLAYER),
        page.get_by_role("img", name="waveform and spectrogram up to 2000 Hz"),
        page.get_by_role("heading", name="Summary of the recording"),
        page.get_by_role("button", name="Reports (JSON)"),
    ]
    heights = []
    for part in shown:
        playwright.expect(part).to_be_visible()
        heights.append(part.bounding_box()["y"])
    assert heights == sorted(heights), "quality before sound, sound before numbers"
    for axis in ("Time (s)", "Frequency (Hz)", "Amplitude"):
        playwright.expect(page.get_by_text(axis, exact=True)).to_be_visible()
    playwright.expect(page.get_by_text("not a medical device").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page itself scrolls sideways"
    box = shown[3].bounding_box()
    assert box["x"] + box["width"] <= width
    letters = page.locator(".plot .cell b")
    assert letters.count() >= 1
    assert set(letters.all_inner_texts()) <= {"N", "C", "W", "CW", "?"}

    ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    ink = page.evaluate("el => getComputedStyle(el).color", page.locator(".picture").element_handle())
    assert (luminance(ground) > 0.5) == (scheme == "light")
    bright, dark = sorted((luminance(ground), luminance(ink)), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) > 7, "axes do not stand out of the ground"


def test_the_picture_follows_the_player_and_the_player_the_picture(visit, data_dir):
    page = visit()
    hand_in(page, data_dir / "kauh" / RECORDING)
    plot, cursor = page.locator(".plot"), page.locator("i.cursor")
    playwright.expect(page.locator(".plot img")).to_be_visible()
    playwright.expect(cursor).to_be_hidden()
    page.wait_for_function(f"document.querySelector('{PLAYER}').readyState >= 1")
    duration_s = page.evaluate(f"document.querySelector('{PLAYER}').duration")
    page.evaluate(f"document.querySelector('{PLAYER}').currentTime = 4")
    playwright.expect(cursor).to_be_visible()
    box = plot.bounding_box()
    at = cursor.bounding_box()
    assert at["x"] + at["width"] / 2 - box["x"] == pytest.approx(4 / duration_s * box["width"], abs=3)
    plot.click(position={"x": box["width"] / 2, "y": 150})
    heard_s = page.evaluate(f"document.querySelector('{PLAYER}').currentTime")
    assert heard_s == pytest.approx(duration_s / 2, abs=0.1)


def test_one_bad_file_and_the_others_go_on(visit, data_dir, tmp_path):
    bad = tmp_path / "text.wav"
    bad.write_text("this is no sound")
    page = visit(390)
    hand_in(page, bad, data_dir / "kauh" / RECORDING, min((data_dir / "icbhi" / "audio").glob("*.wav")))
    rows = page.get_by_role("region", name="All recordings").locator("tbody tr")
    assert rows.count() == 3
    assert "not an audio file" in rows.nth(0).inner_text()
    assert "judge" in rows.nth(1).inner_text()


def test_everything_is_reached_by_the_keyboard(visit):
    page = visit()
    assert _tab_until(page, "Upload")
    assert _tab_until(page, "Try a synthetic recording")
    page.keyboard.press("Enter")
    page.get_by_text("Synthetic: a computer made this sound").wait_for(timeout=PATIENCE_MS)
    page.get_by_text("Keep the results").wait_for(timeout=PATIENCE_MS)
    page.get_by_role("group", name="Picture of the recording").wait_for()
    for stop in ("Measurements", "Picture of the recording", "Reports (JSON)", "What the model is"):
        assert _tab_until(page, stop), f"{stop!r} is not reached with the Tab key"
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_text("No use but for tests.")).to_be_visible()


def _tab_until(page, name, most=80):
    """Press Tab until the focus is on what is called ``name``; also inside of components."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
                let at = document.activeElement;
                while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                const acts = at?.matches('button, summary, a, input');
                return at?.getAttribute('aria-label') || (acts ? at.innerText : '');
            }"""
        )
        if name in focused:
            return True
    return False
