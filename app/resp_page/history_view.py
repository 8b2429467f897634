"""Everything that was said of a recording, by models and by people, oldest first; nothing is ever taken away."""

from datetime import datetime
from html import escape

import streamlit as st

from resp.records import RecordingDetail, Review, StoredReport
from resp.records.heard import heard_by
from resp.report.heard import Cycle, HeardRecording
from resp_page import moments
from resp_page.findings_view import summary_words
from resp_page.language import spoken, text
from resp_page.tables import cell, row, table
from resp_page.words import chip, in_sentence


def show_history(detail: RecordingDetail) -> None:
    """Draw the history as a table: when, who, what."""
    lines = [(detail.row.added_at, "", escape(text("history.added", name=detail.row.file_name)))]
    lines += [(stored.at, stored.model or text("history.program"), _result(stored)) for stored in detail.reports]
    lines += [(review.at, review.by_name, _review(review, detail)) for review in detail.reviews]
    lines.sort(key=lambda line: line[0])
    # It stays open when another line comes.
    with st.expander(
        text("history.title", count=len(lines)), icon=":material/history:", key=f"history-{detail.row.id}"
    ):
        head = [text("history.when"), text("history.who"), text("history.what")]
        st.html(table(head, "".join(_line(*line) for line in lines), text("history.name")))


def _line(at: datetime, who: str, what: str) -> str:
    return row([cell(moments.full(at), "when"), cell(who, "who"), f'<td class="resp-what">{what}</td>'])


def _result(stored: StoredReport) -> str:
    report = stored.report
    if report.status == "failed":
        return f"{chip('failed')} {escape(summary_words(report))}"
    label = report.summary.label if report.status == "scored" and report.summary else None
    model = f" ({report.model.version}, {report.model.sha256[:12]})" if report.model else ""
    return f"{chip(label)} {escape(summary_words(report) + model)}"


def _review(review: Review, detail: RecordingDetail) -> str:
    said = f"<q>{escape(review.comment)}</q>" if review.comment else ""
    if review.kind == "comment":
        return said
    if review.kind == "signature":
        return f"{escape(text('history.signed'))} {said}"
    judged: HeardRecording = heard_by(detail, review)
    changed = [one for one in judged.cycles if one.corrected]
    listed = "".join(f"<li>{_change(one)}</li>" for one in changed)
    gone = _taken_away(judged)
    listed += "".join(f"<li>{escape(words)}</li>" for words in gone)
    told = text("history.corrected", count=len(changed) + len(gone))
    return f"{escape(told)} {said}<ul>{listed}</ul>" if listed else f"{escape(told)} {said}"


def _change(one: Cycle) -> str:
    model = (
        text("findings.model_said", finding=in_sentence(one.segment.label)) if one.segment else text("findings.drawn")
    )
    return f"{escape(_stretch(one.start_s, one.end_s))}: {chip(one.label)} <small>{escape(model)}</small>"


def _taken_away(judged: HeardRecording) -> list[str]:
    """Return the model's cycles that the correction has no more."""
    kept = {id(one.segment) for one in judged.cycles if one.segment}
    segments = judged.report.segments if judged.report else ()
    return [
        text("history.removed", where=_stretch(one.start_s, one.end_s), finding=in_sentence(one.label))
        for one in segments
        if id(one) not in kept and one.label is not None
    ]


def _stretch(start_s: float, end_s: float) -> str:
    write = spoken().number
    return f"{write(start_s, 2)}–{write(end_s, 2)} s"
