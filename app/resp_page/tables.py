"""Tables and bars as plain markup: they can be read aloud, printed and reached by the keyboard."""

from collections.abc import Mapping, Sequence
from html import escape

from resp.score.schema import Report, Segment
from resp_page.words import KINDS, VERDICTS, finding, how_sure, minutes, percent


def chip(label: str | None) -> str:
    """Return a finding as letter, pattern and words."""
    shown = finding(label)
    sign = f'<span class="finding finding-{shown.style}"><b>{escape(shown.letter)}</b></span>'
    return f'<span class="resp-key">{sign}{escape(shown.words)}</span>'


def legend(segments: Sequence[Segment]) -> str:
    """Return the key to the findings that occur."""
    labels = dict.fromkeys(segment.label for segment in segments)
    return f'<p class="resp-legend">{"".join(chip(label) for label in labels)}</p>'


def overview(reports: Sequence[Report]) -> str:
    """Return one row per recording: can it be judged, then what was found."""
    rows = "".join(_row(_overview_cells(report)) for report in reports)
    return _table(["Recording", "Can it be judged?", "Finding", "How sure"], rows, "All recordings")


def segment_table(segments: Sequence[Segment]) -> str:
    """Return one row per cycle or window: when, what, how sure, and the probability of each class."""
    classes = list(segments[0].probabilities)
    head = ["", "From (s)", "To (s)", "Finding", "How sure", *(finding(name).words for name in classes)]
    rows = "".join(_row(_segment_cells(number, segment)) for number, segment in enumerate(segments, 1))
    return _table(head, rows, f"{KINDS[segments[0].kind]}s")


def probability_bars(probabilities: Mapping[str, float]) -> str:
    """Return the recording's probabilities as bars."""
    rows = "".join(
        _row([f'<th scope="row">{chip(name)}</th>', _bar(name, value)]) for name, value in probabilities.items()
    )
    return f'<table class="resp-table resp-bars"><tbody>{rows}</tbody></table>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Return names and values as a two-column table."""
    rows = "".join(_row([f'<th scope="row">{escape(name)}</th>', _cell(value)]) for name, value in pairs)
    return f'<table class="resp-table"><tbody>{rows}</tbody></table>'


def summary_words(report: Report) -> str:
    """Return how sure the recording's finding is, or why there is none."""
    if report.status != "scored" or report.summary is None:
        return report.reason or ""
    return how_sure(report.summary.label, report.summary.probabilities, report.summary.prediction_set)


def known_facts(report: Report) -> str:
    """Return what is known of a recording in one line."""
    known = report.recording
    parts = [
        minutes(known.duration_s) if known.duration_s else "",
        f"{known.rate_hz / 1000:g} kHz" if known.rate_hz else "",
        f"{known.channels} channels: {known.channel}" if known.channels and known.channels > 1 else "",
        f"site {known.body_site}" if known.body_site else "",
        known.device or "",
    ]
    return " · ".join(part for part in parts if part)


def _table(head: Sequence[str], rows: str, name: str) -> str:
    """Return a table in a box that scrolls and that the keyboard reaches."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    table = f'<table class="resp-table"><thead>{_row([titles])}</thead><tbody>{rows}</tbody></table>'
    return f'<div class="resp-scroll" tabindex="0" role="region" aria-label="{escape(name)}">{table}</div>'


def _overview_cells(report: Report) -> list[str]:
    file = _cell(report.recording.file, "file")
    if report.status == "failed":
        return [file, f'<td colspan="3">Could not be scored. {escape(report.reason or "")}</td>']
    judged = VERDICTS[report.quality.verdict] if report.quality else "Not measured"
    label = report.summary.label if report.summary else None
    return [file, _cell(judged), f"<td>{chip(label)}</td>", _cell(summary_words(report), "told")]


def _segment_cells(number: int, segment: Segment) -> list[str]:
    sure = how_sure(segment.label, segment.probabilities, segment.prediction_set)
    return [
        _cell(str(number), "number"),
        _cell(f"{segment.start_s:.2f}", "from"),
        _cell(f"{segment.end_s:.2f}", "to"),
        f"<td>{chip(segment.label)}</td>",
        _cell("; ".join(part for part in (segment.abstained, sure) if part), "told"),
        *(_bar(name, value) for name, value in segment.probabilities.items()),
    ]


def _row(cells: Sequence[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _cell(text: str, style: str = "text") -> str:
    return f'<td class="resp-{style}">{escape(text)}</td>'


def _bar(name: str, probability: float) -> str:
    shown = finding(name)
    look = f'class="resp-bar finding-{shown.style}" style="--p:{probability:.4f}"'
    return f'<td {look} data-name="{escape(shown.words)}">{percent(probability)}</td>'
