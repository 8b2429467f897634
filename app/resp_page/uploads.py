"""Sounds come in: files, the microphone, a synthetic example. Each is kept at once; nothing waits for a button."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import streamlit as st

import resp
from resp.errors import RespError
from resp.records import Desk
from resp_page import moments
from resp_page.arrivals import told_by_file
from resp_page.language import text
from resp_page.scorers import model_of_jobs
from resp_page.words import plain

FILE_TYPES = ["wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "mp4", "webm", "wma", "dcm", "dicom"]
_LOG = logging.getLogger("resp.page")
_TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Handed:
    """A sound that was handed in and is not kept yet."""

    name: str
    content: bytes
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it: the recording that it is now, or why it is none.

    ``already`` tells that the patient had this very sound before.
    """

    name: str
    recording_id: int | None
    problem: str | None = None
    already: bool = False


def files(place: str) -> list[Handed]:
    """Draw the place where files are dropped and return what was dropped."""
    uploads = st.file_uploader(
        text("add.files"),
        type=FILE_TYPES,
        accept_multiple_files=True,
        help=text("add.files_help"),
        key=_key("files", place),
    )
    return [Handed(upload.name, upload.getvalue()) for upload in uploads]


def microphone(place: str) -> list[Handed]:
    """Draw the recorder, with the warning that belongs to it, and return what was recorded."""
    st.caption(text("add.microphone_warning"))
    clip = st.audio_input(
        text("add.microphone"), sample_rate=48000, key=_key("microphone", place), label_visibility="collapsed"
    )
    if clip is None:
        return []
    at = moments.now()
    return [Handed(f"{text('add.microphone_name')} {at:%Y-%m-%d %H.%M.%S}.wav", clip.getvalue(), at)]


def synthetic() -> Handed:
    """Return a breathing chest that a computer made, with crackles and a wheeze."""
    made = resp.audio.synthesise_breathing(
        duration_s=16.0,
        rate_hz=16000,
        breaths_per_min=15.0,
        crackles="coarse",
        wheeze=True,
        noise_db=-50.0,
        seed=7,
    )
    return Handed(text("add.synthetic_name"), resp.audio.to_wav_bytes(made.recording))


def keep(
    handed: Iterable[Handed],
    desk: Desk,
    place: str,
    *,
    patient_id: int | None = None,
    site: str | None = None,
    visit: date | None = None,
) -> list[Taken]:
    """Keep what was handed in, each for itself, with progress, and empty the place it was handed in at.

    Parameters
    ----------
    handed
        From one place on a page.
    desk
        Who hands in.
    place
        That place.
    patient_id
        Whose; None for nobody's yet.
    site
        Where on the chest, for what does not say so itself.
    visit
        The day on which they were made; today, or what a file says of itself, where None.
    """
    everything = list(handed)
    if not everything:
        return []
    progress = st.progress(0.0)
    taken = []
    for done, one in enumerate(everything):
        progress.progress(done / len(everything), plain(text("add.keeping", name=one.name)))
        taken.append(_keep(one, desk, patient_id, site, visit))
    progress.empty()
    # A drop zone under a new name is an empty one: what was taken is not taken twice.
    st.session_state[f"round-{place}"] = st.session_state.get(f"round-{place}", 0) + 1
    st.session_state[_TAKEN] = [*taken, *just_taken()][:200]
    return taken


def just_taken() -> list[Taken]:
    """Return what this session handed in, the newest first."""
    listed: list[Taken] = st.session_state.get(_TAKEN, [])
    return listed


def forget_taken() -> None:
    """Clear the list of what was handed in; the recordings stay."""
    st.session_state.pop(_TAKEN, None)


def _keep(one: Handed, desk: Desk, patient_id: int | None, site: str | None, visit: date | None) -> Taken:
    try:
        told = told_by_file(one.content, one.name)
        row = desk.add_recording(
            one.content,
            one.name,
            patient_id=patient_id,
            site=told.site or site,
            recorded_at=one.recorded_at or told.recorded_at,
            visit=visit,
            model=model_of_jobs(),
        )
    except RespError as error:
        return Taken(one.name, None, str(error))
    except Exception:
        # One bad file must never take the others away.
        _LOG.exception("unforeseen error while keeping one recording")
        return Taken(one.name, None, text("add.broke"))
    return Taken(one.name, row.id, already=row.already)


def _key(what: str, place: str) -> str:
    return f"{what}-{place}-{st.session_state.get(f'round-{place}', 0)}"
