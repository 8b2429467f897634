"""What was found: for the recording, then cycle by cycle, with how sure that is and why nothing is said."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from resp.report.heard import Cycle, HeardRecording
from resp.score.schema import Report
from resp_page.language import spoken, text
from resp_page.tables import bar, cell, probability_bars, row, table
from resp_page.words import chip, finding, how_sure, in_sentence, plain, reason, sentence


def show_findings(heard: HeardRecording, report: Report) -> None:
    """Draw what stands for the recording, and its cycles.

    Parameters
    ----------
    heard
        The recording with what people said of it.
    report
        Its result, which is no failure.
    """
    st.subheader(text("findings.title"), anchor=False)
    st.html(f'<p class="resp-verdict">{chip(heard.label)}<small>{escape(_told(heard, report))}</small></p>')
    summary = report.summary
    if summary and not report.refused:
        st.html(probability_bars(summary.probabilities))
        st.caption(plain(_counted(heard, report)))
    if told := _not_yet_told(report):
        st.warning("\n\n".join(plain(warning) for warning in told), icon=":material/warning:")
    if heard.cycles and not report.refused:
        st.html(_cycles(heard.cycles, report))


def summary_words(report: Report) -> str:
    """Return how sure the recording's finding is, or why there is none."""
    if report.status != "scored" or report.summary is None:
        return reason(report.reason, report.recording.file)
    return how_sure(report.summary.label, report.summary.probabilities, report.summary.prediction_set)


def breathing(report: Report) -> str:
    """Return the respiratory rate with its interval, as a sentence; empty where it could not be read."""
    rate = report.summary.breaths_per_min if report.summary else None
    if report.summary is None or not rate:
        return ""
    number = spoken().number
    if interval := report.summary.breaths_interval:
        low, high = (number(edge) for edge in interval)
        return text("findings.breaths", rate=number(rate), low=low, high=high)
    return text("findings.breaths_plain", rate=number(rate))


def _told(heard: HeardRecording, report: Report) -> str:
    said = summary_words(report)
    if not heard.corrected:
        return said
    model = text("findings.model_said", finding=in_sentence(heard.model_label))
    return f"{text('findings.corrected', who=heard.correction.remark.by if heard.correction else '')} {model} ({said})"


def _counted(heard: HeardRecording, report: Report) -> str:
    if not heard.cycles:
        return breathing(report)
    labels = [one.label for one in heard.cycles]
    counts = ", ".join(f"{labels.count(label)} {in_sentence(label)}" for label in dict.fromkeys(labels))
    kind = report.segments[0].kind if report.segments else "cycle"
    return f"{text(f'findings.count_{kind}', count=len(labels), findings=counts)} {breathing(report)}".strip()


def _not_yet_told(report: Report) -> list[str]:
    """Return the warnings that the quality above did not give already, as sentences."""
    reasons = report.quality.reasons if report.quality else ()
    return [sentence(warning) for warning in report.warnings if not any(reason in warning for reason in reasons)]


def _cycles(cycles: Sequence[Cycle], report: Report) -> str:
    """Return one row per cycle or window: when, what, how sure, and the probability of each class."""
    classes = list(report.summary.probabilities if report.summary else report.segments[0].probabilities)
    column = {name: text(f"findings.{name}") for name in ("from", "to", "finding", "sure")}
    head = ["", *column.values(), *(finding(name).words for name in classes)]
    rows = "".join(row(_cycle(number, one, classes)) for number, one in enumerate(cycles, 1))
    return table(head, rows, text("findings.cycles"))


def _cycle(number: int, one: Cycle, classes: Sequence[str]) -> list[str]:
    segment = one.segment
    if segment is None:
        told, bars = text("findings.drawn"), ['<td class="resp-bar">–</td>' for _ in classes]
    else:
        sure = how_sure(segment.label, segment.probabilities, segment.prediction_set)
        why = sentence(segment.abstained) if segment.abstained else ""
        told = "; ".join(part for part in (why, sure) if part)
        if one.corrected:
            told = f"{text('findings.model_said', finding=in_sentence(segment.label))} {told}"
        bars = [bar(name, segment.probabilities.get(name, 0.0)) for name in classes]
    write = spoken().number
    mark = f' <span class="resp-tag">{escape(text("list.corrected"))}</span>' if one.corrected else ""
    return [
        cell(str(number), "number"),
        cell(write(one.start_s, 2), "from"),
        cell(write(one.end_s, 2), "to"),
        f'<td class="resp-found">{chip(one.label)}{mark}</td>',
        cell(told, "told"),
        *bars,
    ]
