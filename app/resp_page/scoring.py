"""From what was handed in to a Report, once; what a session heard stays in that session."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

import resp
from resp.errors import RespError
from resp.score.schema import Report
from resp_page.inputs import Source

if TYPE_CHECKING:
    from resp.score import Scorer

_LOG = logging.getLogger("resp.page")


@dataclass(frozen=True, slots=True)
class Scored:
    """A recording that was handed in, with what resp says of it.

    ``recording`` is None where no sound could be read; ``model`` is the checksum of the model that was asked.
    """

    key: str
    recording: resp.Recording | None
    report: Report
    model: str


def model_name() -> str | None:
    """Return the model that the page was started with (RESP_MODEL); None is the one that ships."""
    return os.environ.get("RESP_MODEL") or None


@st.cache_resource(show_spinner="Loading the model …")
def load_scorer(model: str) -> "Scorer":
    """Load the model once for all sessions."""
    return resp.Scorer.load(model)


def score_sources(sources: Sequence[Source], scorer: "Scorer") -> list[Scored]:
    """Score what was not scored yet, with progress, and forget what was taken away.

    The results live in the session alone: no other visitor can reach them, and they go when it ends. Another model
    judges the sounds that were read before.
    """
    known: dict[str, Scored] = st.session_state.get("scored", {})
    asked = scorer.identity.sha256
    kept = {
        source.key: known[source.key] for source in sources if source.key in known and known[source.key].model == asked
    }
    fresh = [source for source in sources if source.key not in kept]
    if fresh:
        progress = st.progress(0.0)
        for done, source in enumerate(fresh):
            progress.progress(done / len(fresh), f"Listening to {source.name} ({done + 1} of {len(fresh)}) …")
            before = known.get(source.key)
            kept[source.key] = _score(source, scorer, before.recording if before else None)
        progress.empty()
    st.session_state.scored = kept
    return [kept[source.key] for source in sources]


def _score(source: Source, scorer: "Scorer", recording: resp.Recording | None) -> Scored:
    """Score what was handed in; ``recording`` is its sound where it was read before."""
    try:
        recording = recording or _read(source)
        report = scorer.score(recording)
    except RespError as error:
        report = Report.failure(source.name, str(error))
    except Exception:
        # One bad file must never take the others' results away.
        _LOG.exception("unforeseen error while scoring one recording")
        report = Report.failure(source.name, "resp failed on this recording; the server's log says where.")
    return Scored(source.key, recording, report, scorer.identity.sha256)


def _read(source: Source) -> resp.Recording:
    if source.synthetic:
        made = resp.audio.synthesise_breathing(
            duration_s=16.0,
            rate_hz=16000,
            breaths_per_min=15.0,
            crackles="coarse",
            wheeze=True,
            noise_db=-50.0,
            seed=7,
        )
        return made.recording.with_known(source=source.name)
    return resp.load_recording(source.content, name=source.name)
