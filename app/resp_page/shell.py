"""What every page has: its title, what this is for, the language, who is signed in."""

import streamlit as st

from resp_page.identity import current_user, show_sign_out
from resp_page.language import choose_language, spoken, text
from resp_page.words import plain


def title(words: str) -> None:
    """Draw the page's title, and in one sentence what this may be used for."""
    st.title(plain(words), anchor=False)
    st.caption(spoken().text("report.disclaimer"))


def foot() -> None:
    """Draw the foot of every page."""
    with st.container(horizontal=True, vertical_alignment="center", key="foot"):
        user = current_user()
        st.caption(plain(text("shell.signed_in", name=user.name, role=text(f"role.{user.role}"))), width="stretch")
        show_sign_out()
        choose_language()
