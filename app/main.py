"""The clinician's page: recordings in, what was heard and how sure that is out, what people say to that kept.

Start it with ``resp app``. It draws and decides nothing: every finding on it stands in a ``resp.Report``, and who may
see and change what stands in ``resp.records``.
"""

from importlib import import_module
from pathlib import Path
from threading import Thread

import streamlit as st
from streamlit.navigation.page import Page

from resp.errors import RespError
from resp_page import language, links
from resp_page.desk import desk, settings
from resp_page.identity import sign_in
from resp_page.language import text
from resp_page.shell import foot
from resp_page.words import plain

_PARTS = Path(__file__).parent / "resp_page"
_ICONS = {
    links.TODAY: ":material/today:",
    links.ADD: ":material/add_circle:",
    links.PATIENT: ":material/person:",
    links.RECORDING: ":material/hearing:",
    links.MODEL: ":material/model_training:",
    links.ADMIN: ":material/admin_panel_settings:",
}
# Where one goes from a list: a patient and a recording have addresses but no place in the menu.
_HIDDEN = {links.PATIENT, links.RECORDING}


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config(page_title="resp", page_icon=str(_PARTS / "icon.svg"), layout="wide")
    for style in ("findings.css", "page.css"):
        st.html(_PARTS / style)
    try:
        language.begin(settings().language)
        sign_in()
        manages = desk().may("manage")
    except RespError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    pages = {name: _page(name, manages) for name in _ICONS}
    links.remember(pages)
    st.navigation(list(pages.values()), position="top").run()
    foot()
    _warm_up()


@st.cache_resource(show_spinner=False)
def _warm_up() -> None:
    """Import what the first recording needs while the first visitor still reads today's list."""
    names = ("resp_page.pages.recording", "scipy.signal")
    Thread(target=lambda: [import_module(name) for name in names], daemon=True).start()


def _page(name: str, manages: bool) -> Page:
    hidden = name in _HIDDEN or (name == links.ADMIN and not manages)

    def show() -> None:
        # Imported when it is looked at: today's list needs no model.
        page = import_module(f"resp_page.pages.{'admin' if name == links.ADMIN else name}")
        try:
            page.show()
        except RespError as error:
            st.error(plain(str(error)), icon=":material/error:")

    return st.Page(
        show,
        title=text(f"{name}.menu"),
        icon=_ICONS[name],
        url_path=name,
        default=name == links.TODAY,
        visibility="hidden" if hidden else "visible",
    )


main()
