"""Add recordings: a round over a chest, each sound at its place."""

from datetime import date

import streamlit as st

from resp.errors import RespError
from resp.records import PatientRow, RecordingRow
from resp.report.chest_map import SITES
from resp_page import moments, uploads
from resp_page.desk import asked_patient, desk
from resp_page.language import text
from resp_page.links import PATIENT, link
from resp_page.lists import shown_as
from resp_page.markup import choose_in
from resp_page.place_box import place_box
from resp_page.places import Mark, chest_map, place_words
from resp_page.progress import show_taken, taken_rows
from resp_page.shell import title
from resp_page.words import finding, plain

_PLACE = "add"
_NEXT = "next_site"
_LISTED = 500


def show() -> None:
    """Draw the page."""
    title(text("add.title"))
    if not desk().may("write"):
        st.info(text("add.reader"), icon=":material/visibility:")
        return
    patient, visit = _whose()
    ways, chest = st.columns(2, gap="large")
    rows = taken_rows()
    with chest:
        _place_them(rows)
    with ways:
        _hand_in(patient, visit)
        show_taken()
        if rows:
            _change_places(rows)
    if patient and rows:
        link(
            PATIENT, text("add.to_patient", patient=plain(patient.key)), icon=":material/arrow_forward:", id=patient.id
        )


def _whose() -> tuple[PatientRow | None, date | None]:
    """Draw whose the recordings are and of which day, and return it; the address says whose, so that a reload knows."""
    patient = asked_patient("patient")
    known = {one.key: one for one in desk().patients(limit=_LISTED)}
    keys = list(dict.fromkeys([*([patient.key] if patient else []), *known]))
    key = f"whose-{patient.id if patient else 0}"
    who, when = st.columns([3, 1], vertical_alignment="bottom")
    chosen = who.selectbox(
        text("add.whose"),
        keys,
        index=0 if patient else None,
        accept_new_options=True,
        placeholder=text("add.whose_placeholder"),
        help=text("today.patient_key_help"),
        key=key,
        on_change=_choose,
        args=(key,),
    )
    today = moments.now().date()
    if chosen and (patient is None or patient.key != chosen):
        # What is handed in before the browser has the new address comes with the old one.
        patient = desk().find_patient(chosen)
    day = when.date_input(text("add.day"), value=today, max_value=today, key="day")
    # A place of its own: what comes and goes there leaves the drop zone, and what is on its way into it, where it is.
    with st.container():
        if problem := st.session_state.pop("problem", None):
            st.error(plain(problem), icon=":material/error:")
        if patient is None:
            st.caption(text("add.nobody"))
    return patient, day if day != today else None


def _choose(key: str) -> None:
    """Take the patient with the key that was chosen or typed, who is added where there is none."""
    chosen = st.session_state[key]
    if not chosen:
        st.query_params.pop("patient", None)
        return
    try:
        patient = desk().find_patient(chosen) or desk().add_patient(chosen)
    except RespError as error:
        st.session_state.problem = str(error)
    else:
        st.query_params["patient"] = str(patient.id)


def _hand_in(patient: PatientRow | None, visit: date | None) -> None:
    handed = uploads.files(_PLACE)
    with st.expander(text("add.record"), icon=":material/mic:", expanded=st.session_state.get(_NEXT) is not None):
        handed += uploads.microphone(_PLACE)
    taken = uploads.keep(
        handed,
        desk(),
        _PLACE,
        patient_id=patient.id if patient else None,
        site=st.session_state.get(_NEXT),
        visit=visit,
    )
    if taken:
        st.session_state.pop(_NEXT, None)
        st.rerun()


def _place_them(rows: list[RecordingRow]) -> None:
    """Draw the chest: a touch says where the sound that has no place was made, or where the next one will be."""
    lost = next((one for one in rows if one.site is None), None)
    upcoming = st.session_state.get(_NEXT)
    if lost:
        st.markdown(text("add.where", name=plain(lost.file_name)))
    elif upcoming:
        st.markdown(text("add.next_here", place=plain(place_words(upcoming))))
    else:
        st.markdown(text("add.next_where"))
    marks = {}
    for one in rows:
        if one.site:
            shown = finding(shown_as(one))
            marks[one.site] = Mark(shown, f"{one.file_name}: {shown.words}")
    chosen = choose_in(chest_map(marks, offered=SITES, chosen=None if lost else upcoming), key="chest-add")
    if chosen in SITES:
        if lost:
            desk().set_site(lost.id, chosen)
        else:
            st.session_state[_NEXT] = None if chosen == upcoming else chosen
        st.rerun()


def _change_places(rows: list[RecordingRow]) -> None:
    with st.expander(text("add.places"), icon=":material/edit_location:"):
        for one in rows:
            place_box(one)
