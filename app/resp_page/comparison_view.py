"""Two models on one recording, side by side."""

from html import escape

import streamlit as st

from resp.errors import RespError
from resp.models.folder import find_model, model_checksum
from resp.records import RecordingDetail
from resp.report.comparison import compare_segments
from resp.score.schema import Report, Segment
from resp_page.desk import desk
from resp_page.findings_view import summary_words
from resp_page.language import spoken, text
from resp_page.links import RECORDING, asked_for, link
from resp_page.places import place_words
from resp_page.progress import POLL_S
from resp_page.scorers import called
from resp_page.tables import cell, probability_bars, row, table
from resp_page.watch import watch
from resp_page.words import chip, how_sure, plain

_LISTED = 100


def show_comparison(models: list[str]) -> None:
    """Draw the choice of a recording and of two models, and what each says.

    Parameters
    ----------
    models
        Names or folders.
    """
    st.subheader(text("compare.title"), anchor=False)
    if len(models) < 2:
        st.caption(text("compare.one_model"))
        return
    detail = _chosen()
    if detail is None:
        st.caption(text("compare.nothing"))
        return
    left, right = st.columns(2)
    first = left.selectbox(text("compare.first"), models, format_func=called, key="compare-first")
    second = right.selectbox(text("compare.second"), models, index=1, format_func=called, key="compare-second")
    found = {model: _of(detail, model) for model in (first, second)}
    missing = [model for model, report in found.items() if report is None]
    if missing:
        _ask(detail, missing)
        return
    link(RECORDING, text("compare.listen"), icon=":material/hearing:", id=detail.row.id)
    for place, model in ((left, first), (right, second)):
        with place:
            _show(found[model])
    one, other = found[first], found[second]
    if one and other and one.status != "failed" and other.status != "failed":
        st.html(_stretches(one, other, called(first), called(second)))


def _chosen() -> RecordingDetail | None:
    listed = list(desk().recordings(limit=_LISTED))
    asked = asked_for("recording")
    numbers = [one.id for one in listed]
    if asked and asked.isdecimal() and int(asked) not in numbers:
        numbers.insert(0, int(asked))
    if not numbers:
        return None
    names = {one.id: f"{place_words(one.site)} · {one.patient_key or '–'} · {one.file_name}" for one in listed}
    number = st.selectbox(
        text("compare.recording"),
        numbers,
        index=numbers.index(int(asked)) if asked and asked.isdecimal() else 0,
        format_func=lambda number: names.get(number, f"#{number}"),
        key="compare-recording",
    )
    try:
        return desk().recording(number)
    except RespError:
        return None


def _of(detail: RecordingDetail, model: str) -> Report | None:
    """Return the newest result of a model, known by its checksum."""
    checksum = model_checksum(find_model(model))
    stored = (one.report for one in detail.reports if one.report.model and one.report.model.sha256 == checksum)
    return next(stored, None)


def _ask(detail: RecordingDetail, missing: list[str]) -> None:
    """Have the recording judged by the models that have not heard it yet."""
    if detail.pending or detail.row.state in ("waiting", "working"):
        watch(_follow, detail.row.id, len(detail.reports), every_s=POLL_S, key="compare")
        return
    names = spoken().listed([called(model) for model in missing])
    if not desk().may("write"):
        st.caption(text("compare.reader", models=plain(names)))
    elif st.button(text("compare.ask", models=plain(names)), type="primary", icon=":material/compare:"):
        for model in missing:
            desk().rescore(detail.row.id, model)
        st.rerun()


def _follow(recording_id: int, reports: int) -> None:
    now = desk().recording(recording_id)
    if len(now.reports) != reports or not (now.pending or now.row.state in ("waiting", "working")):
        st.rerun()
    st.info(text("compare.working"), icon=":material/hourglass_top:")


def _show(report: Report | None) -> None:
    if report is None:
        return
    label = report.summary.label if report.status == "scored" and report.summary else None
    shown = "failed" if report.status == "failed" else label
    st.html(f'<p class="resp-verdict">{chip(shown)}<small>{escape(summary_words(report))}</small></p>')
    if report.summary:
        st.html(probability_bars(report.summary.probabilities))


def _stretches(one: Report, other: Report, first: str, second: str) -> str:
    heads = [text("findings.from"), text("findings.to"), first, second, text("compare.same")]
    write = spoken().number
    rows = []
    for pair in compare_segments(one, other):
        same = {True: "yes", False: "no", None: "open"}[pair.agree]
        rows.append(
            row(
                [
                    cell(write(pair.start_s, 2), "from"),
                    cell(write(pair.end_s, 2), "to"),
                    _said(pair.first),
                    _said(pair.second),
                    cell(text(f"compare.same_{same}")),
                ]
            )
        )
    return table(heads, "".join(rows), text("compare.title"))


def _said(segment: Segment | None) -> str:
    if segment is None:
        return '<td class="resp-found">–</td>'
    sure = how_sure(segment.label, segment.probabilities, segment.prediction_set)
    return f'<td class="resp-found">{chip(segment.label)} <small>{escape(sure)}</small></td>'
