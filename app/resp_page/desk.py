"""The records as this session's person may see them; every access rule stands in ``resp.records``."""

import streamlit as st

from resp.errors import RespError
from resp.records import Desk, PatientRow, Records, open_records
from resp.records.settings import Settings
from resp.records.settings_sources import LoadedSettings, explain_settings
from resp_page.identity import current_user
from resp_page.links import asked_for


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


def asked_patient(name: str) -> PatientRow | None:
    """Return the patient whom the address names under ``name``; None where it names none that this person may see."""
    asked = asked_for(name)
    if asked is None or not asked.isdecimal():
        return None
    try:
        return desk().patient(int(asked))
    except RespError:
        return None
