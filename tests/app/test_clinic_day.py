"""What a clinician does, with the real scorer on real recordings in a real browser, from the first drop to the PDF."""

import io
import re
import shutil
import zipfile
from datetime import date
from urllib.parse import urlsplit

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect

from clinic_server import clinic_server
from resp import Scorer
from resp.models.folder import SHIPPED, read_config, write_config

pytestmark = [pytest.mark.browser, pytest.mark.data]

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
WHEEZE = "BP101_Asthma,E W,P L M,12,F.wav"
LOWER = "BP12_Asthma,E W,P L L,50,F.wav"
NORMAL = "BP103_N,N,P R U,81,F.wav"


@pytest.fixture(scope="module")
def other_model(tmp_path_factory):
    """Another model: the one that ships, but it speaks only where it is nearly certain."""
    place = tmp_path_factory.mktemp("models") / "careful"
    shutil.copytree(SHIPPED / "lungs", place)
    config = read_config(place)
    careful = config.calibration.model_copy(update={"abstain_below": 0.97})
    write_config(place, config.model_copy(update={"name": "careful", "calibration": careful}))
    return place


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with clinic_server(tmp_path_factory.mktemp("clinic")) as started:
        yield started


@pytest.fixture(scope="module")
def scorer():
    """The model that the page has, to be asked what the page is to show."""
    return Scorer.load()


@pytest.fixture
def visit(browser, server):
    """Open a page; afterwards check that it asked nobody but its own server for anything."""
    contexts, asked = [], []

    def open_page(path="", width=1440, scheme="light", **settings):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id="Europe/Berlin", **settings
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{server.url}/{path}")
        page.locator("h1").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    hosts = {urlsplit(url).hostname for url in asked if url.startswith(("http", "ws"))}
    assert hosts == {"127.0.0.1"}


@pytest.fixture(scope="module")
def kauh(data_dir):
    return data_dir / "kauh"


def hand_in(page, *files):
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files([str(file) for file in files])


def number_in(page):
    return int(re.search(r"id=(\d+)", page.url).group(1))


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_visitor_drops_a_file_and_reads_its_result_from_quality_to_signature(
    visit, server, scorer, kauh, width, scheme
):
    page = visit(width=width, scheme=scheme)
    file = kauh / (WHEEZE if width == 1440 else LOWER)
    hand_in(page, file)
    page.wait_for_url("**/recording?id=*")
    expect(page.locator("h1")).to_have_text("Back left middle" if width == 1440 else "Back left lower")
    # The sound is there before the finding, which comes by itself.
    page.locator(".listen .seek").wait_for()
    page.get_by_role("heading", name="Findings").wait_for()
    shown = [
        page.get_by_role("heading", name="Can it be judged?"),
        page.get_by_role("button", name="Play", exact=True),
        page.get_by_role("heading", name="Findings"),
        page.get_by_role("button", name="Sign what stands"),
        page.get_by_role("button", name="Report (PDF)"),
    ]
    heights = []
    for part in shown:
        expect(part).to_be_visible()
        heights.append(part.bounding_box()["y"])
    assert heights == sorted(heights), "quality before sound, sound before numbers"
    expect(page.locator(".resp-verdict")).to_contain_text(scorer.score_file(file).summary.label.capitalize())
    expect(page.get_by_text("not a medical device").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page itself scrolls sideways"
    # Its address is that of the recording: a reload, or a colleague, finds it.
    page.reload()
    expect(page.locator(".resp-verdict")).to_be_visible()
    assert server.desk.content(number_in(page)) == file.read_bytes()


def test_a_round_is_placed_on_the_chest_and_a_bad_file_stops_none(visit, server, kauh, tmp_path):
    bad, nameless = tmp_path / "text.wav", tmp_path / "somewhere.wav"
    bad.write_text("this is no sound")
    shutil.copy(kauh / NORMAL, nameless)
    page = visit("add")
    whose = page.get_by_role("combobox", name="Whose recordings are these?")
    whose.fill("P-0007")
    page.keyboard.press("Enter")
    # At once: the page may still be drawn for the patient who was just named.
    hand_in(page, kauh / WHEEZE, kauh / LOWER, nameless, bad)
    page.get_by_role("heading", name="4 of 4 recordings judged").wait_for()
    lines = page.locator(".resp-taken tr")
    expect(lines).to_have_count(4)
    expect(lines.filter(has_text="text.wav")).to_contain_text("Not an audio file")
    expect(page.get_by_role("button", name="Back left middle")).to_have_attribute("aria-label", re.compile("Wheeze"))
    # The two that say nothing of their place are asked for, one by one.
    for place in ("Front right upper", "Trachea"):
        page.get_by_text("Touch its place.").wait_for()
        page.get_by_role("button", name=place, exact=True).click()
        page.get_by_role("button", name=re.compile(f"{place}: ")).wait_for()
    page.get_by_role("link", name="To patient P-0007").click()
    page.wait_for_url("**/patient?id=*")
    marks = page.locator(".resp-chest .place")
    expect(marks).to_have_count(4)
    assert {mark.text_content()[-1] for mark in marks.all()} <= set("NCW?!")
    marks.filter(has_text="Back left middle").click()
    page.wait_for_url("**/recording?id=*")
    expect(page.locator("h1")).to_have_text("Back left middle")
    patient = server.desk.find_patient("P-0007")
    assert (patient.recordings, patient.failed) == (4, 1)


def test_this_visit_beside_the_last_and_everything_to_file(visit, server, kauh):
    server.add(kauh / NORMAL, kauh / LOWER, patient="P-2", visit=date(2026, 1, 2))
    numbers = server.add(kauh / WHEEZE, patient="P-2", visit=date(2026, 2, 3))
    server.desk.set_site(numbers[0], "PrU")
    patient = server.desk.find_patient("P-2")
    page = visit(f"patient?id={patient.id}")
    row = page.locator(".resp-places tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Wheeze")
    expect(row).to_contain_text("Normal")
    expect(row).to_contain_text("new")
    expect(page.get_by_text("Listened to last time, not this time: Back left lower.")).to_be_visible()
    with page.expect_download() as pdf:
        page.get_by_role("button", name="Report (PDF)").click()
    assert pdf.value.suggested_filename == "P-2-2026-02-03.pdf"
    assert pdf.value.path().read_bytes().startswith(b"%PDF")
    with page.expect_download() as bundle:
        page.get_by_role("button", name="Everything (ZIP)").click()
    with zipfile.ZipFile(io.BytesIO(bundle.value.path().read_bytes())) as archive:
        names = archive.namelist()
    for part in ("report-2026-02-03.pdf", "report-2026-01-02.pdf", "recordings.csv", "SHA256SUMS"):
        assert part in names
    assert any(name.startswith("labels/") and name.endswith(".audacity.txt") for name in names)
    assert any(name.startswith("clips/") for name in names)


def test_a_clinician_disagrees_comments_and_signs(visit, server, kauh):
    (number,) = server.add(kauh / LOWER, patient="P-3")
    said = server.desk.recording(number).report.report.segments
    page = visit(f"recording?id={number}")
    page.locator(".listen .seek").focus()
    for key in ("e", "Home", ".", "3"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Keep my corrections").click()
    expect(page.locator(".resp-verdict")).to_contain_text("Corrected by")
    page.get_by_label("Comment").fill("I hear a wheeze.")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Sign what stands").click()
    page.get_by_text("Signed by").first.wait_for()
    page.get_by_text(re.compile(r"History: \d entries")).click()
    history = page.get_by_role("region", name="History")
    expect(history).to_contain_text("Corrected")
    expect(history).to_contain_text("The model said: ")
    expect(history).to_contain_text("I hear a wheeze.")
    detail = server.desk.recording(number)
    assert detail.report.report.segments == said, "what the model said stands as it stood"
    before, after = ([one.label for one in cycles] for cycles in (said, detail.correction.cycles))
    assert after.count("wheeze") == before.count("wheeze") + 1
    assert detail.signature.signs == detail.correction.id
    # A year later it is found.
    page.goto(f"{server.url}/?search=P-3")
    line = page.locator(".resp-list tbody tr")
    expect(line).to_contain_text("corrected")
    expect(line).to_contain_text("signed by")
    trail = [row.action for row in server.desk.audit(subject=f"recording {number}")]
    assert any("correct" in action for action in trail)
    assert any("sign" in action for action in trail)


def test_what_drove_a_finding_is_laid_over_the_sound(visit, server, kauh):
    (number,) = server.add(kauh / WHEEZE, patient="P-4")
    page = visit(f"recording?id={number}")
    page.get_by_role("button", name="The recording as it came").wait_for()
    choice = page.get_by_role("combobox", name="Show what drove the finding of")
    # At the edge of the window Streamlit shows no list of choices.
    choice.evaluate("box => box.scrollIntoView({block: 'center'})")
    choice.fill("Window 1")
    page.get_by_text("Window 1, 0.0 to 4.0 s: wheeze").first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("cannot show that a finding is right").wait_for()
    expect(page.get_by_text(re.compile("of what drove 'wheeze'"))).to_be_visible()


def test_two_models_on_one_recording(kauh, browser, tmp_path_factory, other_model):
    with clinic_server(tmp_path_factory.mktemp("models"), "--model", str(other_model)) as models:
        (number,) = models.add(kauh / WHEEZE)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{models.url}/model?recording={number}")
        page.get_by_role("button", name="Have it judged by lungs").click()
        page.locator(".resp-verdict").nth(1).wait_for()
        one, other = page.locator(".resp-verdict").all_inner_texts()
        assert "No finding given" in one
        assert "Wheeze" in other
        expect(
            page.get_by_role("region", name="Two models on one recording").locator("tbody tr").first
        ).to_contain_text("open")
        expect(page.get_by_text("Where it fails")).to_be_visible()
        page.close()
