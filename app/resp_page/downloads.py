"""The reports as files, written by the same writers as ``resp score``."""

from collections.abc import Sequence
from io import BytesIO

import streamlit as st

from resp.report import Level, open_writer
from resp.score.schema import Report

# Button, file name, format, level, media type.
_FILES: tuple[tuple[str, str, str, Level, str], ...] = (
    ("Reports (JSON)", "resp-reports.json", "json", "recording", "application/json"),
    ("A row per recording (CSV)", "resp-recordings.csv", "csv", "recording", "text/csv"),
    ("A row per cycle (CSV)", "resp-cycles.csv", "csv", "segment", "text/csv"),
)


def show_downloads(reports: Sequence[Report], classes: Sequence[str]) -> None:
    """Draw a button for each file; every recording on the page is in it, the failed ones too."""
    st.subheader("Keep the results", anchor=False)
    with st.container(horizontal=True):
        for words, name, form, level, media in _FILES:
            content = written(reports, form, level, classes)
            st.download_button(words, content, name, media, icon=":material/download:", on_click="ignore")


def written(reports: Sequence[Report], form: str, level: Level, classes: Sequence[str]) -> bytes:
    """Return the reports as the bytes of a file."""
    stream = BytesIO()
    with open_writer(stream, form, level=level, classes=classes) as writer:
        for report in reports:
            writer.add(report)
    return stream.getvalue()
