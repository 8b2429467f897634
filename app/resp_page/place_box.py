"""The choice of a recording's place on the chest, by its name."""

import streamlit as st

from resp.records import RecordingRow
from resp.report.chest_map import SITES
from resp_page.desk import desk
from resp_page.places import place_words
from resp_page.words import plain


def place_box(one: RecordingRow, *, label: str | None = None) -> None:
    """Draw the choice of the place of one recording, which is kept when it is chosen."""
    codes: list[str | None] = [None, *SITES]
    st.selectbox(
        label or plain(one.file_name),
        codes,
        index=codes.index(one.site) if one.site in codes else 0,
        format_func=place_words,
        key=f"place-{one.id}-{one.site}",
        on_change=_set_place,
        args=(one.id, f"place-{one.id}-{one.site}"),
    )


def _set_place(recording_id: int, key: str) -> None:
    desk().set_site(recording_id, st.session_state[key])
