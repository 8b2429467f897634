import re
import subprocess
from dataclasses import replace
from datetime import timedelta, timezone
from shutil import which

import numpy as np
import pytest
from PIL import Image

from heard_recordings import EARLIER, NOON, corrected, heard, report, sound
from resp.report.chest_map import SITES
from resp.report.heard import Remark
from resp.report.patient_pdf import patient_pdf
from resp.report.patient_summary import summarise_patient
from resp.score.schema import Report
from resp.words import LANGUAGES, words

needs_poppler = pytest.mark.skipif(which("pdftotext") is None, reason="needs poppler's pdftotext")
SOUND = sound()


def made(*recordings, **more):
    return patient_pdf(
        summarise_patient(recordings, patient_key="K-17"), **({"sounds": lambda _: SOUND, "made_at": NOON} | more)
    )


def text_of(pdf, tmp_path):
    (tmp_path / "x.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", tmp_path / "x.pdf", "-"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split())


def pages(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def everywhere(**changes):
    labels = ("crackle", "normal", None, "wheeze", "both")
    return [heard(labels[place % 5], site=site, **changes) for place, site in enumerate(SITES)]


@pytest.mark.parametrize(
    "recordings",
    [
        [],
        [heard("normal")],
        [heard(), heard(site=None, report=Report.failure("<b>x", "broken & <gone> " * 40))],
        everywhere(),
        everywhere(comments=tuple(Remark("A <b>", NOON, f"long comment {place} " * 30) for place in range(5))),
        everywhere(report=report("normal", *["wheeze"] * 300, warnings=tuple(f"warning {n} " * 20 for n in range(30)))),
    ],
    ids=["nothing", "one", "broken", "everywhere", "comments", "warnings"],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_one_page_whatever_it_holds(recordings, language):
    pdf = made(*recordings, language=words(language), clinic="Klinik <Ω> & Söhne " * 5)
    assert pdf.startswith(b"%PDF")
    assert pages(pdf) == 1


def test_the_same_visit_gives_the_same_bytes():
    visit = [heard("crackle"), heard("normal", site="Tc")]
    assert made(*visit) == made(*visit)
    assert made(*visit) != made(*visit, language=words("de"))


@needs_poppler
def test_it_says_what_a_clinician_files(tmp_path):
    said = corrected(heard("normal", "normal", site="PrL"), "normal", "wheeze", text="heard twice")
    said = replace(said, signature=Remark("Dr. Who", NOON))
    before = heard("normal", site="PrL", day=EARLIER)
    told = text_of(made(said, heard("normal", site="ArU"), before, clinic="Park"), tmp_path)
    for part in (
        "K-17",
        "21 Nov 2026",
        "2 recordings, 2 places",
        "Preliminary – 1 of 2 recordings signed, last by Dr. Who, 21 Nov 2026, 12:00 UTC",
        "Signal quality: every recording is good enough to judge.",
        "Wheeze: Back right lower.",
        "Since the last visit, 3 Oct 2026",
        "New: Back right lower.",
        "The telling cycle: Back right lower, 1.5 to 3.0 s – wheeze *",
        "W Wheeze *",
        "The model had said: normal",
        "heard twice (Dr. Who, 21 Nov 2026, 12:00 UTC)",
        f"Model tiny, version 1, SHA-256 {'cd' * 32}",
        "Signature",
        "Decision support for research and education; not a medical device.",
        "the patient's left is on the right of the picture",
    ):
        assert part in told, part
    # Blanks are narrow there.
    assert "1N·1W" in told.replace(" ", "")


@needs_poppler
def test_it_speaks_german_and_by_the_readers_clock(tmp_path):
    zone = timezone(timedelta(hours=1), "CET")
    told = text_of(made(heard(None), heard("both", site="Tc"), language=words("de"), zone=zone), tmp_path)
    for part in (
        "Bericht über Lungengeräusche",
        "21.11.2026, 13:00 Uhr",
        "Rasselgeräusch und Giemen",
        "Zeit (s)",
        "Ohne Befund",
    ):
        assert part in told, part
    assert "zu unsicher" in told
    assert not re.search(r"\b(the|model|cycle|wheeze|normal)\b", told)


@needs_poppler
def test_places_without_room_are_named_and_findings_keep_theirs(tmp_path):
    recordings = everywhere(comments=(Remark("A", NOON, "a word " * 20),))
    told = text_of(made(*recordings), tmp_path)
    left = re.search(r"and (\d+) more, in the CSV and JSON files: ([^.]*?) Comments", told)
    assert left, told
    assert left[2].count("(") == int(left[1])
    assert [site.code for site in SITES.values() if site.name(words()) not in told] == []
    assert set(re.findall(r"\((\W|\w+)\)", left[2])) <= {"N", "?"}


@needs_poppler
def test_a_finding_is_no_finer_than_the_models_word(tmp_path):
    told = text_of(made(*everywhere()), tmp_path).lower()
    for finer in ("fine crackle", "coarse", "rhonch", "stridor", "squawk", "pleural"):
        assert finer not in told


@needs_poppler
def test_without_its_sound_the_page_says_so(tmp_path):
    told = text_of(made(heard("wheeze"), sounds=None), tmp_path)
    assert "The sound is not at hand" in told


@pytest.mark.skipif(which("pdfimages") is None, reason="needs poppler's pdfimages")
def test_the_spectrogram_shows_the_tone_of_the_cycle(tmp_path):
    (tmp_path / "x.pdf").write_bytes(made(heard("normal", "wheeze", "normal", "normal")))
    subprocess.run(["pdfimages", "-png", tmp_path / "x.pdf", tmp_path / "x"], check=True)
    with Image.open(tmp_path / "x-000.png") as picture:
        level = np.asarray(picture.convert("RGB")).sum(axis=2)
    height, width = level.shape
    assert width > 800
    # The tone lies at 400 of 2 000 Hz, a fifth from the foot, 2.5 to 3.5 s of what is drawn, 0.5 to 4 s.
    inside = level[:, round(width * 2.2 / 3.5) : round(width * 2.8 / 3.5)].mean(axis=1)
    assert 1 - np.argmax(inside) / height == pytest.approx(0.2, abs=0.03)
    before = level[:, : round(width * 1.5 / 3.5)].mean(axis=1)
    assert before.max() < inside.max()
