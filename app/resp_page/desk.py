"""The records as this session's person may see them; every access rule stands in ``resp.records``."""

import streamlit as st

from resp.records import Desk, Records, open_records
from resp.records.settings import LoadedSettings, Settings, explain_settings
from resp_page.identity import current_user


@st.cache_resource(show_spinner=False)
def loaded_settings() -> LoadedSettings:
    """Return the clinic's settings and where each is from; read once, when the page starts."""
    return explain_settings()


def settings() -> Settings:
    """Return the clinic's settings."""
    return loaded_settings().settings


@st.cache_resource(show_spinner=False)
def records() -> Records:
    """Open the records once for all sessions."""
    chosen = settings()
    return open_records(url=chosen.database_url, folder=chosen.folder)


def desk() -> Desk:
    """Return what this session's person may do."""
    return records().desk(current_user())
