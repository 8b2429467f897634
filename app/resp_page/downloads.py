"""What is kept of one recording: the report to file, tables, labels for audio editors, the sounds of the findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import streamlit as st

import resp
from resp.records import Desk, RecordingDetail
from resp.records.heard import heard
from resp.report import Level, open_writer
from resp.report.clips import finding_clips, write_clips
from resp.report.heard import HeardRecording
from resp.report.label_tracks import audacity_labels, raven_table
from resp.report.patient_pdf import patient_pdf
from resp.report.patient_summary import PatientSummary, summarise_patient
from resp.score.schema import Report
from resp.words import Words
from resp_page import moments, sounds
from resp_page.desk import desk
from resp_page.language import spoken, text

Content = bytes | Callable[[], bytes]


def show_downloads(detail: RecordingDetail) -> None:
    """Draw a button for each file; what is costly is made when it is asked for."""
    if detail.report is None:
        return
    report, stem = detail.report.report, Path(detail.row.file_name).stem
    classes = list(report.summary.probabilities) if report.summary else ()
    made = maker()
    st.subheader(text("keep.title"), anchor=False)
    with st.container(horizontal=True, key="downloads"):
        button("pdf", partial(_pdf, detail, made), f"{stem}.pdf", "application/pdf")
        button("csv", partial(written, [report], "csv", "recording", classes), f"{stem}.csv", "text/csv")
        button("csv_cycles", partial(written, [report], "csv", "segment", classes), f"{stem}-cycles.csv", "text/csv")
        button("json", partial(written, [report], "json", "recording", classes), f"{stem}.json", "application/json")
        cycles = heard(detail).cycles
        if cycles:
            button("audacity", audacity_labels(cycles), f"{stem}.audacity.txt", "text/plain")
            rate_hz = report.recording.rate_hz
            table = raven_table(cycles, detail.row.file_name, rate_hz=rate_hz)
            button("raven", table, f"{stem}.raven.txt", "text/tab-separated-values")
        if finding_clips(heard(detail)):
            button("clips", partial(_clips, detail, made), f"{stem}-clips.zip", "application/zip")
        button("original", partial(made.desk.content, detail.row.id), detail.row.file_name, "application/octet-stream")


def button(what: str, content: Content, name: str, media: str) -> None:
    """Draw the button of one file."""
    st.download_button(
        text(f"keep.{what}"), content, name, media, key=f"keep-{what}", icon=":material/download:", on_click="ignore"
    )


def written(reports: Sequence[Report], form: str, level: Level, classes: Sequence[str]) -> bytes:
    """Return the reports as the bytes of a file."""
    stream = BytesIO()
    with open_writer(stream, form, level=level, classes=classes) as writer:
        for report in reports:
            writer.add(report)
    return stream.getvalue()


@dataclass(frozen=True, slots=True)
class Maker:
    """For whom a file is made and in what language; taken when the page is drawn, as a file is made outside of it."""

    desk: Desk
    words: Words
    zone: tzinfo
    made_at: datetime

    def sound(self, one: HeardRecording) -> resp.Recording | None:
        """Return a recording's sound, None where it cannot be read."""
        if one.recording_id is None:
            return None
        try:
            return sounds.read(one.recording_id, one.file_name, self.desk)
        except sounds.UnreadableError:
            return None

    def pdf(self, summary: PatientSummary) -> bytes:
        """Return a visit as a page to sign."""
        return patient_pdf(summary, sounds=self.sound, language=self.words, made_at=self.made_at, zone=self.zone)


def maker() -> Maker:
    """Return how files are made for this session's person."""
    return Maker(desk(), spoken(), moments.zone(), moments.now())


def _clips(detail: RecordingDetail, made: Maker) -> bytes:
    stream = BytesIO()
    one = heard(detail)
    recording = made.sound(one)
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, sound in write_clips(one, recording) if recording else ():
            archive.writestr(name, sound)
    return stream.getvalue()


def _pdf(detail: RecordingDetail, made: Maker) -> bytes:
    return made.pdf(summarise_patient([heard(detail)], patient_key=detail.row.patient_key))
