"""How long the clinician's page lets people wait, in a real browser.

Usage: ``python benchmarks/page_speed.py [--repeats 11] [--clinicians 10] [--patients 1000] [--recordings 10000]
[--out FILE]``. First a fresh clinic: the first page load (the very first after the start, and those of later visitors),
and from the drop of a recording of 20 s to its first finding on the screen; each recording is another one. Then a
clinic whose list has 1 000 patients and 10 000 recordings: the list, the memory of the page's process, and ten
clinicians at once who open the list, search it, and open a patient. Needs Chromium and Playwright. On a machine that
others use too, the numbers are too high.
"""

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import records_speed
from playwright.async_api import Browser, BrowserType, Page, async_playwright
from tables import machine

import resp
from resp.records import open_records

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu"]
PATIENCE_S = 120.0
ROOT = Path(__file__).resolve().parents[1]
OURS = "default"


@contextmanager
def served(folder: Path, workers: int) -> Iterator[tuple[str, int]]:
    """Serve the page; gives its address and the number of its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from resp.cli import main; main()", "app", "--no-browser", f"--port={port}"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RESP_HOME": str(folder),
        "RESP_FOLDER": str(folder / "resp"),
        "RESP_WORKER_PROCESSES": str(workers),
    }
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield _answering(f"http://127.0.0.1:{port}", server), _page_process(server.pid)
        finally:
            server.terminate()
            server.wait(30)


def _answering(url: str, server: "subprocess.Popen[bytes]") -> str:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"{url}/_stcore/health", timeout=2):
                return url
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the page did not start")


def _page_process(parent: int) -> int:
    """Return the process of `resp app` that serves the page."""
    told = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    for line in told.splitlines()[1:]:
        pid, ppid, words = line.split(None, 2)
        if int(ppid) == parent and "serve_page" in words:
            return int(pid)
    return parent


def memory_mb(pid: int) -> float:
    """Return the memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


async def launched(kind: BrowserType) -> Browser:
    """Start a browser."""
    return await kind.launch(executable_path=CHROMIUM, args=FLAGS)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a browser."""
    if CHROMIUM is None:
        raise SystemExit("chromium was not found (Debian: apt-get install chromium)")
    async with async_playwright() as driver:
        browser = await launched(driver.chromium)
        yield browser
        await browser.close()


async def opened(browser: Browser) -> Page:
    """Return a page of a visitor of its own."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    return page


async def timed(act: Callable[[], Awaitable[Any]]) -> float:
    """Return how many seconds something took."""
    begin = time.perf_counter()
    await act()
    return time.perf_counter() - begin


async def today(page: Page, url: str, *, full: bool = False) -> None:
    """Open today's list, until it can be read."""
    await page.goto(url)
    await page.locator("[data-testid=stFileUploaderDropzoneInput]").first.wait_for(state="attached")
    if full:
        await page.locator(".resp-list tbody tr").first.wait_for()


async def drop(page: Page, url: str, file: Path) -> float:
    """Return the seconds from a drop to the first finding on the screen."""
    await today(page, url)
    await page.wait_for_timeout(500)

    async def judged() -> None:
        await page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(str(file))
        await page.locator(".resp-verdict").wait_for()

    return await timed(judged)


async def fresh(repeats: int) -> dict[str, Sequence[float]]:
    """Measure a clinic that has just been set up."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        files = [recording_of_20_s(folder, seed) for seed in range(repeats + 1)]
        with served(folder, workers=1) as (url, _):
            async with chromium() as browser:
                first = await timed(lambda: _visit(browser, url))
                later = [await timed(lambda: _visit(browser, url)) for _ in range(repeats)]
                page = await opened(browser)
                begin, *drops = [await drop(page, url, file) for file in files]
    return {
        "first page load after the start (s)": [first],
        "page load of a later visitor (s)": later,
        "from drop to finding, 20 s, the first after the start (s)": [begin],
        "from drop to finding, 20 s (s)": drops,
    }


async def _visit(browser: Browser, url: str, *, full: bool = False) -> None:
    page = await opened(browser)
    await today(page, url, full=full)
    await page.context.close()


def recording_of_20_s(folder: Path, seed: int) -> Path:
    """Write a breathing chest."""
    made = resp.audio.synthesise_breathing(
        duration_s=20.0, rate_hz=8000, breaths_per_min=15.0, crackles="coarse", noise_db=-45.0, seed=seed
    )
    return resp.audio.write_wav(made.recording, folder / f"breathing_{seed}.wav")


async def large(patients: int, recordings: int, clinicians: int, repeats: int) -> dict[str, Sequence[float]]:
    """Measure a clinic after years."""
    records_speed.CLINICS = ("elsewhere", OURS)
    with TemporaryDirectory() as place:
        folder = Path(place)
        with open_records(folder=folder / "resp") as records:
            records_speed.fill(records, patients, recordings)
        # Nothing is scored here: what is measured are the lists.
        with served(folder, workers=0) as (url, process):
            async with chromium() as browser:
                await _visit(browser, url, full=True)
                alone = memory_mb(process)
                lists = [await timed(lambda: _visit(browser, url, full=True)) for _ in range(repeats)]
                # Each with a browser of their own, as on machines of their own: one browser makes its pages queue.
                own = [await launched(browser.browser_type) for _ in range(clinicians)]
                pages = [await opened(one) for one in own]
                together = await asyncio.gather(*(timed(lambda page=page: _work(page, url)) for page in pages))
                crowded = memory_mb(process)
                for one in own:
                    await one.close()
    return {
        "today's list (s)": lists,
        "list, search, patient: each clinician of several at once (s)": together,
        "memory of the page's process, one visitor (MB)": [alone],
        "memory of the page's process, with all of them (MB)": [crowded],
    }


async def _work(page: Page, url: str) -> None:
    """Do what a clinician does at the beginning of a day."""
    await today(page, url, full=True)
    await page.goto(f"{url}/?search=P-0000&kind=Patients")
    await page.locator(".resp-list tbody a").first.wait_for()
    await page.locator(".resp-list tbody a").first.click()
    await page.wait_for_url("**/patient?id=*")
    await page.get_by_role("heading", level=1).filter(has_text="P-").wait_for()


def shown(values: Sequence[float]) -> str:
    """Return median and quartiles."""
    if len(values) < 2:
        return f"{values[0]:.2f}"
    low, middle, high = quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--clinicians", type=int, default=10)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--recordings", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    given = parser.parse_args()
    if min(given.repeats, given.clinicians) < 2 or given.patients < 2 or given.recordings < 20:
        parser.error("expected at least 2 repeats, clinicians and patients, and 20 recordings")
    measured = asyncio.run(fresh(given.repeats))
    measured |= asyncio.run(large(given.patients, given.recordings, given.clinicians, given.repeats))
    lines = [
        "# Speed of the page",
        "",
        f"`python benchmarks/page_speed.py --repeats {given.repeats} --clinicians {given.clinicians} "
        f"--patients {given.patients} --recordings {given.recordings}`; {machine()}. Median (quartiles). "
        f"The browser runs on the same machine. {given.clinicians} clinicians at once; the list has "
        f"{given.patients:,} patients and {given.recordings:,} recordings.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {shown(values)} |" for name, values in measured.items()),
    ]
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
