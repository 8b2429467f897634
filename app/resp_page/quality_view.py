"""Can this be judged? In words, and with the places at fault."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from resp.audio.quality import SignalQuality, mark_notes
from resp.audio.quality_marks import QualityMark
from resp_page.language import spoken, text
from resp_page.tables import facts
from resp_page.words import measurement, plain, sentence

_SHOWN = 4
_LOOKS = {
    "good": (st.success, ":material/check_circle:"),
    "limited": (st.warning, ":material/warning:"),
    "unusable": (st.error, ":material/block:"),
}


def show_quality(quality: SignalQuality, marks: Sequence[QualityMark]) -> None:
    """Draw the verdict with its reasons, the places that are marked in the picture, and what was measured."""
    st.subheader(text("quality.title"), anchor=False)
    show, icon = _LOOKS[quality.verdict]
    # The places stand below, with all others.
    listed = mark_notes(quality.marks) if marks else []
    notes = [note for note in quality.notes if note not in listed]
    told = " ".join(sentence(reason) for reason in (*quality.reasons, *notes))
    show(f"**{spoken().text(f'quality.{quality.verdict}')}.** {plain(told)}".strip(), icon=icon)
    if marks:
        kinds = {mark.kind: sentence(mark.words) for mark in marks}
        lines = "".join(
            f"<li>{escape(words)} <b>{escape(_places([mark for mark in marks if mark.kind == kind]))}</b></li>"
            for kind, words in kinds.items()
        )
        st.html(f'<ul class="resp-marks">{lines}</ul>')
    with st.expander(text("quality.measured")):
        numbers = quality.model_dump(exclude={"verdict", "reasons", "notes"})
        st.html(facts([measurement(name, value) for name, value in numbers.items()]))


def _places(marks: Sequence[QualityMark]) -> str:
    write = spoken().number
    shown = [f"{write(mark.start_s, 1)}–{write(max(mark.end_s, mark.start_s + 0.1), 1)} s" for mark in marks[:_SHOWN]]
    more = len(marks) - len(shown)
    return ", ".join(shown) + (f" {text('quality.more_places', count=more)}" if more else "")
