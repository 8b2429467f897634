"""What is kept of a patient: the page to sign, tables, everything in one archive."""

from functools import partial
from io import BytesIO

import streamlit as st

from resp.records import PatientRow
from resp.records.heard import heard
from resp.report.bundle import write_bundle
from resp.report.heard import HeardRecording
from resp.report.patient_summary import PatientSummary
from resp_page.downloads import Maker, button, maker, written
from resp_page.language import text


def show_patient_downloads(patient: PatientRow, summary: PatientSummary) -> None:
    """Draw a button for each file of the visit that is shown; what is costly is made when it is asked for."""
    if summary.visit is None:
        return
    reports = [one.report for one in summary.visit.recordings if one.report]
    stem = f"{patient.key}-{summary.visit.day:%Y-%m-%d}"
    classes = list(dict.fromkeys(name for one in reports if one.summary for name in one.summary.probabilities))
    made = maker()
    st.subheader(text("keep.title"), anchor=False)
    with st.container(horizontal=True, key="downloads"):
        button("pdf", partial(made.pdf, summary), f"{stem}.pdf", "application/pdf")
        button("csv", partial(written, reports, "csv", "recording", classes), f"{stem}.csv", "text/csv")
        button("csv_cycles", partial(written, reports, "csv", "segment", classes), f"{stem}-cycles.csv", "text/csv")
        button("json", partial(written, reports, "json", "recording", classes), f"{stem}.json", "application/json")
        button("bundle", partial(_bundle, patient, made), f"{patient.key}.zip", "application/zip")


def _bundle(patient: PatientRow, made: Maker) -> bytes:
    numbers = [one.id for visit in made.desk.visits(patient.id) for one in visit.recordings]
    stream = BytesIO()
    write_bundle(
        stream,
        [heard(made.desk.recording(number)) for number in numbers],
        patient_key=patient.key,
        made_at=made.made_at,
        sounds=made.sound,
        contents=partial(_content, made),
        language=made.words,
        zone=made.zone,
    )
    return stream.getvalue()


def _content(made: Maker, one: HeardRecording) -> bytes | None:
    return None if one.recording_id is None else made.desk.content(one.recording_id)
