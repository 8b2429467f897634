"""From segments to the recording, and from recordings to the sites of a patient."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from resp.evaluate.predicting import join_windows
from resp.models.config import ModelConfig
from resp.score.confidence import abstention, calibrate, prediction_set
from resp.score.schema import Probability, Report, Segment, Summary

Floats = NDArray[np.float64]

NORMAL = "normal"


class SiteSummary(BaseModel):
    """What the recordings of one body site say together.

    Parameters
    ----------
    body_site
        The site, or None for recordings whose site is unknown.
    recordings, scored
        How many recordings there are, and how many of them got probabilities and a label.
    label
        The most probable class, or None where no recording was scored.
    probabilities
        Duration-weighted mean over the scored recordings; empty where there is none.
    p_abnormal
        One minus the probability of ``normal``, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    body_site: str | None
    recordings: int
    scored: int
    label: str | None
    probabilities: dict[str, Probability]
    p_abnormal: Probability | None


class PatientSummary(BaseModel):
    """The sites of one patient; ``patient_key`` is None for recordings whose patient is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient_key: str | None
    sites: tuple[SiteSummary, ...]


def summarise(
    segments: Sequence[Segment],
    logits: Floats,
    config: ModelConfig,
    breaths_per_min: float | None = None,
    breaths_interval: tuple[float, float] | None = None,
    *,
    device: str | None = None,
) -> tuple[Summary, str | None]:
    """Return the recording's summary, and why it has no label where it has none.

    Parameters
    ----------
    segments
        At least one, with their probabilities.
    logits
        [segments, classes], before calibration.
    config
        The model's: its classes, calibration, and how it summarises.
    breaths_per_min, breaths_interval
        Breathing rate and its 95 % interval, where they are known.
    device
        What it was recorded with, where that is known.

    Notes
    -----
    Segments are joined before the temperature, which is fitted on joined ones (pooling, then calibrating: Rahaman &
    Thiery, "Uncertainty quantification and deep ensembles", NeurIPS 2021). Where it is not 1, the recording's
    probabilities are therefore not the mean of its segments'.
    """
    lengths_s = np.array([segment.end_s - segment.start_s for segment in segments])
    labels = Counter(segment.label or "abstained" for segment in segments)
    return summarise_logits(logits, lengths_s, labels, config, breaths_per_min, breaths_interval, device=device)


def summarise_logits(
    logits: Floats,
    lengths_s: Floats,
    labels: Counter[str],
    config: ModelConfig,
    breaths_per_min: float | None = None,
    breaths_interval: tuple[float, float] | None = None,
    *,
    device: str | None = None,
) -> tuple[Summary, str | None]:
    """Return what `summarise` returns, of segments that are known by their numbers alone.

    Parameters
    ----------
    logits, lengths_s
        [segments, classes] before calibration, and [segments] in seconds.
    labels
        How many segments have which label, and how many none (``abstained``).
    config, breaths_per_min, breaths_interval, device
        See `summarise`.
    """
    joined = join_windows(logits, config.clip.summary, config.task, lengths_s)
    probabilities = calibrate(joined, config.calibration, config.task, device)
    reason = abstention(probabilities, config.classes, config.calibration)
    named = as_dict(probabilities, config.classes)
    summary = Summary(
        label=None if reason else config.classes[int(np.argmax(probabilities))],
        probabilities=named,
        p_abnormal=_abnormal(named),
        prediction_set=prediction_set(probabilities, config.classes, config.calibration),
        segment_counts={
            **{name: labels[name] for name in config.classes},
            **({"abstained": labels["abstained"]} if labels["abstained"] else {}),
        },
        breaths_per_min=breaths_per_min,
        breaths_interval=breaths_interval,
    )
    return summary, reason


def summarise_sites(reports: Iterable[Report]) -> tuple[PatientSummary, ...]:
    """Return what the recordings of each patient say, site by site.

    Parameters
    ----------
    reports
        Of any patients, in any order, of one model. Recordings that failed or were abstained on are counted
        but weigh nothing.

    Returns
    -------
    tuple of PatientSummary
        Patients and their sites in the order in which they first appear.
    """
    patients: dict[str | None, dict[str | None, list[Report]]] = {}
    for report in reports:
        sites = patients.setdefault(report.recording.patient_key, {})
        sites.setdefault(report.recording.body_site, []).append(report)
    return tuple(
        PatientSummary(patient_key=patient, sites=tuple(_site(name, group) for name, group in sites.items()))
        for patient, sites in patients.items()
    )


def as_dict(probabilities: Floats, classes: Sequence[str]) -> dict[str, float]:
    """Return class → probability; rounding errors beyond 0 and 1 are cut."""
    return {name: float(np.clip(value, 0, 1)) for name, value in zip(classes, probabilities, strict=True)}


def _site(body_site: str | None, reports: Sequence[Report]) -> SiteSummary:
    scored = [report for report in reports if report.status == "scored" and report.summary is not None]
    weights = [report.recording.duration_s or 0.0 for report in scored]
    total = sum(weights)
    probabilities: dict[str, float] = {}
    for report, weight in zip(scored, weights, strict=True):
        share = weight / total if total > 0 else 1 / len(scored)
        for name, value in report.summary.probabilities.items() if report.summary else ():
            probabilities[name] = probabilities.get(name, 0.0) + share * value
    probabilities = {name: min(1.0, value) for name, value in probabilities.items()}
    return SiteSummary(
        body_site=body_site,
        recordings=len(reports),
        scored=len(scored),
        label=max(probabilities, key=lambda name: probabilities[name]) if probabilities else None,
        probabilities=probabilities,
        p_abnormal=_abnormal(probabilities),
    )


def _abnormal(probabilities: dict[str, float]) -> float | None:
    return 1 - probabilities[NORMAL] if NORMAL in probabilities else None
