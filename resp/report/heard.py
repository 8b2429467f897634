"""A recording as papers and exports need it: what the model said, what people said to that, where and when it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from resp.score.schema import Report, Segment
from resp.score.stretches import segments_of

NORMAL = "normal"
# The data sets' classes as what is heard in them: crackles, wheezes.
_HEARD = {NORMAL: (False, False), "crackle": (True, False), "wheeze": (False, True), "both": (True, True)}
_CLASS = {heard: name for name, heard in _HEARD.items()}

State = Literal["found", "normal", "abstained", "unusable", "failed", "waiting"]


@dataclass(frozen=True, slots=True)
class Cycle:
    """A breath cycle or window as it stands.

    Parameters
    ----------
    start_s, end_s
        In the recording.
    label
        What is heard, None where that is open.
    segment
        The model's own of the same place, None for one that a person drew.
    corrected
        Whether a person says otherwise than the model.
    """

    start_s: float
    end_s: float
    label: str | None
    segment: Segment | None = None
    corrected: bool = False

    @property
    def p_abnormal(self) -> float | None:
        """What the model said, None where it said nothing of this stretch or knows no ``normal``."""
        if self.segment is None or NORMAL not in self.segment.probabilities:
            return None
        return 1 - self.segment.probabilities[NORMAL]


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person said, and when; of a signature or correction the text may be empty."""

    by: str
    at: datetime
    text: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """The full list of cycles as a person hears them: ``(start_s, end_s, label)``, None where it is left open."""

    remark: Remark
    cycles: tuple[tuple[float, float, str | None], ...]


@dataclass(frozen=True)
class HeardRecording:
    """A recording of a patient.

    Parameters
    ----------
    file_name
        As it came in.
    day
        Of the visit.
    report
        The newest result; None while it waits for one.
    site
        Where, a code of `resp.report.chest_map.SITES`; None where it is not known.
    heard_at
        When it was recorded, where that is known.
    correction, signature, comments
        What people said: the newest correction, the signature that stands, all comments.
    recording_id
        By which whoever made this finds its sound again.
    """

    file_name: str
    day: date
    report: Report | None = None
    site: str | None = None
    heard_at: datetime | None = None
    correction: Correction | None = None
    signature: Remark | None = None
    comments: tuple[Remark, ...] = ()
    recording_id: int | None = None

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """The cycles as they stand: the correction's where there is one, the model's otherwise."""
        segments = self.report.segments if self.report else ()
        if self.correction is None:
            return tuple(Cycle(one.start_s, one.end_s, one.label, one) for one in segments)
        said = segments_of([(start_s, end_s) for start_s, end_s, _ in self.correction.cycles], segments)
        return tuple(
            Cycle(start_s, end_s, label, same, corrected=same is None or same.label != label)
            for (start_s, end_s, label), same in zip(self.correction.cycles, said, strict=True)
        )

    @property
    def label(self) -> str | None:
        """What stands for the whole recording: the model's, or what is heard in the corrected cycles together."""
        if self.correction is not None:
            return together([label for _, _, label in self.correction.cycles])
        return self.model_label

    @property
    def model_label(self) -> str | None:
        """What the model said of the whole recording, None where it gave no finding."""
        summary = self.report.summary if self.report and self.report.status == "scored" else None
        return summary.label if summary else None

    @property
    def corrected(self) -> bool:
        """Whether a person corrected it, be it by the same finding: they looked at every cycle."""
        return self.correction is not None

    @property
    def state(self) -> State:
        """What there is to say of it."""
        if self.label is not None:
            return "normal" if self.label == NORMAL else "found"
        if self.report is None:
            return "waiting"
        if self.report.status == "failed":
            return "failed"
        quality = self.report.quality
        return "unusable" if quality and quality.verdict == "unusable" else "abstained"

    @property
    def p_abnormal(self) -> float | None:
        """The model's probability of any abnormal sound; None where it did not judge."""
        summary = self.report.summary if self.report and self.report.status == "scored" else None
        return summary.p_abnormal if summary else None


def together(labels: Sequence[str | None]) -> str | None:
    """Return the class of a recording from those of its cycles: what is heard in any of them.

    None where nothing abnormal is heard and a cycle was left open, or where there is none.
    """
    known = [label for label in labels if label is not None]
    heard = [_HEARD[label] for label in known if label in _HEARD]
    others = [label for label in known if label not in _HEARD]
    sound = _CLASS[any(one[0] for one in heard), any(one[1] for one in heard)]
    if sound != NORMAL:
        return sound
    if others:
        return max(dict.fromkeys(others), key=others.count)
    return NORMAL if known and len(known) == len(labels) else None
