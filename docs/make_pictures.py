"""Take the pictures of docs/clinician.md from a running page: ``python docs/make_pictures.py --data FOLDER``.

FOLDER holds the KAUH lung sound data set (Fraiwan et al. 2021, doi 10.1016/j.dib.2021.106913, CC BY 4.0). The patients
are made: each is put together from recordings of several people. Needs the extras ``app`` and ``dev``, chromium and
poppler's ``pdftoppm``; takes some minutes.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from resp.audio.naming import parse_kauh_name
from resp.records import CorrectedCycle, Desk, Records, User, open_records

HERE = Path(__file__).resolve().parent
WIDE, NARROW = (1280, 900), (390, 844)
PATIENCE_S = 300
FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
CLINICIAN = User("a.okafor", "Dr. A. Okafor", "admin", "default")

# Patient → how many days ago → (patient of the data set, where the made patient was listened to).
ROUNDS: dict[str, dict[int, list[tuple[int, str]]]] = {
    "K-0417": {
        0: [
            (88, "ArU"),
            (75, "AlU"),
            (35, "ArL"),
            (72, "PrU"),
            (104, "PlU"),
            (27, "PrM"),
            (112, "PlM"),
            (39, "PrL"),
            (12, "PlL"),
        ],
        49: [(79, "ArU"), (82, "AlU"), (48, "PlU"), (31, "PlM"), (96, "PrL"), (8, "PlL")],
    },
    "K-0402": {0: [(98, "PlL"), (109, "PlM")], 14: [(106, "PlU")]},
    "K-0398": {1: [(9, "PrL"), (91, "PrU"), (46, "PlU")]},
    "K-0371": {7: [(100, "PrM"), (51, "PlM")]},
}
CHIEF, CORRECTED = "K-0417", "PrL"
DROPPED = (("back right upper.wav", 19), ("back left upper.wav", 43))


def main() -> None:
    """Fill records, serve them, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the KAUH recordings")
    parser.add_argument("--out", type=Path, default=HERE / "pictures", help="where the pictures go")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    sounds = {
        int(name.patient): path
        for path in sorted(given.data.rglob("*.wav"))
        if (name := parse_kauh_name(path.name)) and name.stethoscope_filter == "extended"
    }
    with tempfile.TemporaryDirectory() as scratch, served(Path(scratch) / "home") as (records, address):
        desk = records.desk(CLINICIAN)
        ids = fill(records, desk, sounds)
        drop = [shutil.copy(sounds[number], Path(scratch) / name) for name, number in DROPPED]
        with sync_playwright() as tools:
            browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            Camera(browser, address, given.out).take_all(ids, [str(path) for path in drop])
            browser.close()


@contextmanager
def served(home: Path) -> Iterator[tuple[Records, str]]:
    """Run ``resp app`` on records of its own; yields these and the page's address."""
    home.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "RESP_HOME": str(home), "RESP_PAGE_LOCAL_NAME": CLINICIAN.name}
    command = [sys.executable, "-c", "from resp.cli import main; main()", "app", "--port", str(port), "--no-browser"]
    records = open_records(folder=home)
    server = subprocess.Popen(command, env=environment, cwd=home)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(address), "the page")
        yield records, address
    finally:
        server.terminate()
        server.wait(20)
        records.close()


def fill(records: Records, desk: Desk, sounds: dict[int, Path]) -> dict[str, int]:
    """Put the made patients in and wait until all is scored; returns the ids that the pictures need."""
    now = datetime.now(UTC)
    rows = {}
    for key, visits in ROUNDS.items():
        patient = desk.add_patient(key)
        rows[key] = patient.id
        for days, round_ in visits.items():
            for place, (number, site) in enumerate(round_):
                at = now - timedelta(days=days, minutes=40 - place)
                row = desk.add_recording(
                    sounds[number].read_bytes(),
                    f"{at:%Y-%m-%d} {site}.wav",
                    patient_id=patient.id,
                    site=site,
                    recorded_at=at,
                    visit=at.date(),
                )
                rows[f"{key} {days} {site}"] = row.id
    desk.add_recording(b"This is a letter and no sound.", "letter.wav", site=None)
    wait_for(lambda: not (state := records.queue.state()).waiting and not state.working, "scores")
    chief = desk.recording(rows[f"{CHIEF} 0 {CORRECTED}"])
    cycles = [CorrectedCycle(one.start_s, one.end_s, one.label) for one in chief.cycles]
    cycles[1] = CorrectedCycle(cycles[1].start_s, cycles[1].end_s, "both")
    assert chief.report is not None
    desk.correct(chief.row.id, cycles, "A short wheeze at the end of the second breath.", report_id=chief.report.id)
    desk.sign(chief.row.id)
    return rows


class Camera:
    """Opens pages as people do and keeps what they see."""

    def __init__(self, browser, address: str, out: Path) -> None:  # type: ignore[no-untyped-def]
        self.browser = browser
        self.address = address
        self.out = out

    def take_all(self, ids: dict[str, int], dropped: list[str]) -> None:
        """Take every picture of the guide."""
        patient = f"patient?id={ids[CHIEF]}"
        recording = f"recording?id={ids[f'{CHIEF} 0 {CORRECTED}']}"
        self.take("today", "")
        self.take("add", f"add?patient={ids['K-0371']}", lambda page: drop(page, dropped))
        self.take("quality", recording, between=("Can it be judged?", "Listen and look"))
        self.take("listen", recording, zoom, between=("Listen and look", "Findings"))
        self.take("why", recording, explain, between=("Listen and look", "Findings"))
        self.take("findings", recording, between=("Findings", "Your judgement"))
        self.take("correct", recording, correct, between=("Listen and look", "Findings"))
        self.take("judgement", recording, open_history, between=("Your judgement", "Keep and file"))
        self.take("patient", patient)
        self.take("model", "model")
        self.take("administration", "administration")
        self.take("phone", recording, size=NARROW)
        self.take("dark", recording, dark=True, between=("Listen and look", "Findings"))
        self.take("german", f"{patient}&lang=de")
        self.print_report("report", patient)
        self.print_report("report-german", f"{patient}&lang=de")

    def take(
        self,
        name: str,
        where: str,
        first: Callable[[Page], None] | None = None,
        *,
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        between: tuple[str, str] | None = None,
    ) -> None:
        """Open an address, do something first, and keep what is seen: the window, or what lies between two headings."""
        with self.opened(where, size, dark=dark) as page:
            if between:
                page.set_viewport_size({"width": size[0], "height": whole_height(page) + 400})
                settle(page)
            if first:
                first(page)
                settle(page)
            file = self.out / f"{name}.png"
            if between:
                page.screenshot(path=file, clip=stretch(page, *between))
            else:
                page.screenshot(path=file)
        shrink(file)

    def print_report(self, name: str, where: str) -> None:
        """Keep a picture of the first report that the page offers."""
        with self.opened(where, WIDE) as page:
            button = page.locator("[class*=st-key-keep-pdf] button").first
            button.scroll_into_view_if_needed()
            with page.expect_download(timeout=90_000) as expected:
                button.click()
            paper = self.out / f"{name}.pdf"
            expected.value.save_as(paper)
        subprocess.run(["pdftoppm", "-r", "92", "-png", "-singlefile", paper, paper.with_suffix("")], check=True)
        paper.unlink()
        shrink(paper.with_suffix(".png"))

    @contextmanager
    def opened(self, where: str, size: tuple[int, int], *, dark: bool = False) -> Iterator[Page]:
        """Open an address in a browser of its own."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            timezone_id="Europe/Berlin",
        )
        page = context.new_page()
        page.goto(f"{self.address}/{where}")
        settle(page)
        yield page
        context.close()


def shrink(file: Path) -> None:
    """Keep a picture with few colours, which is small."""
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE, kmeans=1).save(file, optimize=True)
    print(f"{file} {file.stat().st_size // 1000} kB", flush=True)


def stretch(page: Page, first: str, last: str) -> dict[str, float]:
    """Return the part of the page from one heading to the next."""
    begin, end = (page.get_by_role("heading", name=name, exact=True).bounding_box() for name in (first, last))
    if begin is None or end is None:
        raise LookupError(f"no heading {first!r} or {last!r} on {page.url}")
    return {"x": 70, "y": begin["y"] - 14, "width": WIDE[0] - 140, "height": end["y"] - begin["y"] + 4}


def zoom(page: Page) -> None:
    """Look at a few seconds, up to 2 kHz."""
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(500)


def explain(page: Page) -> None:
    """Ask what drove the finding of the second cycle, and look at it closely."""
    page.get_by_label("Show what drove the finding of").click()
    page.get_by_role("option").nth(1).click()
    page.get_by_text("of what drove").wait_for(timeout=90_000)
    settle(page)
    zoom(page)


def correct(page: Page) -> None:
    """Begin to correct, with a cycle selected."""
    page.get_by_role("button", name="Correct the cycles").click()
    for _ in range(3):
        page.keyboard.press(".")
    page.wait_for_timeout(500)


def open_history(page: Page) -> None:
    """Open the list of what people said."""
    page.get_by_text("History:").click()


def settle(page: Page) -> None:
    """Wait until Streamlit has nothing left to do."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=90_000)
    page.wait_for_timeout(2500)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=90_000)


def whole_height(page: Page) -> int:
    """Return how high the window must be for all of the page."""
    return int(page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")) + 20


def drop(page: Page, files: list[str]) -> None:
    """Hand files in."""
    page.locator("input[type=file]").first.set_input_files(files)
    page.wait_for_timeout(15_000)


def answers(address: str) -> bool:
    """Whether the page is up."""
    try:
        with urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def wait_for(done: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not there after {PATIENCE_S} s")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
