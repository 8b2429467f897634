"""What the model is, what it is not, and how it was measured; and the choice of another one."""

from pathlib import Path

import streamlit as st

from resp.models import folder
from resp.score.schema import ModelIdentity
from resp_page.words import plain

_KEY = "model"


def chosen_model(first: str | None) -> str:
    """Return the model that this session asks: the one the page was started with until another is chosen.

    Parameters
    ----------
    first
        What the page was started with: a name or a folder; None for the default model.
    """
    chosen: str = st.session_state.get(_KEY) or first or folder.DEFAULT_MODEL
    return chosen


def choose_model(first: str | None) -> None:
    """Draw the choice among the installed models and the one the page was started with; of one there is none."""
    start = first or folder.DEFAULT_MODEL
    models = [start, *(name for name in folder.installed_models() if not _same(name, start))]
    if len(models) > 1:
        st.selectbox(
            "Model",
            models,
            index=models.index(chosen_model(first)),
            format_func=_listed,
            key=_KEY,
            help="All recordings on the page are judged again by the model that you choose.",
        )


def show_model(model: ModelIdentity) -> None:
    """Draw the model's name, checksum and card."""
    with st.expander("What the model is, and what it is not", icon=":material/info:"):
        st.markdown(f"**{plain(model.name)}**, version {plain(model.version)}")
        st.caption(f"Checksum (SHA-256) of weights and configuration: `{model.sha256}`")
        st.markdown(_without_header(model.card))


def show_judge(model: ModelIdentity | None) -> None:
    """Draw which model a report is of, in one line; nothing where none spoke."""
    if model is not None:
        st.caption(f"Judged by {plain(model.name)}, version {plain(model.version)}, checksum `{model.sha256[:12]}`.")


def _same(name: str, start: str) -> bool:
    """Whether an installed model is the one the page was started with, which may be given as a folder."""
    return name == start or (folder.SHIPPED / name).resolve() == Path(start).resolve()


def _listed(model: str) -> str:
    name = Path(model).name
    return f"{name} (default)" if name == folder.DEFAULT_MODEL else name


def _without_header(card: str) -> str:
    """Return a card without the YAML block that some readers want at its top."""
    if card.startswith("---\n") and "\n---\n" in card[4:]:
        return card[4:].split("\n---\n", 1)[1]
    return card
