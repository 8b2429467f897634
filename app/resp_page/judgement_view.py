"""What the reader says: a comment, the signature. Corrections are drawn in the picture itself."""

from collections.abc import Callable

import streamlit as st

from resp.errors import RespError
from resp.records import RecordingDetail
from resp_page import moments
from resp_page.desk import desk
from resp_page.language import text
from resp_page.words import plain


def show_judgement(detail: RecordingDetail) -> None:
    """Draw whether it is signed, and for whoever may the ways to say something."""
    row, signature, correction = detail.row, detail.signature, detail.correction
    st.subheader(text("judgement.title"), anchor=False)
    # A place of its own: what comes and goes there leaves the focus where it is.
    with st.container():
        if signature:
            who, when = plain(signature.by_name), moments.full(signature.at)
            st.success(text("judgement.signed", who=who, when=when), icon=":material/verified:")
    if not desk().may("write"):
        if not signature:
            st.caption(text("judgement.reader"))
        return
    st.caption(text("judgement.how"))
    comment = st.text_area(text("judgement.comment"), key=_box(row.id), height=80, max_chars=10_000)
    seen = correction.id if correction else 0
    report_id = detail.report.id if detail.report else None
    with st.container(horizontal=True):
        st.button(
            text("judgement.sign"),
            type="primary",
            icon=":material/draw:",
            key="sign",
            disabled=detail.report is None and correction is None,
            on_click=_say,
            args=(row.id, lambda said: desk().sign(row.id, said, report_id=report_id, seen=seen)),
        )
        st.button(
            text("judgement.only_comment"),
            icon=":material/comment:",
            key="comment-only",
            disabled=not comment,
            on_click=_say,
            args=(row.id, lambda said: desk().comment(row.id, said)),
        )
    if problem := st.session_state.pop("problem", None):
        st.error(plain(problem), icon=":material/error:")
    st.session_state[_seen(row.id)] = seen


def seen_correction(recording_id: int) -> int:
    """Return the correction that was on screen when the reader acted, 0 for none."""
    number: int = st.session_state.get(_seen(recording_id), 0)
    return number


def _say(recording_id: int, say: Callable[[str], object]) -> None:
    try:
        say(st.session_state.get(_box(recording_id), "").strip())
    except RespError as error:
        st.session_state.problem = str(error)
    else:
        st.session_state[_box(recording_id)] = ""


def _box(recording_id: int) -> str:
    return f"comment-{recording_id}"


def _seen(recording_id: int) -> str:
    return f"seen-{recording_id}"
