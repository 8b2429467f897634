"""Why a finding, on demand: what in the sound of one segment drove it, over the spectrogram and in words."""

import logging
from base64 import b64encode
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

import streamlit as st

from resp.errors import RespError
from resp.report.explanation_picture import overlay_png
from resp.score.explain import Explanation
from resp.score.schema import Segment
from resp_page.picture import Overlay
from resp_page.scoring import Scored
from resp_page.words import KINDS, finding, plain

if TYPE_CHECKING:
    from resp.score import Scorer

_LOG = logging.getLogger("resp.page")
_WIDTH_PX, _HEIGHT_PX = 1200, 480  # of a whole recording, and of the spectrogram at twice its size

LIMITS = (
    "The lines hold 80 % (thin) and 50 % (thick) of what raised the model's belief in this finding: without these "
    "parts of the sound it would have believed less in it. This can show that a finding rests on a knock, on speech or "
    "on a heart beat. It cannot show that a finding is right, what made the sound, or where in the lung it came from; "
    "and where nothing is marked, an abnormal sound may still be heard."
)


def choose_explanation(scored: Scored, scorer: "Scorer") -> Explanation | None:
    """Draw the choice of a segment and return what drove its finding; None where none is chosen.

    Explanations live in the session alone, and go with their recording.
    """
    segments = scored.report.segments
    numbers = [number for number, segment in enumerate(segments) if segment.label is not None]
    if scored.recording is None or not numbers:
        return None
    number = st.selectbox(
        "Show what drove the finding of",
        numbers,
        index=None,
        format_func=lambda index: _called(index, segments[index]),
        placeholder="Choose a segment",
        key=f"why-{scored.key}-{scorer.identity.sha256[:8]}",
        width=420,
    )
    if number is None:
        return None
    known = _known()
    key = (scored.key, scorer.identity.sha256, number)
    if key not in known:
        with st.spinner("Listening again without each part of the sound …"):
            try:
                known[key] = scorer.explain(scored.recording, segments[number])
            except RespError as error:
                st.warning(f"This finding could not be explained. {plain(str(error))}", icon=":material/warning:")
            except Exception:
                _LOG.exception("unforeseen error while explaining one segment")
                st.warning("This finding could not be explained.", icon=":material/warning:")
    return known.get(key)


def overlay(explanation: Explanation, duration_s: float, top_hz: float) -> Overlay:
    """Return the explanation as what is laid over the spectrogram."""
    length_s = explanation.end_s - explanation.start_s
    width = max(160, round(_WIDTH_PX * min(1.0, length_s / duration_s)))
    content = overlay_png(explanation, top_hz, width=width, height=_HEIGHT_PX)
    address = "data:image/png;base64," + b64encode(content).decode()
    return Overlay(explanation.start_s, explanation.end_s, address)


def tell_explanation(explanation: Explanation) -> None:
    """Say in words what is marked, and what that can and cannot say."""
    told = explanation.words(finding(explanation.label).words.lower())
    st.markdown(f"**{plain(told[:1].upper() + told[1:])}.**")
    st.caption(f"{plain(LIMITS)} Method: {plain(explanation.method.replace('_', ' '))}.")


def _called(index: int, segment: Segment) -> str:
    shown = finding(segment.label).words.lower()
    return f"{KINDS[segment.kind]} {index + 1}, {segment.start_s:.1f} to {segment.end_s:.1f} s: {shown}"


def _known() -> MutableMapping[tuple[str, str, int], Explanation]:
    """Return what this session has explained, without what was taken away."""
    there = st.session_state.get("scored", {})
    known = {key: value for key, value in st.session_state.get("explanations", {}).items() if key[0] in there}
    st.session_state.explanations = known
    return known
