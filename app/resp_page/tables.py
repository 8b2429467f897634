"""Tables and bars as plain markup: they can be read aloud, printed and reached by the keyboard."""

from collections.abc import Mapping, Sequence
from html import escape

from resp_page.language import spoken
from resp_page.words import chip, finding


def table(head: Sequence[str], rows: str, name: str, *, style: str = "") -> str:
    """Return a table in a box that scrolls and that the keyboard reaches; ``rows`` is markup already."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    inside = f'<table class="resp-table {style}"><thead>{row([titles])}</thead><tbody>{rows}</tbody></table>'
    return f'<div class="resp-scroll" tabindex="0" role="region" aria-label="{escape(name)}">{inside}</div>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Return names and values as a two-column table."""
    rows = "".join(row([f'<th scope="row">{escape(name)}</th>', cell(value)]) for name, value in pairs)
    return f'<table class="resp-table"><tbody>{rows}</tbody></table>'


def probability_bars(probabilities: Mapping[str, float]) -> str:
    """Return the recording's probabilities as bars."""
    rows = "".join(
        row([f'<th scope="row">{chip(name)}</th>', bar(name, value)]) for name, value in probabilities.items()
    )
    return f'<table class="resp-table resp-bars"><tbody>{rows}</tbody></table>'


def row(cells: Sequence[str], style: str = "") -> str:
    """Return a row of cells that are markup already."""
    look = f' class="{style}"' if style else ""
    return f"<tr{look}>{''.join(cells)}</tr>"


def cell(text: str, style: str = "text") -> str:
    """Return a cell with a text."""
    return f'<td class="resp-{style}">{escape(text)}</td>'


def bar(name: str, probability: float) -> str:
    """Return a cell with a probability as number and bar."""
    shown = finding(name)
    look = f'class="resp-bar finding-{shown.style}" style="--p:{probability:.4f}"'
    return f'<td {look} data-name="{escape(shown.words)}">{spoken().percent(probability)}</td>'
