"""The clinician page: recordings in, what was heard and how sure that is out.

Start it with ``resp app``. It draws and decides nothing: every number on it stands in a ``resp.Report``.
"""

from pathlib import Path

import streamlit as st

from resp.errors import RespError
from resp.score.schema import DISCLAIMER
from resp_page.downloads import show_downloads
from resp_page.inputs import collect_sources
from resp_page.model_view import choose_model, chosen_model, show_judge, show_model
from resp_page.recording_view import show_recording
from resp_page.scoring import Scored, load_scorer, model_name, score_sources
from resp_page.tables import overview
from resp_page.words import plain

_PARTS = Path(__file__).parent / "resp_page"


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title="resp: lung sounds", page_icon=str(_PARTS / "icon.svg"), layout="wide")
    for style in ("findings.css", "page.css"):
        st.html(_PARTS / style)
    st.title("Lung sounds", anchor=False)
    st.markdown(DISCLAIMER)
    sources = collect_sources()
    st.caption("Recordings stay in the memory of this page and go when you remove them or close it.")
    first = model_name()
    try:
        scorer = load_scorer(chosen_model(first))
    except RespError as error:
        st.error(f"The model could not be loaded. {plain(str(error))}", icon=":material/error:")
        choose_model(first)
        return
    results = score_sources(sources, scorer)
    if results:
        shown = _chosen(results)
        show_recording(shown, scorer)
        show_judge(shown.report.model)
        show_downloads([scored.report for scored in results], scorer.classes)
    choose_model(first)
    show_model(scorer.identity)


def _chosen(results: list[Scored]) -> Scored:
    """Return the recording to show; with several, all are listed and one is chosen."""
    if len(results) == 1:
        return results[0]
    st.subheader(f"{len(results)} recordings", anchor=False)
    st.html(overview([scored.report for scored in results]))
    number = st.selectbox(
        "Recording to show",
        range(len(results)),
        format_func=lambda index: f"{index + 1}. {results[index].report.recording.file}",
    )
    return results[number]


main()
