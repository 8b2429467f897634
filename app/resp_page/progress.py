"""What became of the sounds that were just handed in, followed until each has its result."""

from html import escape

import streamlit as st

from resp.records import RecordingRow
from resp_page import uploads
from resp_page.desk import desk
from resp_page.language import text
from resp_page.links import RECORDING, anchor, follow
from resp_page.lists import shown_as
from resp_page.markup import choose_in
from resp_page.places import place_words
from resp_page.tables import row
from resp_page.uploads import Taken
from resp_page.watch import watch
from resp_page.words import chip, reason

POLL_S = 1.0
UNFINISHED = ("waiting", "working")


def show_taken() -> None:
    """Draw a line for each sound that this session handed in; nothing where it handed in none."""
    if uploads.just_taken():
        rows = _rows()
        unfinished = any(one.state in UNFINISHED for one in rows.values())
        if unfinished:
            watch(_show_taken, unfinished, every_s=POLL_S, key="taken")
        else:
            st.fragment(_show_taken)(unfinished)


def _show_taken(unfinished: bool) -> None:
    taken = uploads.just_taken()
    rows = _rows()
    done = sum(one.recording_id not in rows or rows[one.recording_id].state not in UNFINISHED for one in taken)
    if unfinished and done == len(taken):
        st.rerun()
    st.subheader(text("add.taken", count=len(taken), done=done), anchor=False)
    if done < len(taken):
        st.progress(done / len(taken))
    lines = "".join(_line(one, rows.get(one.recording_id or 0)) for one in taken)
    follow(choose_in(f'<table class="resp-list resp-taken"><tbody>{lines}</tbody></table>', key="taken"))
    st.button(text("add.clear"), on_click=uploads.forget_taken, type="tertiary", icon=":material/close:")


def taken_rows() -> list[RecordingRow]:
    """Return what is now of the sounds that this session handed in, the newest first."""
    return list(_rows().values())


def _rows() -> dict[int, RecordingRow]:
    return {
        one.id: one for one in desk().states([one.recording_id for one in uploads.just_taken() if one.recording_id])
    }


def _line(one: Taken, now: RecordingRow | None) -> str:
    if now is None:
        told = reason(one.problem, one.name) or text("add.gone")
        return row([f'<td class="resp-name"><b>{escape(one.name)}</b></td>', _found("failed", told)])
    place = place_words(now.site)
    name = anchor(RECORDING, f"<b>{escape(one.name)}</b><small>{escape(place)}</small>", id=now.id)
    told = reason(now.reason, now.file_name) if now.state in ("abstained", "failed") else ""
    if one.already:
        told = f"{text('add.already')} {told}"
    return row([f'<td class="resp-name">{name}</td>', _found(shown_as(now), told)])


def _found(label: str | None, told: str) -> str:
    small = f"<small>{escape(told)}</small>" if told else ""
    return f'<td class="resp-finding">{chip(label)}{small}</td>'
