import re
import subprocess
from shutil import which

import pytest

from resp.report import format_of, open_writer
from resp.report.pdf import report_pdf
from resp.score import ModelIdentity, RecordingIdentity, Report, Segment, Summary
from resp.score.schema import FamiliarityResult


def made(segments=2, **recording):
    probabilities = {"normal": 0.125, "crackle": 0.875}
    return Report(
        status="scored",
        recording=RecordingIdentity(**({"file": "a.wav", "duration_s": 4.0, "rate_hz": 4000} | recording)),
        segments=tuple(
            Segment(kind="cycle", start_s=place, end_s=place + 1, probabilities=probabilities, label="crackle")
            for place in range(segments)
        ),
        summary=Summary(
            label="crackle", probabilities=probabilities, p_abnormal=0.875, segment_counts={"crackle": segments}
        ),
        model=ModelIdentity(name="tiny", version="1", sha256="cd" * 32, card="card"),
        warnings=("a warning " * 60,),
    )


def pages(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize("segments", [0, 1, 40, 400])
def test_it_is_one_page_whatever_it_holds(segments):
    pdf = report_pdf(made(segments))
    assert pdf.startswith(b"%PDF")
    assert pages(pdf) == 1


def test_the_same_report_gives_the_same_bytes():
    assert report_pdf(made()) == report_pdf(made())
    assert report_pdf(made()) != report_pdf(made(3))


def test_failures_and_names_of_all_kinds_are_drawn():
    for file in ("<b>&amp;.wav", "a/" * 400 + "b.wav", "Ωμέγα\x07.wav", "名前.wav"):
        assert pages(report_pdf(made(file=file), subject={"Patient": "<i>x"})) == 1
    assert pages(report_pdf(Report.failure("x.wav", "it is broken " * 100))) == 1


def test_fonts_come_with_the_file():
    pdf = report_pdf(made())
    assert b"/FontFile2" in pdf


def test_a_file_of_reports_has_a_page_for_each(tmp_path):
    with open_writer(tmp_path / "x.pdf", format_of(tmp_path / "x.pdf"), level="segment") as writer:
        for report in (made(), Report.failure("x.wav", "broken")):
            writer.add(report)
    assert pages((tmp_path / "x.pdf").read_bytes()) == 2


@pytest.mark.skipif(which("pdftotext") is None, reason="needs poppler's pdftotext")
def test_probabilities_of_what_is_no_lung_sound_are_left_out(tmp_path):
    known = FamiliarityResult(verdict="not_lung", distance=5.0, limit=2.0, far_limit=4.0, kind="animal")
    told = {"status": "abstained", "reason": "sounds like an animal", "familiarity": known}
    texts = []
    for report in (made(), made().model_copy(update=told)):
        file = tmp_path / "x.pdf"
        file.write_bytes(report_pdf(report))
        done = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True)
        texts.append(done.stdout)
    for part in ("Probabilities", "0.88", "Cycles and windows"):
        assert part in texts[0]
        assert part not in texts[1]
    assert "not a lung sound" in texts[1]
