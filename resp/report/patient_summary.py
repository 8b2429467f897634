"""What the recordings of a patient say together: place by place, this visit beside the one before.

Nothing is added to what the model and the clinicians said: a place shows one of its recordings, and says how many it
has; what was not judged stays visible; a finding keeps the data set's own word.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from resp.report.chest_map import SITES
from resp.report.heard import NORMAL, Cycle, HeardRecording, Remark, State
from resp.score.schema import ModelIdentity

# Of several recordings of a place, the first of these tells: one that was judged before one that was not.
_TELLING: tuple[State, ...] = ("found", "normal", "abstained", "waiting", "unusable", "failed")
Change = Literal["same", "new", "gone", "changed", "unsure"]


@dataclass(frozen=True)
class SiteFinding:
    """What a visit says of one place.

    Parameters
    ----------
    site
        A code; None for recordings whose place is not known.
    recordings
        All of the visit, in the order in which they came.
    telling
        The one that is shown: of those with a finding the most probably abnormal one, otherwise one that was judged.
    """

    site: str | None
    recordings: tuple[HeardRecording, ...]
    telling: HeardRecording

    @property
    def state(self) -> State:
        """That of the recording that tells."""
        return self.telling.state

    @property
    def not_judged(self) -> int:
        """How many recordings beside the telling one were given no finding."""
        return sum(one is not self.telling and one.state not in ("found", "normal") for one in self.recordings)


@dataclass(frozen=True)
class VisitSummary:
    """A visit: its day and its places, from the trachea over the front and the sides to the back."""

    day: date
    sites: tuple[SiteFinding, ...]

    @property
    def recordings(self) -> tuple[HeardRecording, ...]:
        """All recordings, place by place."""
        return tuple(one for site in self.sites for one in site.recordings)

    def of(self, site: str | None) -> SiteFinding | None:
        """Return what is said of a place, None where it was not listened to."""
        return next((one for one in self.sites if one.site == site), None)


@dataclass(frozen=True)
class TellingCycle:
    """The cycle to look at first.

    ``found`` is False where no finding was given anywhere: then it is the one that came nearest to one.
    """

    recording: HeardRecording
    cycle: Cycle
    found: bool


@dataclass(frozen=True)
class PatientSummary:
    """What is known of a patient.

    Parameters
    ----------
    patient_key
        The clinic's own, None where it has none.
    visit, before
        The visit that is summed up, and the one before it; None where there is none.
    """

    patient_key: str | None
    visit: VisitSummary | None
    before: VisitSummary | None

    @property
    def changes(self) -> dict[str | None, Change]:
        """Place → how it compares with the last visit; only places that were listened to both times."""
        if self.visit is None or self.before is None:
            return {}
        pairs = ((one, self.before.of(one.site)) for one in self.visit.sites)
        return {now.site: _change(now, earlier) for now, earlier in pairs if earlier is not None}

    @property
    def telling(self) -> TellingCycle | None:
        """The cycle to look at first; None where no recording has any."""
        recordings = self.visit.recordings if self.visit else ()
        return _telling(recordings)

    @property
    def models(self) -> tuple[ModelIdentity, ...]:
        """All models that spoke in this visit."""
        said = (one.report.model for one in (self.visit.recordings if self.visit else ()) if one.report)
        return tuple({model.sha256: model for model in said if model}.values())

    @property
    def earlier_model_differs(self) -> bool:
        """Whether the last visit was scored by another model than this one."""
        before = {one.report.model.sha256 for one in _of(self.before) if one.report and one.report.model}
        return bool(before and self.models) and before != {model.sha256 for model in self.models}

    @property
    def signatures(self) -> tuple[Remark, ...]:
        """The signatures of this visit's recordings, oldest first; it is signed when each recording has one."""
        return tuple(sorted((one.signature for one in _of(self.visit) if one.signature), key=lambda one: one.at))

    @property
    def signed(self) -> bool:
        """Whether every recording of the visit is signed."""
        recordings = _of(self.visit)
        return bool(recordings) and all(one.signature for one in recordings)


def summarise_patient(
    recordings: Iterable[HeardRecording], *, patient_key: str | None = None, day: date | None = None
) -> PatientSummary:
    """Sum up the recordings of one patient.

    Parameters
    ----------
    recordings
        Of any visits, in any order.
    patient_key
        Whose they are.
    day
        The visit to sum up; the newest where None.
    """
    visits: dict[date, list[HeardRecording]] = {}
    for one in recordings:
        visits.setdefault(one.day, []).append(one)
    days = sorted(visits)
    chosen = day or (days[-1] if days else None)
    earlier = [one for one in days if chosen is not None and one < chosen]
    return PatientSummary(
        patient_key,
        _visit(chosen, visits.get(chosen, [])) if chosen else None,
        _visit(earlier[-1], visits[earlier[-1]]) if earlier else None,
    )


def _visit(day: date, recordings: Sequence[HeardRecording]) -> VisitSummary:
    known: dict[str | None, list[HeardRecording]] = {}
    for one in recordings:
        known.setdefault(one.site if one.site in SITES else None, []).append(one)
    order: list[str | None] = [*SITES, None]
    return VisitSummary(day, tuple(_site(site, known[site]) for site in order if site in known))


def _site(site: str | None, recordings: Sequence[HeardRecording]) -> SiteFinding:
    in_order = sorted(recordings, key=lambda one: (one.heard_at.timestamp() if one.heard_at else 0.0, one.file_name))
    # Of equals the last: it was recorded again for a reason.
    best = max(
        enumerate(in_order), key=lambda pair: (-_TELLING.index(pair[1].state), pair[1].p_abnormal or 0.0, pair[0])
    )
    return SiteFinding(site, tuple(in_order), best[1])


def _change(now: SiteFinding, before: SiteFinding) -> Change:
    states = (before.state, now.state)
    if not set(states) <= {"found", "normal"}:
        return "unsure"
    if states == ("normal", "found"):
        return "new"
    if states == ("found", "normal"):
        return "gone"
    return "same" if now.telling.label == before.telling.label else "changed"


def _telling(recordings: Sequence[HeardRecording]) -> TellingCycle | None:
    pairs = [(one, cycle) for one in recordings for cycle in one.cycles]
    found = [pair for pair in pairs if pair[1].label not in (None, NORMAL) and pair[0].state == "found"]
    # What a person drew or relabelled has no probability of the model's; it tells most.
    if found:
        return TellingCycle(*max(found, key=lambda pair: (pair[1].corrected, pair[1].p_abnormal or 0.0)), found=True)
    judged = [pair for pair in pairs if pair[0].state in ("found", "normal", "abstained")]
    if not judged:
        return None
    return TellingCycle(*max(judged, key=lambda pair: pair[1].p_abnormal or 0.0), found=False)


def _of(visit: VisitSummary | None) -> tuple[HeardRecording, ...]:
    return visit.recordings if visit else ()
