"""Looks again every so often at what others change meanwhile, in the quiet moments of a page.

Streamlit's own way, ``run_every`` of a fragment, asks whether or not something is under way: asked between a click that
leads to another page and that page, it empties the new one, since the fragment belongs to the old one. This timer asks
only after the page has been at rest.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_timer = st.components.v2.component("resp_watch", js=Path(__file__).with_name("watch.js").read_text("utf-8"))


def watch(look: Callable[..., None], *args: object, every_s: float, key: str) -> None:
    """Call ``look(*args)`` now, and again each time that the page was at rest for some seconds and can be seen.

    What it draws is drawn anew each time; where that is not enough, it calls ``st.rerun``.

    Parameters
    ----------
    look
        What looks.
    *args
        What it is told, as it is now.
    every_s
        The seconds of rest.
    key
        Names this watch on the page.
    """

    def looked() -> None:
        look(*args)
        _timer(key=f"watch-{key}", data={"every_s": every_s}, on_due_change=lambda: None)

    st.fragment(looked)()
