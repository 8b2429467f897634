"""Administration: who saw and changed what, who may sign in, how this page is set; for admins alone."""

import tempfile
from html import escape
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import streamlit as st

from resp.errors import RespError
from resp_page import moments
from resp_page.desk import desk, loaded_settings, records
from resp_page.language import text
from resp_page.shell import title
from resp_page.tables import cell, facts, row, table
from resp_page.words import plain

_A_PAGE = 50


def show() -> None:
    """Draw the page."""
    title(text("admin.title"))
    if not desk().may("manage"):
        st.info(text("admin.others"), icon=":material/lock:")
        return
    trail, users, export, settings = st.tabs(
        [text(f"admin.{name}") for name in ("trail", "users", "export", "settings")]
    )
    with trail:
        _show_trail()
    with users:
        _show_users()
    with export:
        _show_export()
    with settings:
        _show_settings()


@st.fragment
def _show_trail() -> None:
    st.caption(text("admin.trail_words"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        who = st.text_input(text("admin.who"), key="trail-who", width=240) or None
        subject = (
            st.text_input(text("admin.subject"), placeholder="recording 12", key="trail-subject", width=240) or None
        )
    number = st.session_state.setdefault("trail", 0)
    page = desk().audit(_A_PAGE, number * _A_PAGE, who=who, subject=subject)
    heads = [text(f"admin.{name}") for name in ("when", "who", "role", "action", "subject", "details")]
    lines = "".join(
        row(
            [
                cell(moments.full(one.at), "when"),
                cell(one.who_name, "who"),
                cell(one.role),
                cell(one.action),
                cell(one.subject),
                cell(", ".join(f"{name}: {value}" for name, value in one.details.items()), "told"),
            ]
        )
        for one in page
    )
    st.html(table(heads, lines, text("admin.trail")))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(text("today.newer"), disabled=not number, on_click=_turn, args=(-1,), key="trail-newer")
        st.markdown(
            text("today.part", first=min(page.offset + 1, page.total), last=page.offset + len(page), total=page.total),
            width="content",
        )
        st.button(text("today.older"), disabled=not page.more, on_click=_turn, args=(1,), key="trail-older")


def _turn(by: int) -> None:
    st.session_state.trail = max(0, st.session_state.trail + by)


def _show_users() -> None:
    st.caption(text("admin.users_words"))
    users = records().users.all()
    if not users:
        st.markdown(text("admin.no_users"))
        return
    heads = [text(f"admin.{name}") for name in ("user", "name", "role", "clinic")]
    lines = "".join(
        row([cell(one.id), cell(one.name), cell(text(f"role.{one.role}")), cell(one.clinic)]) for one in users
    )
    st.html(table(heads, lines, text("admin.users")))


def _show_export() -> None:
    st.markdown(text("admin.export_words"))
    if not st.button(text("admin.export_make"), icon=":material/model_training:"):
        return
    with tempfile.TemporaryDirectory() as scratch, st.spinner(text("admin.export_making")):
        try:
            summary = desk().export_training_set(Path(scratch) / "icbhi")
        except RespError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        content = _zipped(Path(scratch))
    st.success(
        text("admin.export_made", patients=summary.patients, recordings=summary.recordings, cycles=summary.cycles),
        icon=":material/check_circle:",
    )
    for reason in summary.left_out:
        st.caption(plain(reason))
    st.download_button(
        text("admin.export_keep"),
        content,
        "resp-training-set.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
    )


def _zipped(folder: Path) -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(folder))
    return stream.getvalue()


def _show_settings() -> None:
    st.caption(text("admin.settings_words"))
    state = records().queue.state()
    st.html(
        facts(
            [
                (text("admin.queue_waiting"), str(state.waiting)),
                (text("admin.queue_working"), str(state.working)),
            ]
        )
    )
    heads = [text(f"admin.{name}") for name in ("setting", "value", "source")]
    lines = "".join(
        row(
            [
                f'<th scope="row" title="{escape(one.description)}">{escape(one.name)}</th>',
                cell(one.value),
                cell(one.source),
            ]
        )
        for one in loaded_settings().shown()
    )
    st.html(table(heads, lines, text("admin.settings")))
