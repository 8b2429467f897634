"""Two pages: one that looks again all the time and is left slowly, and where it leads; for the tests in a browser."""

import time

import streamlit as st

from resp_page.watch import watch

EVERY_S = 0.4


def first() -> None:
    def look(word: str) -> None:
        st.session_state.looks = st.session_state.get("looks", 0) + 1
        st.html(f"<p id=looks>{word} {st.session_state.looks}</p>")

    watch(look, "looks:", every_s=EVERY_S, key="looks")
    st.text_input("Name")
    if st.button("Leave"):
        # On a busy server a click waits for its answer.
        time.sleep(4 * EVERY_S)
        st.switch_page(pages[1])
    if st.button("Work"):
        before = st.session_state.looks
        time.sleep(4 * EVERY_S)
        st.html(f"<p id=worked>{st.session_state.looks - before} looks</p>")


def second() -> None:
    st.title("Second")
    time.sleep(4 * EVERY_S)
    st.html("<p id=end>the end of it</p>")


pages = [st.Page(first, title="First", default=True), st.Page(second, title="Other", url_path="other")]
st.navigation(pages, position="hidden").run()
