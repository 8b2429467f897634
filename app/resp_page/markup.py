"""Plain markup whose links and places can be chosen: lists, the chest map.

Streamlit's own table is a canvas: it cannot be read aloud, and its rows are no links. A link in ``st.html`` begins a
new session. This is one small component that draws what it is given and says what was chosen in it; every choice is an
element with ``data-choose``.
"""

from pathlib import Path

import streamlit as st

_markup = st.components.v2.component(
    "resp_markup",
    html='<div class="resp-markup"></div>',
    js=Path(__file__).with_name("markup.js").read_text("utf-8"),
    # The page's own styles hold inside, as they do for st.html.
    isolate_styles=False,
)


def choose_in(markup: str, *, key: str) -> str | None:
    """Draw ``markup``, every text in it escaped, and return the ``data-choose`` that was just chosen.

    Parameters
    ----------
    markup
        HTML.
    key
        Names this place on the page.

    Returns
    -------
    str or None
        None where nothing was chosen since the page was last drawn.
    """
    result = _markup(key=key, data={"markup": markup}, on_chosen_change=_nothing)
    chosen: str | None = result.chosen
    return chosen


def _nothing() -> None:
    """Take note of a choice: it is read where the markup is drawn."""
