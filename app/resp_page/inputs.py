"""The three ways in: files, the microphone, a synthetic example."""

from dataclasses import dataclass

import streamlit as st

FILE_TYPES = ["wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "mp4", "webm", "wma", "dcm", "dicom"]


@dataclass(frozen=True, slots=True)
class Source:
    """One recording that was handed in.

    Parameters
    ----------
    key
        Names this upload within the session; a new upload of the same file has another key.
    name
        What it is called on the page.
    content
        The encoded bytes; empty for the synthetic example.
    synthetic
        Made by a computer, not recorded.
    """

    key: str
    name: str
    content: bytes = b""
    synthetic: bool = False


def collect_sources() -> list[Source]:
    """Draw the three ways in and return what came through them."""
    sources = _files()
    record, example = st.columns(2)
    with record:
        sources += _microphone()
    with example:
        sources += _synthetic()
    return sources


def _files() -> list[Source]:
    uploads = st.file_uploader(
        "Lung sound recordings",
        type=FILE_TYPES,
        accept_multiple_files=True,
        help="WAV, FLAC, MP3, OGG, OPUS, M4A, WEBM, DICOM; one chest site a file, best 10 to 60 seconds.",
        key="files",
    )
    return [Source(upload.file_id, upload.name, upload.getvalue()) for upload in uploads]


def _microphone() -> list[Source]:
    with st.expander("Record with a microphone", icon=":material/mic:"):
        st.caption(
            "Many browsers and headsets suppress noise, and to them lung sounds are noise. Switch noise "
            "suppression off in the system's sound settings, or upload a file from the stethoscope instead."
        )
        clip = st.audio_input("Microphone", sample_rate=48000, key="microphone", label_visibility="collapsed")
    return [Source(clip.file_id, "Microphone recording", clip.getvalue())] if clip else []


def _synthetic() -> list[Source]:
    shown = st.session_state.setdefault("synthetic_shown", False)
    st.button(
        "Remove the synthetic recording" if shown else "Try a synthetic recording",
        icon=":material/graphic_eq:",
        on_click=_toggle_synthetic,
        width="stretch",
        key="synthetic",
    )
    return [Source("synthetic", "Synthetic breathing (no patient)", synthetic=True)] if shown else []


def _toggle_synthetic() -> None:
    st.session_state.synthetic_shown = not st.session_state.synthetic_shown
