"""Recordings and patients as lists: one line each that can be read aloud, whole addresses as links."""

from collections.abc import Iterable
from html import escape

from resp.records import PatientRow, RecordingRow
from resp_page import moments
from resp_page.language import spoken, text
from resp_page.links import PATIENT, RECORDING, anchor
from resp_page.places import place_words
from resp_page.tables import row
from resp_page.words import chip, reason


def recordings_list(rows: Iterable[RecordingRow], *, of_one_patient: bool = False) -> str:
    """Return recordings as a table, a row each; on a phone each row is a card."""
    heads = ["place", "patient", "heard", "finding", "standing"]
    if of_one_patient:
        heads.remove("patient")
    return _list([text(f"list.{head}") for head in heads], [_recording(one, of_one_patient) for one in rows])


def patients_list(rows: Iterable[PatientRow]) -> str:
    """Return patients as a table, a row each."""
    heads = ["patient", "last_heard", "recordings", "to_do"]
    return _list([text(f"list.{head}") for head in heads], [_patient(one) for one in rows])


def shown_as(one: RecordingRow) -> str | None:
    """Return what a recording's line says as finding: the model's word, or why there is none."""
    return one.label if one.state == "scored" else one.state


def _recording(one: RecordingRow, of_one_patient: bool) -> str:
    place = escape(place_words(one.site))
    new = f'<span class="resp-tag">{escape(text("list.unread"))}</span>' if one.unread else ""
    name = anchor(RECORDING, f"<b>{place}</b><small>{escape(one.file_name)}</small>", id=one.id)
    if one.patient_id is None:
        patient = f'<span class="resp-pale">{escape(text("list.no_patient"))}</span>'
    else:
        patient = anchor(PATIENT, escape(one.patient_key or ""), id=one.patient_id)
    cells = [
        _cell("name", name + new),
        _cell("heard", escape(_heard(one))),
        _cell("finding", _finding(one)),
        _cell("standing", escape(_standing(one))),
    ]
    if not of_one_patient:
        cells.insert(1, _cell("patient", patient))
    return row(cells, "resp-new" if one.unread else "")


def _heard(one: RecordingRow) -> str:
    """Return when it was heard; where only the day of the visit is known, that day."""
    known = one.recorded_at or (one.added_at if one.visit == moments.local(one.added_at).date() else None)
    return moments.short(known) if known else moments.day(one.visit)


def _finding(one: RecordingRow) -> str:
    told = ""
    if one.state in ("abstained", "failed") and one.reason:
        told = reason(one.reason, one.file_name)
    elif one.state == "scored" and one.p_abnormal is not None:
        told = text("list.abnormal", percent=spoken().percent(one.p_abnormal))
    return chip(shown_as(one)) + (f"<small>{escape(told)}</small>" if told else "")


def _standing(one: RecordingRow) -> str:
    parts = []
    if one.corrected:
        parts.append(text("list.corrected"))
    if one.signed_by and one.signed_at:
        parts.append(text("list.signed", who=one.signed_by))
    return "; ".join(parts)


def _patient(one: PatientRow) -> str:
    heard = moments.short(one.last_heard_at) if one.last_heard_at else "–"
    counts = [("unread", one.unread), ("abstained", one.abstained), ("failed", one.failed), ("waiting", one.waiting)]
    to_do = ", ".join(text(f"list.count_{name}", count=count) for name, count in counts if count)
    abnormal = text("list.count_abnormal", count=one.abnormal) if one.abnormal else ""
    said = ", ".join(part for part in (text("list.count", count=one.recordings), abnormal) if part)
    cells = [
        _cell("name", anchor(PATIENT, f"<b>{escape(one.key)}</b>", id=one.id)),
        _cell("heard", escape(heard)),
        _cell("finding", escape(said)),
        _cell("standing", escape(to_do)),
    ]
    return row(cells, "resp-new" if one.unread else "")


def _list(heads: Iterable[str], rows: Iterable[str]) -> str:
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in heads)
    return f'<table class="resp-list"><thead>{row([titles])}</thead><tbody>{"".join(rows)}</tbody></table>'


def _cell(style: str, markup: str) -> str:
    return f'<td class="resp-{style}">{markup}</td>'
