"""A patient's summary in sentences, in the reader's language; the page and the paper say the same ones."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo

from resp.report.chest_map import site_name
from resp.report.heard import NORMAL, HeardRecording, Remark, State
from resp.report.patient_summary import Change, PatientSummary, SiteFinding
from resp.words import Words

_LEFT: tuple[State, ...] = ("abstained", "unusable", "failed", "waiting")
_CHANGES: tuple[Change, ...] = ("new", "changed", "gone", "same", "unsure")
_SIGNS = ("normal", "crackle", "wheeze", "both", "abnormal")


def quality_sentence(summary: PatientSummary, words: Words) -> str:
    """Return how many recordings of the visit can be judged; empty where there is none."""
    recordings = summary.visit.recordings if summary.visit else ()
    # What failed or waits is told as that.
    verdicts = Counter(quality_of(one) for one in recordings if one.state not in ("failed", "waiting"))
    if set(verdicts) == {"good"}:
        return words.text("report.judged.all")
    told = [
        words.text(f"report.judged.{verdict}", count=verdicts[verdict])
        for verdict in ("good", "limited", "unusable", "unknown")
        if verdicts[verdict]
    ]
    return words.text("report.judged.some", told=words.listed(told)) if told else ""


def finding_sentences(summary: PatientSummary, words: Words) -> tuple[str, ...]:
    """Return what was found where, what was not judged and why, and how much people corrected."""
    if summary.visit is None:
        return (words.text("report.nothing_heard"),)
    sites = summary.visit.sites
    told = []
    by_label: dict[str, list[SiteFinding]] = {}
    for one in sites:
        if one.state == "found":
            by_label.setdefault(str(one.telling.label), []).append(one)
    normal = [one for one in sites if one.state == "normal"]
    for label, found in by_label.items():
        told.append(words.text("report.found", finding=words.finding(label), where=_where(found, words)))
    if by_label and normal:
        told.append(words.text("report.normal", finding=words.finding(NORMAL), where=_where(normal, words)))
    elif normal:
        sounds = ", ".join(words.finding(name, inline=True) for name in _sounds(summary.visit.recordings))
        told.append(words.text("report.none", count=len(normal), sounds=sounds))
    elif not by_label:
        told.append(words.text("report.nothing"))
    if single := [one for one in normal if any(cycle.label not in (None, NORMAL) for cycle in one.telling.cycles)]:
        told.append(words.text("report.single_cycles", where=_where(single, words)))
    left = {state: [one for one in sites if one.state == state] for state in _LEFT}
    not_judged = [words.text(f"report.left.{state}", where=_where(some, words)) for state, some in left.items() if some]
    if not_judged:
        told.append(" ".join(not_judged))
    if corrected := sum(one.corrected for one in summary.visit.recordings):
        told.append(words.text("report.by_people", count=corrected))
    return tuple(told)


def change_sentences(summary: PatientSummary, words: Words) -> tuple[str, ...]:
    """Return how the visit compares with the one before; empty where there is none before."""
    changes = summary.changes
    told = []
    for kind in _CHANGES:
        if sites := [site for site, change in changes.items() if change == kind]:
            told.append(
                words.text(f"report.since.{kind}", where=words.listed([site_name(site, words) for site in sites]))
            )
    if changes and summary.earlier_model_differs:
        told.append(words.text("report.since.other_model"))
    return tuple(told)


def standing_words(summary: PatientSummary, words: Words, zone: tzinfo = UTC) -> str:
    """Return who signed the visit, if anybody did, and when by the clock of ``zone``."""
    signatures = summary.signatures
    if not signatures:
        return words.text("report.standing.unsigned")
    last = signatures[-1]
    known = {"who": last.by, "when": words.moment(last.at.astimezone(zone))}
    if summary.signed:
        return words.text("report.standing.signed", **known)
    recordings = summary.visit.recordings if summary.visit else ()
    return words.text("report.standing.signed_some", count=len(signatures), of=len(recordings), **known)


def finding_words(one: HeardRecording, words: Words) -> str:
    """Return what stands for a recording, with a star where a person corrected it."""
    if one.state in ("found", "normal"):
        told = words.finding(one.label)
    elif one.state == "failed":
        told = words.text("finding.failed")
    elif one.state == "waiting":
        told = words.text("finding.waiting")
    else:
        told = words.text("finding.abstained")
    return f"{told} *" if one.corrected else told


def doubt_words(one: SiteFinding, words: Words) -> tuple[str, ...]:
    """Return what stands beneath a finding: what the model had said, what stays open, why nothing is said, the rest."""
    telling, told = one.telling, []
    report = telling.report
    if telling.corrected:
        told.append(words.text("report.model_said", finding=words.finding(telling.model_label, inline=True)))
    elif report and report.summary and telling.state in ("found", "normal"):
        others = [name for name in report.summary.prediction_set if name != telling.label]
        if others:
            listed = ", ".join(words.finding(name, inline=True) for name in others)
            told.append(words.text("report.cannot_rule_out", findings=listed))
    elif report and report.reason:
        # The file's name stands elsewhere, or says nothing to whoever looks at a place.
        told.append(words.said(report.reason.removeprefix(f"{telling.file_name}: ")))
    more, left = len(one.recordings) - 1, one.not_judged
    if more:
        told.append(words.text("report.more_not_judged" if left else "report.more_recordings", count=more, left=left))
    return tuple(told)


def cycle_signs(one: HeardRecording, words: Words) -> str:
    """Return how many cycles stand with which finding, as signs: ``5 N · 2 C``."""
    counts = Counter(cycle.label for cycle in one.cycles)
    return " · ".join(f"{counts[label]} {sign(label, words)}" for label in in_order(counts))


def in_order(labels: Iterable[str | None]) -> list[str | None]:
    """Return labels as they are always listed: normal, crackle, wheeze, both, others by name, no finding."""
    usual = {name: place for place, name in enumerate(_SIGNS)}
    return sorted(labels, key=lambda label: (label is None, usual.get(str(label), len(usual)), str(label)))


def sign(label: str | None, words: Words) -> str:
    """Return the letters that stand for a finding on a map or a time line."""
    name = label if label is not None else "abstained"
    if words.has(f"finding.sign.{name}"):
        return words.text(f"finding.sign.{name}")
    return name[:1].upper()


def state_sign(one: HeardRecording, words: Words) -> str:
    """Return the letters that stand for a recording; of one without a finding, why."""
    if one.state in ("found", "normal"):
        return sign(one.label, words)
    return sign(one.state if one.state in ("failed", "waiting") else None, words)


def quality_of(one: HeardRecording) -> str:
    """Return ``good``, ``limited``, ``unusable`` or ``unknown``."""
    quality = one.report.quality if one.report else None
    return quality.verdict if quality else "unknown"


def notes_by_place(summary: PatientSummary, words: Words) -> tuple[tuple[str, str], ...]:
    """Return what is to be known of the visit's recordings, as (where, sentences).

    Each note stands once, with all the places it holds for; ``where`` is empty for what holds for every recording.
    """
    recordings = summary.visit.recordings if summary.visit else ()
    places: dict[str, dict[str, None]] = {}
    for one in recordings:
        for note in _notes(one):
            places.setdefault(note, {})[site_name(one.site, words)] = None
    everywhere = {site_name(one.site, words) for one in recordings}
    together: dict[str, list[str]] = {}
    for note, where in places.items():
        name = "" if set(where) == everywhere else words.listed(list(where))
        together.setdefault(name, []).append(_sentence(words.said(note)))
    # What holds for all comes first.
    return tuple((where, " ".join(together[where])) for where in sorted(together, key=lambda where: where != ""))


def remarks_by_place(summary: PatientSummary) -> tuple[tuple[str | None, Remark], ...]:
    """Return what people wrote of the visit's recordings and where, oldest first."""
    recordings = summary.visit.recordings if summary.visit else ()
    found = dict.fromkeys(
        (one.site, remark)
        for one in recordings
        for remark in (
            *one.comments,
            *([one.correction.remark] if one.correction else []),
            *([one.signature] if one.signature else []),
        )
        if remark.text
    )
    return tuple(sorted(found, key=lambda pair: pair[1].at))


def _notes(one: HeardRecording) -> Iterable[str]:
    report = one.report
    if report is None:
        return ()
    return dict.fromkeys((*report.warnings, *(report.quality.notes if report.quality else ())))


def _sentence(told: str) -> str:
    return f"{told[:1].upper()}{told[1:]}{'' if told.endswith(('.', '!', '?')) else '.'}"


def _where(sites: Sequence[SiteFinding], words: Words) -> str:
    return words.listed([site_name(one.site, words) for one in sites])


def _sounds(recordings: Iterable[HeardRecording]) -> list[str]:
    """Return the classes beside normal that the models know; ``both`` is no sound of its own."""
    known: dict[str, None] = {}
    for one in recordings:
        if one.report and one.report.summary:
            known |= dict.fromkeys(one.report.summary.probabilities)
    return [name for name in known if name not in (NORMAL, "both")]
