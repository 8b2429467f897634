"""From page to page: every patient and every recording has an address that can be reloaded and passed on."""

from collections.abc import Mapping
from html import escape
from typing import NoReturn
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from streamlit.navigation.page import Page

TODAY, ADD, PATIENT, RECORDING, MODEL, ADMIN = "today", "add", "patient", "recording", "model", "administration"
_KEY = "pages"


def remember(pages: Mapping[str, Page]) -> None:
    """Take note of the pages by name, for `go`."""
    st.session_state[_KEY] = dict(pages)


def go(name: str, **query: object) -> NoReturn:
    """Leave for another page of this session."""
    st.switch_page(st.session_state[_KEY][name], query_params=_written(query))


def link(name: str, label: str, *, icon: str | None = None, **query: object) -> None:
    """Draw a link to another page."""
    st.page_link(st.session_state[_KEY][name], label=label, icon=icon, query_params=_written(query))


def address(name: str, **query: object) -> str:
    """Return a page's address as it stands in a link's ``href``, relative to the page's root."""
    asked = urlencode(_written(query))
    return escape(f"{'' if name == TODAY else name}?{asked}" if asked else name)


def anchor(name: str, label: str, *, style: str = "", **query: object) -> str:
    """Return a link for `choose_in`: chosen there, it is followed with `follow`; ``label`` is markup already."""
    look = f' class="{style}"' if style else ""
    return f'<a href="{address(name, **query)}" data-choose="{address(name, **query)}"{look}>{label}</a>'


def follow(chosen: str | None) -> None:
    """Go where a link made by `anchor` leads; nowhere where None."""
    if chosen is None:
        return
    name, _, asked = chosen.partition("?")
    go(name or TODAY, **dict(parse_qsl(asked)))


def asked_for(name: str) -> str | None:
    """Return what the address asks for under ``name``."""
    value: str | None = st.query_params.get(name)
    return value or None


def _written(query: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}
