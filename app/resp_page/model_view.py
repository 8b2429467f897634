"""What the model is, what it is not, and how it was measured."""

import streamlit as st

from resp.score.schema import ModelIdentity


def show_model(model: ModelIdentity) -> None:
    """Draw the model's name, checksum and card."""
    with st.expander("What the model is, and what it is not", icon=":material/info:"):
        st.markdown(f"**{model.name}**, version {model.version}")
        st.caption(f"Checksum (SHA-256) of weights and configuration: `{model.sha256}`")
        st.markdown(_without_header(model.card))


def _without_header(card: str) -> str:
    """Return a card without the YAML block that some readers want at its top."""
    if card.startswith("---\n") and "\n---\n" in card[4:]:
        return card[4:].split("\n---\n", 1)[1]
    return card
