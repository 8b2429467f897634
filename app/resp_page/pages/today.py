"""Today: hand something in, and what there is to read, newest first."""

from typing import get_args

import streamlit as st

from resp.errors import RespError
from resp.records import Page, PatientRow, RecordingRow
from resp.records.views import Only
from resp_page import uploads
from resp_page.desk import desk
from resp_page.language import text
from resp_page.links import ADD, PATIENT, RECORDING, follow, go, link
from resp_page.lists import patients_list, recordings_list
from resp_page.markup import choose_in
from resp_page.progress import show_taken
from resp_page.shell import title
from resp_page.watch import watch
from resp_page.words import plain

_PLACE = "today"
_A_PAGE = 25
# Colleagues add and read too; the page may stay open all day.
# Every look costs each open page some work, in the browser too.
_WAITING_S, _LOOK_AGAIN_S = 3.0, 15.0


def show() -> None:
    """Draw the page."""
    title(text("today.title"))
    if desk().may("write"):
        _hand_in()
    # A place of its own: what comes and goes there leaves the list where it is.
    with st.container():
        show_taken()
    counts = desk().recording_counts()
    # Looking whether anything changed draws nothing: many people have this page open all day.
    watch(_changed, counts, every_s=_WAITING_S if counts["waiting"] else _LOOK_AGAIN_S, key="list")
    st.fragment(_show_list)()


def _hand_in() -> None:
    """Draw the ways in for somebody who wants to know at once: whose it is can be said later."""
    handed = uploads.files(_PLACE)
    with st.container(horizontal=True, vertical_alignment="center", key="ways"):
        with st.popover(text("add.record"), icon=":material/mic:"):
            handed += uploads.microphone(_PLACE)
        with st.popover(text("today.new_patient"), icon=":material/person_add:"):
            _new_patient()
        link(ADD, text("today.round"), icon=":material/playlist_add:")
        if st.button(text("add.synthetic"), icon=":material/graphic_eq:", key="synthetic", type="tertiary"):
            handed.append(uploads.synthetic())
    taken = uploads.keep(handed, desk(), _PLACE)
    if len(taken) == 1 and taken[0].recording_id is not None:
        uploads.forget_taken()
        go(RECORDING, id=taken[0].recording_id)
    if taken:
        st.rerun()


def _new_patient() -> None:
    with st.form("new-patient", border=False):
        key = st.text_input(text("today.patient_key"), help=text("today.patient_key_help"), max_chars=64)
        sent = st.form_submit_button(text("today.add_patient"), type="primary")
    if not sent:
        return
    try:
        patient = desk().find_patient(key) or desk().add_patient(key)
    except RespError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    go(PATIENT, id=patient.id)


def _changed(counts: dict[Only, int]) -> None:
    if desk().recording_counts() != counts:
        st.rerun()


def _show_list() -> None:
    search, kind, only = _asked()
    at = _offset((search, kind, only))
    page: Page[PatientRow] | Page[RecordingRow]
    if kind == "patients":
        page = desk().patients(search, limit=_A_PAGE, offset=at)
        markup = patients_list(page)
    else:
        page = desk().recordings(search, only=only, limit=_A_PAGE, offset=at)
        markup = recordings_list(page)
    if not page.rows:
        st.markdown(text("today.none_found" if search or only != "all" else f"today.no_{kind}"))
        return
    follow(choose_in(markup, key=f"list-{kind}"))
    if page.total > _A_PAGE:
        _turn(page)


def _asked() -> tuple[str, str, Only]:
    """Draw what can be asked of the list, and return it."""
    with st.container(horizontal=True, vertical_alignment="center", key="asked"):
        kind = st.segmented_control(
            text("today.show"),
            ["recordings", "patients"],
            default="recordings",
            required=True,
            format_func=lambda name: text(f"today.{name}"),
            key="kind",
            bind="query-params",
            label_visibility="collapsed",
        )
        search = st.text_input(
            text("today.search"),
            type="search",
            key="search",
            bind="query-params",
            placeholder=text("today.search"),
            label_visibility="collapsed",
            live=True,
            icon=":material/search:",
        )
    if kind == "patients":
        return search or "", "patients", "all"
    only: Only = st.pills(
        text("today.only"),
        get_args(Only),
        default="all",
        required=True,
        format_func=lambda name: text(f"today.only_{name}"),
        key="only",
        bind="query-params",
        label_visibility="collapsed",
    )
    counts = desk().recording_counts(search or "")
    told = [text("list.count", count=counts["all"])]
    told += [text(f"list.count_{name}", count=count) for name, count in counts.items() if name != "all" and count]
    st.caption(plain(" · ".join(told)))
    return search or "", "recordings", only


def _offset(asked: object) -> int:
    """Return where the list stands; another question begins at its top."""
    if st.session_state.get("listed") != asked:
        st.session_state.listed, st.session_state.offset = asked, 0
    at: int = st.session_state.offset
    return at


def _turn(page: Page[PatientRow] | Page[RecordingRow]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            text("today.newer"),
            on_click=_move,
            args=(-_A_PAGE,),
            disabled=not page.offset,
            icon=":material/chevron_left:",
        )
        last = page.offset + len(page)
        st.markdown(text("today.part", first=page.offset + 1, last=last, total=page.total), width="content")
        st.button(
            text("today.older"),
            on_click=_move,
            args=(_A_PAGE,),
            disabled=not page.more,
            icon=":material/chevron_right:",
        )


def _move(by: int) -> None:
    st.session_state.offset = max(0, st.session_state.offset + by)
