"""Why a finding, on demand: what in the sound of one segment drove it, over the spectrogram and in words."""

import logging
from base64 import b64encode
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

import streamlit as st

import resp
from resp.errors import RespError
from resp.score.schema import Report, Segment
from resp_page.language import spoken, text
from resp_page.listen import Overlay
from resp_page.scorers import scorer_of
from resp_page.words import in_sentence, kind, plain

if TYPE_CHECKING:
    from resp.score.explain import Explanation

_LOG = logging.getLogger("resp.page")
_WIDTH_PX, _HEIGHT_PX = 1200, 480  # of a whole recording, and of the spectrogram at twice its size
_MOST = 20


def choose_segment(report: Report, key: str) -> None:
    """Draw the choice of a segment to explain; it is read by `chosen_explanation` when the page is drawn again."""
    numbers = [number for number, segment in enumerate(report.segments) if segment.label is not None]
    if not numbers or report.model is None:
        return
    st.selectbox(
        text("why.choose"),
        numbers,
        index=None,
        format_func=lambda number: _called(number, report.segments[number]),
        placeholder=text("why.placeholder"),
        key=_chosen(key),
        width=460,
    )


def chosen_explanation(report: Report, recording: resp.Recording, key: str) -> "Explanation | None":
    """Return what drove the finding of the segment that was chosen; None where none is, or where it cannot be said.

    Parameters
    ----------
    report
        The result that is shown.
    recording
        Its sound.
    key
        Names the result within the session.
    """
    number = st.session_state.get(_chosen(key))
    if number is None or report.model is None or not 0 <= number < len(report.segments):
        return None
    known = _known()
    place = (key, report.model.sha256, number)
    if place not in known:
        with st.spinner(text("why.listening")):
            try:
                scorer = scorer_of(report.model.sha256)
                if scorer is None:
                    st.warning(text("why.gone"), icon=":material/warning:")
                    return None
                known[place] = scorer.explain(recording, report.segments[number])
            except RespError as error:
                st.warning(f"{text('why.failed')} {plain(str(error))}", icon=":material/warning:")
            except Exception:
                _LOG.exception("unforeseen error while explaining one segment")
                st.warning(text("why.failed"), icon=":material/warning:")
        for oldest in list(known)[:-_MOST]:
            del known[oldest]
    return known.get(place)


def overlay(explanation: "Explanation", duration_s: float) -> Overlay:
    """Return the explanation as what is laid over the spectrogram."""
    # It brings torch, which a page without an explanation does not need.
    from resp.report.explanation_picture import overlay_png

    top_hz = float(explanation.frequencies_hz[-1])
    length_s = explanation.end_s - explanation.start_s
    width = max(160, round(_WIDTH_PX * min(1.0, length_s / duration_s)))
    content = overlay_png(explanation, top_hz, width=width, height=_HEIGHT_PX)
    address = "data:image/png;base64," + b64encode(content).decode()
    return Overlay(explanation.start_s, explanation.end_s, top_hz, address)


def tell_explanation(explanation: "Explanation") -> None:
    """Say in words what is marked, and what that can and cannot say."""
    told = spoken().said(explanation.words(in_sentence(explanation.label)))
    st.markdown(f"**{plain(told[:1].upper() + told[1:])}.**")
    method = plain(explanation.method.replace("_", " "))
    st.caption(f"{plain(text('why.limits'))} {text('why.method', method=method)}")


def _called(number: int, segment: Segment) -> str:
    write = spoken().number
    return text(
        "why.segment",
        kind=kind(segment.kind),
        number=number + 1,
        start=write(segment.start_s, 1),
        end=write(segment.end_s, 1),
        finding=in_sentence(segment.label),
    )


def _chosen(key: str) -> str:
    return f"why-{key}"


def _known() -> MutableMapping[tuple[str, str, int], "Explanation"]:
    """Return what this session has explained; it lives in the session alone."""
    known: dict[tuple[str, str, int], Explanation] = st.session_state.setdefault("explanations", {})
    return known
