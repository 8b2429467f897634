"""The sound of a recording, read from what is kept; a session holds the last few and no other session sees them."""

import streamlit as st

import resp
from resp.audio.quality import SignalQuality
from resp.audio.quality_marks import QualityMark, find_quality_marks
from resp.errors import RespError
from resp.records import Desk, RecordingRow
from resp_page.desk import desk

_MOST = 3


class UnreadableError(Exception):
    """What is kept cannot be read as sound; the message says why."""


def sound(row: RecordingRow) -> resp.Recording:
    """Return a recording's sound.

    Raises
    ------
    UnreadableError
        It is none.
    """
    known: dict[tuple[str, str | None], resp.Recording] = st.session_state.setdefault("sounds", {})
    key = (row.sha256, row.site)
    if key not in known:
        known[key] = read(row.id, row.file_name, desk())
        for oldest in list(known)[:-_MOST]:
            del known[oldest]
    return known[key]


def read(recording_id: int, file_name: str, whose: Desk) -> resp.Recording:
    """Read a recording's sound; needs no session.

    Raises
    ------
    UnreadableError
        It is none.
    """
    try:
        return resp.load_recording(whose.content(recording_id), name=file_name)
    except RespError as error:
        raise UnreadableError(str(error)) from error


@st.cache_data(scope="session", max_entries=8, show_spinner=False)
def quality(
    checksum: str,  # noqa: ARG001 - by it the answer is found again
    _recording: resp.Recording,
) -> tuple[SignalQuality, tuple[QualityMark, ...]]:
    """Return how good a recording is and where it is at fault."""
    return resp.audio.measure_quality(_recording), find_quality_marks(_recording)
