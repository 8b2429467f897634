"""The results of an evaluation, and the protocols under which they come about."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from resp.evaluate.bootstrap import Interval

if TYPE_CHECKING:
    from resp.models.task import Task

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
class RunRow:
    """How the items of one run fared, of a task without a normal class; ``numbers`` are those of the task."""

    name: str
    items: int
    sources: int
    numbers: dict[str, Interval]


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
        Class names, and the index of the normal one of a respiratory task; None of any other.
    views
        All patients first, then without those that were asked to be left out; of the task's kind:
        `resp.evaluate.respiratory.view.View`, `resp.evaluate.single_label.view.SingleLabelView` or
        `resp.evaluate.multi_label.view.MultiLabelView`.
    resamples, seed, level
        Of the patient bootstrap.
    notes
        What a reader must know besides the numbers.
    task
        What is predicted.
    """

    subject: str
    data: str
    protocol: Protocol
    classes: tuple[str, ...]
    normal: int | None
    views: tuple[Any, ...]
    resamples: int
    seed: int
    level: float
    notes: tuple[str, ...] = ()
    task: "Task" = "respiratory"

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
