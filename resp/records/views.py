"""What the records hand out: frozen values with times in UTC, no tables and no connection behind them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Generic, Literal, TypeVar

from resp.score.schema import Report

Row = TypeVar("Row")
State = Literal["waiting", "working", "scored", "abstained", "failed"]
Only = Literal["all", "unread", "abstained", "failed", "waiting"]
ReviewKind = Literal["correction", "comment", "signature"]


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list; ``total`` is how many the whole list has, ``offset`` how many stand before these."""

    rows: tuple[Row, ...]
    total: int
    limit: int
    offset: int

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def more(self) -> bool:
        """Whether rows follow."""
        return self.offset + len(self.rows) < self.total


@dataclass(frozen=True, slots=True)
class PatientRow:
    """A patient in a list.

    ``key`` is the clinic's own; ``last_heard_at`` is when the newest recording was made, None without one. The counts:
    ``recordings`` all of them; ``unread`` have a result that nobody has marked as read; ``abstained``, ``failed`` and
    ``waiting`` (in the queue or being scored) by state; ``abnormal`` where a cycle that stands now, after corrections,
    or the model's finding for the recording is another than normal.
    """

    id: int
    key: str
    added_at: datetime
    last_heard_at: datetime | None
    recordings: int
    unread: int
    abstained: int
    failed: int
    waiting: int
    abnormal: int


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A recording in a list.

    ``state``, ``label``, ``p_abnormal`` and ``reason`` are those of the newest result (a failure does not hide an
    earlier result); ``model`` is whose that is. ``label`` and ``p_abnormal`` are what the model said; ``corrected``
    tells that a person has said otherwise, and ``abnormal`` is what stands now (None: not known). ``recorded_at`` is
    None where nobody said it. ``signed_by`` is the name of the person whose signature stands. ``already`` is True only
    in the answer of `Desk.add_recording`: the patient had this very sound, nothing was added.
    """

    id: int
    patient_id: int | None
    patient_key: str | None
    file_name: str
    site: str | None
    recorded_at: datetime | None
    added_at: datetime
    visit: date
    sha256: str
    size: int
    duration_s: float | None
    state: State
    label: str | None
    p_abnormal: float | None
    reason: str | None
    unread: bool
    signed_by: str | None
    signed_at: datetime | None
    model: str | None = None
    corrected: bool = False
    abnormal: bool | None = None
    already: bool = False

    @property
    def heard_at(self) -> datetime:
        """When it was recorded, as far as known: otherwise when it was added."""
        return self.recorded_at or self.added_at


@dataclass(frozen=True, slots=True)
class CorrectedCycle:
    """A breath cycle as a person says it is: in seconds; ``label`` None leaves open what is heard."""

    start_s: float
    end_s: float
    label: str | None


@dataclass(frozen=True, slots=True)
class CurrentCycle:
    """A breath cycle as it stands now.

    ``corrected`` is True where it is not just what the model of the newest report said; ``model_label`` and
    ``probabilities`` are the model's for the same stretch of sound (to 10 ms), None and empty where it has none.
    """

    start_s: float
    end_s: float
    label: str | None
    corrected: bool = False
    model_label: str | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A result as it was kept; ``model`` is the name of the model, None where none was reached."""

    id: int
    report: Report
    model: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """Something a person said of a recording; never changed.

    ``report_id`` is the result that was before them. A correction has the full list of ``cycles``. A signature has
    ``signs``: the correction that was signed, None where the model's cycles were signed as they were.
    """

    id: int
    recording_id: int
    kind: ReviewKind
    by: str
    by_name: str
    role: str
    at: datetime
    comment: str
    report_id: int | None
    cycles: tuple[CorrectedCycle, ...] | None = None
    signs: int | None = None


@dataclass(frozen=True, slots=True)
class RecordingDetail:
    """A recording with all that was said of it.

    ``reports`` the newest first; ``cycles`` as they stand now; ``reviews`` all, oldest first; ``pending`` the models
    (None: the default one) that are still to score it.
    """

    row: RecordingRow
    reports: tuple[StoredReport, ...]
    cycles: tuple[CurrentCycle, ...]
    reviews: tuple[Review, ...]
    pending: tuple[str | None, ...] = ()

    @property
    def report(self) -> StoredReport | None:
        """The newest result that is no failure; the newest failure where there are only such; None without any."""
        return next((stored for stored in self.reports if stored.report.status != "failed"), None) or next(
            iter(self.reports), None
        )

    @property
    def newest_by_model(self) -> dict[str, StoredReport]:
        """The newest result of each model, the newest first: what a comparison shows."""
        newest: dict[str, StoredReport] = {}
        for stored in self.reports:
            if stored.model is not None:
                newest.setdefault(stored.model, stored)
        return newest

    @property
    def correction(self) -> Review | None:
        """The correction that stands."""
        return next((review for review in reversed(self.reviews) if review.kind == "correction"), None)

    @property
    def signature(self) -> Review | None:
        """The signature that stands: nothing was corrected since, and what was signed is what stands.

        A newer result is not what was signed, unless a correction stands before both.
        """
        for review in reversed(self.reviews):
            if review.kind == "correction":
                return None
            if review.kind == "signature":
                standing = self.report.id if self.report else None
                return review if review.signs is not None or review.report_id == standing else None
        return None


@dataclass(frozen=True, slots=True)
class Visit:
    """The recordings of a patient of one day, in the order in which they were made."""

    day: date
    recordings: tuple[RecordingRow, ...]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what: ``subject`` such as ``recording 12``; ``details`` hold no patient's key and no comment."""

    id: int
    at: datetime
    who: str
    who_name: str
    role: str
    clinic: str
    action: str
    subject: str
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Job:
    """A recording to be scored by a worker that holds the lease.

    ``model`` None is the worker's default model. ``attempt`` counts from 1.
    """

    id: int
    recording_id: int
    sha256: str
    model: str | None
    attempt: int
    worker: str
    file_name: str
    site: str | None = None
    recorded_at: datetime | None = None
    patient_key: str | None = None


@dataclass(frozen=True, slots=True)
class QueueState:
    """How much is to be done, and since when the oldest waits."""

    waiting: int
    working: int
    oldest_waiting_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrainingSetSummary:
    """What was written as a training set; ``left_out`` says of what was not written why, each a sentence."""

    folder: Path
    patients: int
    recordings: int
    cycles: int
    labels: Mapping[str, int]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went with a patient or a recording; ``sounds`` counts stored sounds that nobody else had."""

    recordings: int
    reports: int
    reviews: int
    sounds: int
