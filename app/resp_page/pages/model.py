"""About the model: what it is, how well it did, where it fails, on which devices it was trained; and two compared."""

from collections.abc import Mapping

import streamlit as st

from resp.errors import RespError
from resp.models.card_sections import card_sections
from resp.models.config import ModelConfig
from resp.models.folder import CARD, find_model, model_checksum, read_config
from resp.models.results import split_results
from resp_page.comparison_view import show_comparison
from resp_page.desk import desk
from resp_page.language import text
from resp_page.scorers import called, choose_for_new, chosen_for_new, offered
from resp_page.shell import title
from resp_page.words import plain

# Parts of the card that stand in places of their own.
_SHOWN = {"Limits", "Intended use", "Results", "How it was measured", "Training data"}


def show() -> None:
    """Draw the page."""
    title(text("model.title"))
    models = offered()
    model = models[0]
    if len(models) > 1:
        model = st.selectbox(text("model.which"), models, format_func=called, key="about", width=420)
    try:
        folder = find_model(model)
        config, checksum = read_config(folder), model_checksum(folder)
        card = (folder / CARD).read_text("utf-8") if (folder / CARD).is_file() else ""
    except (RespError, OSError) as error:
        st.error(f"{text('model.broken')} {plain(str(error))}", icon=":material/error:")
        return
    st.markdown(f"**{plain(config.name)}**, {text('model.version', version=plain(config.version))}")
    st.caption(text("model.checksum", checksum=checksum))
    _choose(model, models)
    _show_card(config, card_sections(card))
    show_comparison(models)


def _choose(model: str, models: list[str]) -> None:
    """Draw whether new recordings of this session are judged by this model."""
    if len(models) < 2 or not desk().may("write"):
        return
    if chosen_for_new() == model:
        st.success(text("model.in_use"), icon=":material/check_circle:")
    else:
        st.button(text("model.use"), icon=":material/swap_horiz:", on_click=choose_for_new, args=(model,))


def _show_card(config: ModelConfig, sections: Mapping[str, str]) -> None:
    fails, measured, devices = st.tabs([text("model.fails"), text("model.measured"), text("model.devices")])
    with fails:
        st.markdown(sections.get("Limits") or text("model.not_said"))
        st.markdown(sections.get("Intended use", ""))
    with measured:
        tables, _ = split_results(config.results)
        if tables:
            first, *others = tables.values()
            short = first.summed_up()
            st.markdown(short.to_markdown(level=4))
            # What it was compared with is for those who ask; two headings of one text would have one id.
            whole = first.model_copy(update={"title": f"{first.title}, beside other methods"})
            more = others if short == first else [whole, *others]
            if more:
                with st.expander(text("model.more_results")):
                    st.markdown("\n\n".join(table.to_markdown(level=4) for table in more))
            st.markdown(sections.get("How it was measured", ""))
        else:
            st.markdown(text("model.not_measured"))
    with devices:
        st.markdown(sections.get("Training data") or text("model.not_said"))
    rest = {name: part for name, part in sections.items() if name not in _SHOWN and part}
    if rest:
        with st.expander(text("model.card"), icon=":material/info:"):
            st.caption(text("model.card_english"))
            st.markdown("\n\n".join(f"## {name}\n\n{part}" if name else part for name, part in rest.items()))
