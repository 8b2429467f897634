"""The models that this page may ask: the one it was started with, and those that are installed."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

import resp
from resp_page.desk import settings

if TYPE_CHECKING:
    from resp.score import Scorer


_NEW = "model_for_new"


def offered() -> list[str]:
    """Return the models to choose from, as names or folders: the clinic's own first."""
    from resp.models import folder

    first = settings().model or folder.DEFAULT_MODEL
    installed = (name for name in folder.installed_models() if not _same(name, first))
    return [first, *installed]


def called(model: str) -> str:
    """Return what a model is called: its folder's name."""
    return Path(model).name


@st.cache_resource(show_spinner=False, max_entries=4)
def scorer(model: str) -> "Scorer":
    """Load a model once for all sessions."""
    return resp.Scorer.load(model)


def scorer_of(checksum: str) -> "Scorer | None":
    """Return the model with a checksum, None where it is no longer offered."""
    from resp.models.folder import find_model, model_checksum

    fitting = (model for model in offered() if model_checksum(find_model(model)) == checksum)
    model = next(fitting, None)
    return None if model is None else scorer(model)


def _same(name: str, first: str) -> bool:
    """Whether an installed model is the clinic's own, which may be given as a folder."""
    from resp.models import folder

    return name == first or (folder.SHIPPED / name).resolve() == Path(first).resolve()


def chosen_for_new() -> str:
    """Return the model that judges what this session hands in: the clinic's own until another is chosen."""
    chosen: str = st.session_state.get(_NEW) or offered()[0]
    return chosen


def choose_for_new(model: str) -> None:
    """Have what this session hands in judged by a model."""
    st.session_state[_NEW] = model


def model_of_jobs() -> str | None:
    """Return what a job asks for: None for the clinic's own model, which the workers know."""
    chosen: str | None = st.session_state.get(_NEW)
    return None if chosen is None or chosen == offered()[0] else chosen
