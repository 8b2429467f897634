"""One patient: the chest with what was found, this visit beside the last, everything to keep."""

from collections.abc import Callable
from datetime import date
from html import escape

import streamlit as st

from resp.errors import RespError
from resp.records import PatientRow
from resp.records.heard import heard
from resp.report.patient_summary import PatientSummary, SiteFinding, VisitSummary, summarise_patient
from resp.report.patient_words import (
    change_sentences,
    doubt_words,
    finding_sentences,
    quality_sentence,
    standing_words,
)
from resp_page import moments
from resp_page.desk import asked_patient, desk
from resp_page.language import spoken, text
from resp_page.links import ADD, RECORDING, TODAY, anchor, follow, go, link
from resp_page.lists import recordings_list
from resp_page.markup import choose_in
from resp_page.patient_downloads import show_patient_downloads
from resp_page.places import Mark, chest_map, place_words
from resp_page.progress import POLL_S
from resp_page.shell import title
from resp_page.tables import row
from resp_page.watch import watch
from resp_page.words import chip, finding, plain


def show() -> None:
    """Draw the page."""
    patient = asked_patient("id")
    if patient is None:
        title(text("patient.none_title"))
        st.info(text("patient.none"), icon=":material/search_off:")
        link(TODAY, text("today.title"), icon=":material/arrow_back:")
        return
    link(TODAY, text("today.title"), icon=":material/arrow_back:")
    title(patient.key)
    visits = desk().visits(patient.id)
    days = [visit.day for visit in visits]
    _show_ways(patient)
    if not days:
        st.info(text("patient.nothing"), icon=":material/mic:")
        return
    day = _visit(days)
    rows = {visit.day: visit.recordings for visit in visits}
    shown = [one.id for when in _day_and_before(day, days) for one in rows[when]]
    told = [heard(desk().recording(number)) for number in shown]
    summary = summarise_patient(told, patient_key=patient.key, day=day)
    # A place of its own: what comes and goes there leaves what follows where it is.
    with st.container():
        if patient.waiting:
            watch(_follow, patient, every_s=POLL_S, key="patient")
    if summary.visit:
        left, right = st.columns([3, 2], gap="large")
        with left:
            _show_chest(summary.visit)
        with right:
            _tell(summary)
        _show_places(summary, summary.visit)
    st.subheader(text("patient.recordings"), anchor=False)
    everything = [one for visit in visits for one in visit.recordings]
    follow(choose_in(recordings_list(everything, of_one_patient=True), key="patient-recordings"))
    show_patient_downloads(patient, summary)
    _show_care(patient)


def _show_ways(patient: PatientRow) -> None:
    parts = [text("list.count", count=patient.recordings)]
    parts += [
        text(f"list.count_{name}", count=count)
        for name, count in (("unread", patient.unread), ("abstained", patient.abstained), ("failed", patient.failed))
        if count
    ]
    st.markdown(plain(" · ".join(parts)))
    if desk().may("write"):
        link(ADD, text("patient.add"), icon=":material/add_circle:", patient=patient.id)


def _visit(days: list[date]) -> date:
    if len(days) == 1:
        return days[0]
    chosen: date = st.selectbox(text("patient.visit"), days, format_func=moments.day, key="visit", width=220)
    return chosen


def _day_and_before(day: date, days: list[date]) -> list[date]:
    earlier = [one for one in days if one < day]
    return [day, *earlier[:1]]


def _follow(patient: PatientRow) -> None:
    """Draw the page again when another result is there."""
    now = desk().patient(patient.id)
    if now.waiting != patient.waiting:
        st.rerun()
    st.info(text("patient.waiting", count=now.waiting), icon=":material/hourglass_top:")


def _show_chest(visit: VisitSummary) -> None:
    marks = {one.site: Mark(finding(_label(one)), _told(one)) for one in visit.sites if one.site}
    chosen = choose_in(chest_map(marks), key="chest-patient")
    st.caption(text("patient.map"))
    site = visit.of(chosen) if chosen else None
    if site:
        go(RECORDING, id=site.telling.recording_id)


def _tell(summary: PatientSummary) -> None:
    """Say the visit in sentences, the same ones that stand in the PDF: quality first."""
    words = spoken()
    st.subheader(words.text("report.summary"), anchor=False)
    if quality := quality_sentence(summary, words):
        st.markdown(plain(quality))
    st.markdown("\n".join(f"- {plain(one)}" for one in finding_sentences(summary, words)))
    if changes := change_sentences(summary, words):
        st.markdown("\n".join(f"- {plain(one)}" for one in changes))
    st.caption(plain(standing_words(summary, words, moments.zone())))


def _show_places(summary: PatientSummary, visit: VisitSummary) -> None:
    """Draw place by place, left beside right as the list goes, this visit beside the last."""
    st.subheader(text("patient.places"), anchor=False)
    before = summary.before
    heads = [text("list.place"), spoken().text("report.visit_now")]
    if before:
        heads += [spoken().text("report.visit_before", day=moments.day(before.day)), text("patient.change")]
    rows = []
    for one in visit.sites:
        cells = [f'<th scope="row">{escape(place_words(one.site))}</th>', _site(one, heads[1])]
        if before:
            cells.append(_site(before.of(one.site), heads[2]))
            change = summary.changes.get(one.site)
            told = escape(text(f"patient.change_{change}")) if change else "–"
            cells.append(f'<td class="resp-change" data-head="{escape(heads[3])}">{told}</td>')
        rows.append(row(cells))
    titles = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    markup = (
        f'<table class="resp-list resp-places"><thead><tr>{titles}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )
    follow(choose_in(markup, key="places"))
    missing = [one for one in (before.sites if before else ()) if visit.of(one.site) is None]
    if missing:
        where = spoken().listed([place_words(one.site) for one in missing])
        st.caption(plain(text("patient.missing", where=where)))


def _site(one: SiteFinding | None, visit: str) -> str:
    # On a phone there is no row of titles above the columns.
    begin = f'<td class="resp-finding" data-head="{escape(visit)}">'
    if one is None:
        return f"{begin}–</td>"
    small = f"<small>{escape(_how(one))}</small>"
    return f"{begin}{anchor(RECORDING, chip(_label(one)) + small, id=one.telling.recording_id)}</td>"


def _label(one: SiteFinding) -> str | None:
    if one.state in ("found", "normal"):
        return one.telling.label
    return {"unusable": "abstained"}.get(one.state, one.state)


def _told(one: SiteFinding) -> str:
    return f"{finding(_label(one)).words}. {_how(one)}"


def _how(one: SiteFinding) -> str:
    """Return how sure that is, what stays open or why nothing is said, and who signed it."""
    telling = one.telling
    parts = list(doubt_words(one, spoken()))
    if one.state in ("found", "normal") and not telling.corrected and telling.p_abnormal is not None:
        parts.insert(0, text("list.abnormal", percent=spoken().percent(telling.p_abnormal)))
    if telling.signature:
        parts.append(text("list.signed", who=telling.signature.by))
    return " · ".join(parts)


def _show_care(patient: PatientRow) -> None:
    """Draw what is seldom done: another key, deleting everything."""
    if not desk().may("write"):
        return
    with st.expander(text("patient.care"), icon=":material/settings:"):
        with st.form("rename", border=False):
            key = st.text_input(text("today.patient_key"), value=patient.key, max_chars=64)
            if st.form_submit_button(text("patient.rename")) and key.strip() != patient.key:
                _try(lambda: desk().rename_patient(patient.id, key))
        if not desk().may("manage"):
            return
        with st.form("delete", border=False):
            st.markdown(text("patient.delete_warning"))
            reason = st.text_input(text("patient.delete_reason"), max_chars=500)
            sure = st.text_input(text("patient.delete_sure", patient=plain(patient.key)))
            if st.form_submit_button(text("patient.delete"), icon=":material/delete_forever:"):
                if sure.strip() != patient.key:
                    st.error(text("patient.delete_differs"), icon=":material/error:")
                else:
                    _try(lambda: desk().delete_patient(patient.id, reason), leave=True)


def _try(act: Callable[[], object], *, leave: bool = False) -> None:
    try:
        act()
    except RespError as error:
        st.error(plain(str(error)), icon=":material/error:")
    else:
        if leave:
            go(TODAY)
        st.rerun()
