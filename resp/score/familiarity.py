"""Is it a lung sound that the model knows? The answer, its words, and what is withheld where it is not."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.audio.measures import Spectrum, spectrum
from resp.models.familiarity import LUNG, Familiarity
from resp.score.errors import ScoreError
from resp.score.schema import FamiliarityResult, Segment, Stretch, Summary

# Kinds whose name alone would read oddly behind "sounds like".
_WORDS = {"animal": "an animal", "environment": "the surroundings", "heart": "a heart without a lung"}


def recognise(
    familiarity: Familiarity,
    pooled: NDArray[Any],
    durations_s: Sequence[float],
    waveform: NDArray[np.float32],
    rate_hz: int,
) -> FamiliarityResult:
    """Judge a recording.

    Parameters
    ----------
    familiarity
        The model's.
    pooled
        [segments, channels] the feature of each segment.
    durations_s
        [segments] their weights in the recording's feature.
    waveform
        float32 [time], the recording as the network hears it.
    rate_hz
        Of the waveform.

    Raises
    ------
    ScoreError
        The network's features have another number of channels than those that the model's configuration describes.
    """
    check_channels(familiarity, pooled.shape[1])
    feature = np.average(pooled.astype(np.float64), axis=0, weights=durations_s)
    return recognise_feature(familiarity, feature, spectrum(waveform, rate_hz) if familiarity.spectrum else None)


def check_channels(familiarity: Familiarity, channels: int) -> None:
    """Refuse features of another number of channels than those that the model's configuration describes.

    Raises
    ------
    ScoreError
        They are of another network.
    """
    if channels != familiarity.distance.channels:
        raise ScoreError(
            f"stage {familiarity.stage!r} has {channels} channels, and the model's familiarity was fitted on "
            f"{familiarity.distance.channels}; fit it anew on this network"
        )


def recognise_feature(
    familiarity: Familiarity, feature: NDArray[np.float64], measured: Spectrum | None
) -> FamiliarityResult:
    """Judge a recording by its feature [channels] and, where that was learned, by its spectrum."""
    judged = familiarity.judge(feature)
    shape = familiarity.spectrum
    levels = shape.levels(measured) if shape and measured else None
    return FamiliarityResult(
        verdict=judged.verdict,
        distance=judged.distance,
        limit=familiarity.limit,
        far_limit=familiarity.far_limit,
        kind=judged.kind,
        kinds={name: min(1.0, max(0.0, share)) for name, share in judged.kinds.items()},
        spectrum_distance=shape.distance(levels) if shape and levels is not None else None,
        spectrum_limit=shape.limit if shape else None,
        spectrum_differences=shape.differences(levels) if shape and levels is not None else "",
    )


def refusal(result: FamiliarityResult) -> str | None:
    """Return why a recording is refused, or None where it is not."""
    if result.verdict != "not_lung":
        return None
    if result.kind is None or result.kind == LUNG:
        like = "unlike all that it learned from"
    else:
        like = f"sounds like {_WORDS.get(result.kind, result.kind)}"
    return f"does not sound like a lung sound this model knows ({like})"


def warnings(result: FamiliarityResult, devices: Sequence[str]) -> Iterator[str]:
    """Yield what a reader of a recording that is not refused should know.

    Parameters
    ----------
    result
        What was recognised.
    devices
        Those that the model was trained on.
    """
    if result.verdict == "not_lung":
        return
    off = (
        result.spectrum_distance is not None
        and result.spectrum_limit is not None
        and result.spectrum_distance > result.spectrum_limit
    )
    if off:
        # Of a device that it knows, too: by another filter, or through another recorder.
        known = f" (by {', '.join(devices)})" if devices else ""
        known += f": {result.spectrum_differences}" if result.spectrum_differences else ""
        yield f"its spectrum is unlike the recordings the model was trained on{known}; probabilities may be off"
    if result.verdict == "unfamiliar":
        yield (
            "it sounds unlike the recordings the model learned from "
            f"(distance {result.distance:.1f}, usual up to {result.limit:.1f}): its probabilities may be off"
        )


def withhold(segments: Sequence[Segment], reason: str) -> tuple[Segment, ...]:
    """Return segments without label and prediction set; their probabilities stay, for whoever asks what they were."""
    return tuple(
        segment.model_copy(update={"label": None, "prediction_set": (), "abstained": reason}) for segment in segments
    )


def withhold_summary(summary: Summary) -> Summary:
    """Return a summary without label, prediction set and breathing rate, which only a lung sound has."""
    counts = summary.segment_counts
    none = dict.fromkeys((name for name in counts if name != "abstained"), 0)
    return summary.model_copy(
        update={
            "label": None,
            "prediction_set": (),
            "breaths_per_min": None,
            "breaths_interval": None,
            "segment_counts": {**none, "abstained": sum(counts.values())},
        }
    )


def withhold_stretch(stretch: Stretch, reason: str) -> Stretch:
    """Return a stretch of a long recording without what `withhold_summary` withholds."""
    return stretch.model_copy(update={"summary": withhold_summary(stretch.summary), "abstained": reason})
