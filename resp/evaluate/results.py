"""The results of an evaluation, and the protocols under which they come about."""

from dataclasses import dataclass
from typing import Any, Literal

from resp.evaluate.bootstrap import Interval

Protocol = Literal["honest", "literature", "unstated"]

PROTOCOLS: dict[Protocol, str] = {
    "honest": "the weights were chosen without the test part: by a patient-disjoint validation part of the "
    "training data, or as those of the last epoch where there is none",
    "literature": "the epoch with the best Score on this test part was kept, as most published work does; "
    "optimistic, and comparable only with numbers made alike",
    "unstated": "how the weights were chosen is not recorded; "
    "nothing here says that these items or patients had no part in it",
}


@dataclass(frozen=True, slots=True)
class Scores:
    """Sp, Se and Score of a set of items, each with its interval."""

    sp: Interval
    se: Interval
    score: Interval


@dataclass(frozen=True, slots=True)
class ClassRow:
    """How one class fared; ``auroc`` is of this class against the rest."""

    name: str
    items: int
    predicted: int
    recall: Interval
    precision: Interval
    f1: float
    auroc: float


@dataclass(frozen=True, slots=True)
class GroupRow:
    """How the items of one device, site or run fared."""

    name: str
    items: int
    patients: int
    normal: int
    scores: Scores
    two_class: Scores


@dataclass(frozen=True, slots=True)
class View:
    """All numbers of one choice of patients.

    Parameters
    ----------
    name
        Which patients, in words.
    items, patients
        How many.
    scores
        Every class counts for itself.
    two_class
        Any abnormal class counts for any other.
    auroc
        Normal against abnormal, by the probability of not being normal.
    confusion
        [classes][classes] counts; rows are true classes.
    calibration_error
        Expected calibration error of the top probability.
    reliability
        Share of items, mean confidence and accuracy in ten bins of the top probability.
    classes, devices, sites, runs
        The tables; ``runs`` is empty where there is only one.
    """

    name: str
    items: int
    patients: int
    scores: Scores
    two_class: Scores
    auroc: Interval
    confusion: tuple[tuple[int, ...], ...]
    calibration_error: float
    reliability: tuple[tuple[float, ...], ...]
    classes: tuple[ClassRow, ...]
    devices: tuple[GroupRow, ...]
    sites: tuple[GroupRow, ...]
    runs: tuple[GroupRow, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Measured results and the rules under which they were measured.

    Parameters
    ----------
    subject
        What was measured: a model or a run.
    data
        On what: data set and part.
    protocol
        How the measured weights were chosen; numbers of different protocols do not compare.
    classes, normal
        Class names and the index of the normal one.
    views
        All patients first, then without those that were asked to be left out.
    resamples, seed, level
        Of the patient bootstrap.
    notes
        What a reader must know besides the numbers.
    """

    subject: str
    data: str
    protocol: Protocol
    classes: tuple[str, ...]
    normal: int
    views: tuple[View, ...]
    resamples: int
    seed: int
    level: float
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``four_class`` (or ``two_class``, ``3_class`` …): what every class for itself is called."""
        return {2: "two_class", 4: "four_class"}.get(len(self.classes), f"{len(self.classes)}_class")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; None stands for what could not be computed."""
        from resp.evaluate.tables import evaluation_dict

        return evaluation_dict(self)

    def text(self) -> str:
        """Return the tables as text."""
        from resp.evaluate.tables import evaluation_text

        return evaluation_text(self)
