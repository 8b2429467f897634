"""One recording, in the order in which it should be read: quality, sound, finding; then what people say to it."""

from collections.abc import Sequence

import streamlit as st

import resp
from resp.errors import RespError
from resp.records import CorrectedCycle, RecordingDetail, RecordingRow
from resp.records.heard import heard
from resp.score.schema import Report
from resp_page import moments, sounds
from resp_page.desk import desk
from resp_page.downloads import show_downloads
from resp_page.findings_view import show_findings
from resp_page.history_view import show_history
from resp_page.judgement_view import seen_correction, show_judgement
from resp_page.language import spoken, text
from resp_page.links import MODEL, PATIENT, RECORDING, TODAY, asked_for, go, link
from resp_page.listen import listen
from resp_page.place_box import place_box
from resp_page.places import place_words
from resp_page.progress import POLL_S, UNFINISHED
from resp_page.quality_view import show_quality
from resp_page.shell import title
from resp_page.watch import watch
from resp_page.why_view import choose_segment, chosen_explanation, overlay, tell_explanation
from resp_page.words import in_sentence, plain, reason


def show() -> None:
    """Draw the page."""
    detail = _asked()
    if detail is None:
        title(text("recording.none_title"))
        st.info(text("recording.none"), icon=":material/search_off:")
        link(TODAY, text("today.title"), icon=":material/arrow_back:")
        return
    _show_head(detail)
    stored = detail.report
    report = stored.report if stored else None
    if report is not None and detail.row.unread and desk().may("write"):
        desk().mark_read(detail.row.id)
    # A place of its own: what comes and goes there leaves the sound that plays where it is.
    with st.container():
        if detail.row.state in UNFINISHED or detail.pending:
            watch(_follow, detail, every_s=POLL_S, key="recording")
        if report is not None and report.status == "failed":
            told = plain(reason(report.reason, detail.row.file_name))
            st.error(f"{text('recording.failed')} {told}", icon=":material/error:")
    try:
        recording = sounds.sound(detail.row)
    except sounds.UnreadableError as problem:
        if report is None or report.status != "failed":
            st.error(
                f"{text('recording.unreadable')} {plain(reason(str(problem), detail.row.file_name))}",
                icon=":material/error:",
            )
    else:
        _show_sound(detail, recording, report)
    if report is not None and report.status != "failed":
        show_findings(heard(detail), report)
        _show_before(detail.row)
    show_judgement(detail)
    show_history(detail)
    show_downloads(detail)
    _show_deletion(detail.row)


def _asked() -> RecordingDetail | None:
    asked = asked_for("id")
    if asked is None or not asked.isdecimal():
        return None
    try:
        return desk().recording(int(asked))
    except RespError:
        return None


def _show_head(detail: RecordingDetail) -> None:
    row = detail.row
    with st.container(horizontal=True, vertical_alignment="center", key="path"):
        link(TODAY, text("today.title"), icon=":material/arrow_back:")
        if row.patient_id is not None:
            link(PATIENT, plain(row.patient_key or ""), icon=":material/person:", id=row.patient_id)
        st.space("stretch")
        _show_unread(row)
    title(place_words(row.site) if row.site else row.file_name)
    st.caption(plain(" · ".join(part for part in _known(detail) if part)))
    if not desk().may("write"):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover(text("recording.place"), icon=":material/edit_location:"):
            place_box(row, label=text("list.place"))
            _move_box(row)
        link(MODEL, text("recording.compare"), icon=":material/compare:", recording=row.id)
        if st.button(text("recording.unread"), icon=":material/mark_email_unread:", type="tertiary"):
            desk().mark_unread(row.id)
            go(TODAY)


def _known(detail: RecordingDetail) -> list[str]:
    row, stored = detail.row, detail.report
    told = stored.report.recording if stored else None
    return [
        row.file_name if row.site else "",
        moments.full(row.recorded_at) if row.recorded_at else moments.day(row.visit),
        spoken().seconds(row.duration_s) if row.duration_s else "",
        f"{spoken().number(told.rate_hz / 1000, 1)} kHz" if told and told.rate_hz else "",
        (told.device or "") if told else "",
    ]


def _show_unread(row: RecordingRow) -> None:
    """Draw the ways to the next and the previous recording that nobody has read."""
    newer, older = desk().unread_around(row.id)
    for there, label, icon in (
        (newer, "recording.newer_unread", ":material/chevron_left:"),
        (older, "recording.older_unread", ":material/chevron_right:"),
    ):
        if there is not None:
            link(RECORDING, text(label), icon=icon, id=there)


def _move_box(row: RecordingRow) -> None:
    """Draw whose recording it is, which can be put right."""
    known = {one.key: one.id for one in desk().patients(limit=500)}
    nobody = text("list.no_patient")
    keys = list(dict.fromkeys([nobody, *([row.patient_key] if row.patient_key else []), *known]))
    key = f"whose-{row.id}-{row.patient_id}"
    st.selectbox(
        text("list.patient"),
        keys,
        index=keys.index(row.patient_key) if row.patient_key else 0,
        accept_new_options=True,
        key=key,
        on_change=_move,
        args=(row.id, key, nobody),
    )


def _move(recording_id: int, key: str, nobody: str) -> None:
    chosen = st.session_state[key]
    try:
        if chosen in (None, nobody):
            desk().move(recording_id, None)
        else:
            patient = desk().find_patient(chosen) or desk().add_patient(chosen)
            desk().move(recording_id, patient.id)
    except RespError as error:
        st.session_state.problem = str(error)


def _follow(detail: RecordingDetail) -> None:
    """Say that a result is on its way, and draw the page again when it is there."""
    now = desk().recording(detail.row.id)
    if (now.row.state, now.pending, len(now.reports)) != (detail.row.state, detail.pending, len(detail.reports)):
        st.rerun()
    state = "again" if now.reports else now.row.state
    st.info(text(f"recording.{state}"), icon=":material/hourglass_top:")


def _show_sound(detail: RecordingDetail, recording: resp.Recording, report: Report | None) -> None:
    row = detail.row
    if recording.synthetic or (report is not None and report.recording.synthetic):
        st.info(text("recording.synthetic"), icon=":material/graphic_eq:")
    measured, marks = sounds.quality(row.sha256, recording)
    show_quality(report.quality if report is not None and report.quality else measured, marks)
    st.subheader(text("recording.sound"), anchor=False)
    told = report is not None and report.status != "failed"
    segments = report.segments if report is not None and told and not report.refused else ()
    key = f"{row.id}-{detail.report.id if detail.report else 0}"
    why = chosen_explanation(report, recording, key) if report is not None and segments else None
    correction = detail.correction
    edits = listen(
        recording,
        segments,
        key=f"listen-{row.id}",
        marks=marks,
        overlay=overlay(why, recording.duration_s) if why else None,
        corrections=correction.cycles if correction else None,
        editable=desk().may("write"),
        who=desk().user.id,
        words=spoken(),
    )
    if edits is not None:
        _keep(detail, edits.cycles)
    if report is not None and segments:
        choose_segment(report, key)
    if why:
        tell_explanation(why)


def _keep(detail: RecordingDetail, cycles: Sequence[CorrectedCycle]) -> None:
    """Keep a correction; one of a colleague that came between is not passed over."""
    try:
        desk().correct(
            detail.row.id,
            cycles,
            report_id=detail.report.id if detail.report else None,
            seen=seen_correction(detail.row.id),
        )
    except RespError as error:
        st.error(plain(str(error)), icon=":material/error:")
    else:
        st.toast(text("judgement.kept"), icon=":material/check:")
        st.rerun()


def _show_before(row: RecordingRow) -> None:
    """Say what was heard at this place at the visit before."""
    if row.patient_id is None or row.site is None:
        return
    earlier = (one for visit in desk().visits(row.patient_id) if visit.day < row.visit for one in visit.recordings)
    before = next((one for one in earlier if one.site == row.site), None)
    if before is None:
        return
    label = before.label if before.state == "scored" else before.state
    told = text("recording.before", day=moments.day(before.visit), finding=in_sentence(label))
    link(RECORDING, plain(told), icon=":material/history:", id=before.id)


def _show_deletion(row: RecordingRow) -> None:
    """Draw how a recording goes that should never have come."""
    if not desk().may("manage"):
        return
    with (
        st.expander(text("recording.delete"), icon=":material/delete:"),
        st.form("delete", border=False),
    ):
        st.markdown(text("recording.delete_warning"))
        reason = st.text_input(text("patient.delete_reason"), max_chars=500)
        if st.form_submit_button(text("recording.delete"), icon=":material/delete_forever:"):
            try:
                desk().delete_recording(row.id, reason)
            except RespError as error:
                st.error(plain(str(error)), icon=":material/error:")
            else:
                go(TODAY)
