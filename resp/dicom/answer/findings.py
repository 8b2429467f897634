"""A report laid out as a measurement report: which content item says what (PS3.16 TID 1500).

::

    Imaging Measurement Report (TID 1500)
      language, observer (resp, a device), procedure reported: auscultation
      Imaging Measurements
        Measurement Group (TID 1501) "recording": finding of the whole recording, probabilities, source, warnings
        Measurement Group "signal quality": verdict, reasons, what was measured
        Measurement Group "familiarity": whether the model knows such sounds
        Measurement Group "cycle 1" …: a finding and its time range in the source (TID 321), probabilities
      the report as JSON, to the last digit
"""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from resp.dicom.answer.items import (
    CONTEXT,
    MODIFIER,
    SELECTED,
    Item,
    WaveformReference,
    code,
    container,
    number,
    seconds,
    text,
)
from resp.dicom.body_sites import site_codes
from resp.dicom.codes import (
    AUSCULTATION,
    DECIBEL,
    FINDING,
    FINDING_SITE,
    HERTZ,
    NO_UNITS,
    PER_MINUTE,
    SECOND,
    SOURCE_OF_MEASUREMENT,
    Code,
    class_code,
    dcm,
    ours,
    sct,
)
from resp.dicom.errors import DicomError
from resp.dicom.instance import MANUFACTURER, MODEL_NAME
from resp.dicom.uids import derived_uid
from resp.score.schema import FamiliarityResult, ModelIdentity, Report, Segment, Summary

if TYPE_CHECKING:
    from resp.audio.quality import SignalQuality

TITLE = dcm("126000", "Imaging Measurement Report")
MEASUREMENTS = dcm("126010", "Imaging Measurements")
GROUP = dcm("125007", "Measurement Group")
REPORT_JSON = ours("report_json", "Report of resp as JSON")

_LANGUAGE = dcm("121049", "Language of Content Item and Descendants")
_ENGLISH = Code("en", "RFC5646", "English")
_OBSERVER_TYPE, _DEVICE = dcm("121005", "Observer Type"), dcm("121007", "Device")
_OBSERVER_UID, _OBSERVER_NAME = dcm("121012", "Device Observer UID"), dcm("121013", "Device Observer Name")
_OBSERVER_MAKER = dcm("121014", "Device Observer Manufacturer")
_PROCEDURE = dcm("121058", "Procedure reported")
_TRACKING, _TRACKING_UID = dcm("112039", "Tracking Identifier"), dcm("112040", "Tracking Unique Identifier")
_ALGORITHM, _VERSION = dcm("111001", "Algorithm Name"), dcm("111003", "Algorithm Version")
_PARAMETERS = dcm("111002", "Algorithm Parameters")
_PROBABILITY = dcm("122157", "Probability")
_BREATHS = sct("86290005", "Respiratory rate")
_DURATION = sct("103335007", "Duration")
_COMMENT = dcm("121106", "Comment")

_STATUS = ours("status", "Status of the report")
_STATUSES = {
    "scored": ours("scored", "Scored"),
    "abstained": ours("abstained", "No finding: abstained"),
    "failed": ours("failed", "No finding: the recording could not be scored"),
}
_NO_LABEL = ours("no_label", "No finding")
_REASON = ours("reason", "Reason for no finding")
_P_ABNORMAL = ours("p_abnormal", "Probability of any abnormal sound")
_NOT_RULED_OUT = ours("prediction_set", "Cannot be ruled out at the stated coverage")
_COUNT = ours("segment_count", "Number of cycles or windows")
_BREATHS_LOW = ours("breaths_low", "Respiratory rate, lower end of 95 % interval")
_BREATHS_HIGH = ours("breaths_high", "Respiratory rate, upper end of 95 % interval")
_WARNING, _BODY_SITE = ours("warning", "Warning"), ours("body_site", "Body site in words")
_RECORDER, _CHECKSUM = ours("device", "Recording device"), ours("sha256", "SHA-256 of the recording")
_CHANNEL, _SYNTHETIC = ours("channel", "Channel that was scored"), ours("synthetic", "Synthetic sound")
_YES = Code("373066001", "SCT", "Yes")
_SEGMENT_KIND = ours("segment_kind", "Kind of segment")
_SEGMENT_KINDS = {
    "annotated_cycle": ours("annotated_cycle", "Breath cycle, annotated by a person"),
    "cycle": ours("cycle", "Breath cycle"),
    "window": ours("window", "Window"),
}
_QUALITY, _QUALITY_REASON = ours("quality", "Signal quality"), ours("quality_reason", "Reason for the signal quality")
_QUALITY_NOTE = ours("quality_note", "Note on the signal")
_VERDICTS = {
    "good": ours("good", "Good"),
    "limited": ours("limited", "Limited: judge with care"),
    "unusable": ours("unusable", "Unusable: record again"),
}
_MEASURED = {
    "duration_s": (_DURATION, SECOND),
    "rate_hz": (ours("rate_hz", "Sampling rate"), HERTZ),
    "channels": (ours("channels", "Number of channels"), NO_UNITS),
    "level_dbfs": (ours("level_dbfs", "RMS level, relative to full scale"), DECIBEL),
    "peak_dbfs": (ours("peak_dbfs", "Peak level, relative to full scale"), DECIBEL),
    "clipping_share": (ours("clipping_share", "Share of clipped samples"), NO_UNITS),
    "silence_share": (ours("silence_share", "Share of silence"), NO_UNITS),
    "dropouts": (ours("dropouts", "Number of dropouts"), NO_UNITS),
    "dropout_s": (ours("dropout_s", "Length of all dropouts"), SECOND),
    "energy_above_2khz_share": (ours("share_above_2khz", "Share of energy above 2 kHz"), NO_UNITS),
    "energy_above_2khz_db": (ours("db_above_2khz", "Energy above 2 kHz, relative to all"), DECIBEL),
    "band_limit_hz": (ours("band_limit_hz", "Upper limit of the band"), HERTZ),
    "band_floor_db": (ours("band_floor_db", "Floor above the band, relative to its strongest part"), DECIBEL),
    "dc_offset": (ours("dc_offset", "Mean, as a share of full scale"), NO_UNITS),
    "noise_dbfs": (ours("noise_dbfs", "Background level, relative to full scale"), DECIBEL),
    "loudness_range_db": (ours("loudness_range", "Breath above background"), DECIBEL),
}
_FAMILIARITY = ours("familiarity", "Familiarity of the sound to the model")
_FAMILIARITIES = {
    "familiar": ours("familiar", "Familiar"),
    "unfamiliar": ours("unfamiliar", "Unfamiliar: unlike what the model learned from"),
    "not_lung": ours("not_lung", "Not a lung sound"),
}
_SOUNDS_LIKE = ours("sounds_like", "Sounds most like")
_DISTANCES = {
    "distance": ours("distance", "Distance from known lung sounds"),
    "limit": ours("limit", "Distance at which a warning begins"),
    "far_limit": ours("far_limit", "Distance at which refusal begins"),
    "spectrum_distance": ours("spectrum_dist", "Distance from known spectra"),
    "spectrum_limit": ours("spectrum_limit", "Spectral distance at which a warning begins"),
}
_DIFFERENCES = ours("spectrum_diff", "Where the spectrum differs")


@dataclass(frozen=True, slots=True)
class _About:
    """What every group refers to: the source, the model, and a UID that stands for the report."""

    source: WaveformReference
    model: ModelIdentity | None
    uid: str


def lay_out(report: Report, source: WaveformReference) -> Item:
    """Return a report as content items.

    Parameters
    ----------
    report
        Any; a failed one has a group for the recording, with the reason.
    source
        The waveform that it is about.

    Raises
    ------
    DicomError
        A report that JSON cannot hold.
    """
    line = report_json(report)
    about = _About(source, report.model, derived_uid("report", source.sop_instance_uid, str(source.channels), line))
    groups = [_recording(report, about)]
    if report.quality:
        groups.append(_quality(report.quality, about))
    if report.familiarity:
        groups.append(_familiarity(report.familiarity, about))
    groups += [_segment(place, one, about) for place, one in enumerate(report.segments, start=1)]
    return Item(
        "CONTAINER",
        TITLE,
        None,
        "",
        (
            code(_LANGUAGE, _ENGLISH, MODIFIER),
            *_observer(report.model),
            code(_PROCEDURE, AUSCULTATION, MODIFIER),
            container(MEASUREMENTS, *groups),
            *text(REPORT_JSON, line),
        ),
    )


def report_json(report: Report) -> str:
    """Return a report as one line of JSON in ASCII, which no change of the character set can harm.

    Raises
    ------
    DicomError
        A number that JSON cannot hold.
    """
    line = json.dumps(report.to_dict(), ensure_ascii=True, separators=(",", ":"))
    if Report.model_validate(json.loads(line)) != report:
        raise DicomError("the report holds a number that is not finite; score the recording again")
    return line


def _observer(model: ModelIdentity | None) -> tuple[Item, ...]:
    """Say who observed: a device (TID 1001, 1002, 1004)."""
    uid = derived_uid("observer", model.sha256 if model else "none")
    return (
        code(_OBSERVER_TYPE, _DEVICE, CONTEXT),
        Item("UIDREF", _OBSERVER_UID, uid, CONTEXT),
        *text(_OBSERVER_NAME, MODEL_NAME, CONTEXT),
        *text(_OBSERVER_MAKER, MANUFACTURER, CONTEXT),
    )


def _group(name: str, about: _About, *items: Item) -> Item:
    """Return a measurement group (TID 1501): what it tracks, by which algorithm (TID 4019), and what was found."""
    return container(
        GROUP,
        *text(_TRACKING, name, CONTEXT),
        Item("UIDREF", _TRACKING_UID, derived_uid("group", about.uid, name), CONTEXT),
        *_algorithm(about.model),
        *items,
    )


def _algorithm(model: ModelIdentity | None) -> tuple[Item, ...]:
    if model is None:
        return ()
    return (
        *text(_ALGORITHM, model.name, MODIFIER),
        *text(_VERSION, model.version, MODIFIER),
        *text(_PARAMETERS, f"SHA-256 of weights and configuration: {model.sha256}", MODIFIER),
    )


def _recording(report: Report, about: _About) -> Item:
    known, summary = report.recording, report.summary
    return _group(
        "recording",
        about,
        *_sites(known.body_site),
        code(FINDING, _finding(summary.label if summary else None, report.status)),
        *text(_REASON, report.reason or ""),
        Item("WAVEFORM", SOURCE_OF_MEASUREMENT, about.source),
        *(_summary(summary) if summary else ()),
        code(_STATUS, _STATUSES[report.status]),
        *number(_DURATION, known.duration_s, SECOND),
        *text(_BODY_SITE, known.body_site or ""),
        *text(_RECORDER, known.device or ""),
        *text(_CHANNEL, known.channel or ""),
        *text(_CHECKSUM, known.sha256 or ""),
        *((code(_SYNTHETIC, _YES),) if known.synthetic else ()),
        *(item for warning in report.warnings for item in text(_WARNING, warning)),
        *text(_COMMENT, report.disclaimer),
    )


def _sites(body_site: str | None) -> tuple[Item, ...]:
    """Say where was listened: the place, and laterality and face of the chest as its modifiers."""
    coded = site_codes(body_site) if body_site else ()
    modifiers = tuple(code(concept, value, MODIFIER) for concept, value in coded if concept != FINDING_SITE)
    return tuple(code(concept, value, MODIFIER, *modifiers) for concept, value in coded if concept == FINDING_SITE)


def _finding(label: str | None, status: str) -> Code:
    if label is not None:
        return class_code(label)
    return _NO_LABEL if status == "scored" else _STATUSES[status]


def _summary(summary: Summary) -> tuple[Item, ...]:
    return (
        *_probabilities(summary.probabilities),
        *number(_P_ABNORMAL, summary.p_abnormal, NO_UNITS),
        *(code(_NOT_RULED_OUT, class_code(name)) for name in summary.prediction_set),
        *(
            item
            for name, count in summary.segment_counts.items()
            for item in number(
                _COUNT,
                count,
                NO_UNITS,
                code(FINDING, _STATUSES["abstained"] if name == "abstained" else class_code(name), MODIFIER),
            )
        ),
        *number(_BREATHS, summary.breaths_per_min, PER_MINUTE),
        *(
            item
            for concept, end in zip((_BREATHS_LOW, _BREATHS_HIGH), summary.breaths_interval or (), strict=False)
            for item in number(concept, end, PER_MINUTE)
        ),
    )


def _probabilities(probabilities: dict[str, float]) -> tuple[Item, ...]:
    return tuple(
        item
        for name, probability in probabilities.items()
        for item in number(_PROBABILITY, probability, NO_UNITS, code(FINDING, class_code(name), MODIFIER))
    )


def _segment(place: int, segment: Segment, about: _About) -> Item:
    where = seconds(
        SOURCE_OF_MEASUREMENT,
        segment.start_s,
        segment.end_s,
        Item("WAVEFORM", SOURCE_OF_MEASUREMENT, about.source, SELECTED),
    )
    status = "abstained" if segment.abstained else "scored"
    return _group(
        f"{'window' if segment.kind == 'window' else 'cycle'} {place}",
        about,
        Item("CODE", FINDING, _finding(segment.label, status), children=(where,)),
        *text(_REASON, segment.abstained or ""),
        *_probabilities(segment.probabilities),
        *(code(_NOT_RULED_OUT, class_code(name)) for name in segment.prediction_set),
        code(_SEGMENT_KIND, _SEGMENT_KINDS[segment.kind]),
    )


def _quality(quality: "SignalQuality", about: _About) -> Item:
    # Measured, not predicted: no model had a part in it.
    return _group(
        "signal quality",
        replace(about, model=None),
        *(
            item
            for field, (concept, unit) in _MEASURED.items()
            for item in number(concept, getattr(quality, field), unit)
        ),
        code(_QUALITY, _VERDICTS[quality.verdict]),
        *(item for reason in quality.reasons for item in text(_QUALITY_REASON, reason)),
        *(item for note in quality.notes for item in text(_QUALITY_NOTE, note)),
    )


def _familiarity(known: FamiliarityResult, about: _About) -> Item:
    return _group(
        "familiarity",
        about,
        *(item for field, concept in _DISTANCES.items() for item in number(concept, getattr(known, field), NO_UNITS)),
        *(
            item
            for name, probability in known.kinds.items()
            for item in number(
                _PROBABILITY, probability, NO_UNITS, code(_SOUNDS_LIKE, ours(name, name.replace("_", " ")), MODIFIER)
            )
        ),
        code(_FAMILIARITY, _FAMILIARITIES[known.verdict]),
        *((code(_SOUNDS_LIKE, ours(known.kind, known.kind.replace("_", " "))),) if known.kind else ()),
        *text(_DIFFERENCES, known.spectrum_differences),
    )


__all__ = ["GROUP", "MEASUREMENTS", "REPORT_JSON", "TITLE", "lay_out", "report_json"]
