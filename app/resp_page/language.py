"""In which language this session reads: the clinic's, until the reader chooses another."""

import streamlit as st

from resp.words import LANGUAGES, Words, language_names, words

_KEY = "language"


def spoken() -> Words:
    """Return the messages of this session's language."""
    return words(st.session_state.get(_KEY) or LANGUAGES[0])


def text(key: str, **values: object) -> str:
    """Return one of the page's own messages, such as ``today.title``."""
    return spoken().text(f"page.{key}", **values)


def begin(clinic: str) -> None:
    """Read in the clinic's language, or in the one that the address names (``?lang=de``), until another is chosen."""
    asked = st.query_params.get("lang")
    if _KEY not in st.session_state:
        st.session_state[_KEY] = asked if asked in LANGUAGES else clinic


def choose_language() -> None:
    """Draw the choice of a language, each under its own name."""
    names = language_names()
    st.selectbox(
        text("shell.language"),
        list(names),
        index=list(names).index(spoken().language),
        format_func=names.__getitem__,
        key="language_choice",
        on_change=_keep,
        label_visibility="collapsed",
        width=140,
    )


def _keep() -> None:
    st.session_state[_KEY] = st.session_state.language_choice
