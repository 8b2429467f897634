"""The Report contract: one versioned, typed, serialisable value that everything downstream reads."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from resp.audio.quality import SignalQuality
from resp.models.familiarity import FamiliarityVerdict

SCHEMA_VERSION: Literal["1"] = "1"
DISCLAIMER = "Decision support for research and education; not a medical device."

Probability = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
Status = Literal["scored", "abstained", "failed"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordingIdentity(_Frozen):
    """Which recording was scored; ``channel`` says how its channels became one."""

    file: str
    sha256: str | None = None
    duration_s: Seconds | None = None
    rate_hz: int | None = None
    channels: int | None = None
    channel: str | None = None
    body_site: str | None = None
    device: str | None = None
    patient_key: str | None = None
    started_at: datetime | None = None
    synthetic: bool = False


class Segment(_Frozen):
    """One breath cycle or window.

    ``probabilities`` maps class → calibrated probability and sums to one, unless the model gives several labels
    at once (then each class is a yes or no of its own, and ``label`` the most probable one); ``prediction_set``
    holds the classes that cannot be ruled out by the threshold that the model was calibrated with: of a model that was
    calibrated on whole recordings, as the one that ships, it promises nothing of a single segment; ``abstained`` is the
    reason where no label is given.
    """

    kind: Literal["annotated_cycle", "cycle", "window"]
    start_s: Seconds
    end_s: Seconds
    probabilities: dict[str, Probability]
    label: str | None
    prediction_set: tuple[str, ...] = ()
    abstained: str | None = None


class Summary(_Frozen):
    """What the whole recording says.

    ``p_abnormal`` is one minus the probability of ``normal``, None where the model has no such class;
    ``segment_counts`` counts labels over segments, those without one under ``abstained``;
    ``breaths_per_min`` is None where no breathing envelope was found, and ``breaths_interval`` is its 95 %
    interval, lowest and highest.
    """

    label: str | None
    probabilities: dict[str, Probability]
    p_abnormal: Probability | None
    prediction_set: tuple[str, ...] = ()
    segment_counts: dict[str, int]
    breaths_per_min: float | None = None
    breaths_interval: tuple[float, float] | None = None


class Stretch(_Frozen):
    """What a stretch of a long recording says; ``abstained`` is the reason where it has no label."""

    start_s: Seconds
    end_s: Seconds
    summary: Summary
    abstained: str | None = None


class FamiliarityResult(_Frozen):
    """Whether a recording sounds like those that the model learned from.

    ``verdict`` is ``familiar``, ``unfamiliar`` (a lung sound, but unlike those: a warning) or ``not_lung`` (refused).
    ``distance`` is that of the network's feature from those of lung sounds, about 1 for these; ``limit`` and
    ``far_limit`` are where warning and refusal begin. ``kind`` is what it sounds like most, ``kinds`` the probability
    of each kind; ``spectrum_distance`` beyond ``spectrum_limit`` tells another device, and ``spectrum_differences``
    in which bands. None and empty is what the model was not taught.
    """

    verdict: FamiliarityVerdict
    distance: Annotated[float, Field(ge=0)]
    limit: float
    far_limit: float
    kind: str | None = None
    kinds: dict[str, Probability] = {}
    spectrum_distance: float | None = None
    spectrum_limit: float | None = None
    spectrum_differences: str = ""


class ModelIdentity(_Frozen):
    """Which model spoke: name, version, checksum of its weights and configuration, and its card.

    ``engine`` ran it and ``precision`` is what that computed in; None in reports of before resp told them.
    """

    name: str
    version: str
    sha256: str
    card: str
    engine: str | None = None
    precision: str | None = None


class Report(_Frozen):
    """What resp says of one recording.

    A failure is a Report too: the recording's name, the reason and nothing else. An abstention keeps all
    that was measured but gives no label.

    A long recording is scored in stretches of some minutes, each with a summary of its own in ``stretches``
    (empty otherwise). Beyond an hour ``segments`` is empty, so that a report stays small: what they are counted in
    is ``summary.segment_counts``, and they themselves are rows of the table at the level of segments.
    """

    schema_version: Literal["1"] = SCHEMA_VERSION
    status: Status
    reason: str | None = None
    recording: RecordingIdentity
    quality: SignalQuality | None = None
    segments: tuple[Segment, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    summary: Summary | None = None
    familiarity: FamiliarityResult | None = None
    model: ModelIdentity | None = None
    warnings: tuple[str, ...] = ()
    disclaimer: str = DISCLAIMER

    @classmethod
    def failure(cls, file: str, reason: str, **identity: Any) -> "Report":
        """Return the report of a recording that could not be scored."""
        return cls(status="failed", reason=reason, recording=RecordingIdentity(file=file, **identity))

    @property
    def segment_count(self) -> int:
        """How many segments were scored, whether or not ``segments`` holds them."""
        return sum(self.summary.segment_counts.values()) if self.summary else len(self.segments)

    @property
    def refused(self) -> bool:
        """Whether it is no lung sound. Probabilities are then not for reading: a dog that is probably no wheeze."""
        return self.familiarity is not None and self.familiarity.verdict == "not_lung"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return self.model_dump(mode="json")
