"""One recording on the page: quality before result, the sound before the number."""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

import resp
from resp.audio.quality import SignalQuality
from resp.score.schema import Report
from resp_page.curves import RANGE_DB, SLOPE_DB
from resp_page.explanation_view import choose_explanation, overlay, tell_explanation
from resp_page.picture import PLAYER, draw_picture
from resp_page.scoring import Scored
from resp_page.tables import chip, facts, known_facts, legend, probability_bars, segment_table, summary_words
from resp_page.words import KINDS, VERDICTS, finding, heading, measurement, plain

if TYPE_CHECKING:
    from resp.score import Scorer

_USUAL_TOP_HZ = 2000.0  # where lung sounds are


def show_recording(scored: Scored, scorer: "Scorer") -> None:
    """Draw one recording from top to bottom, in the order in which it should be read.

    Parameters
    ----------
    scored
        The recording and what was said of it.
    scorer
        What said it; asked again where the reason for a finding is wanted.
    """
    report = scored.report
    st.html(heading(report.recording.file))
    if report.recording.synthetic or (scored.recording and scored.recording.synthetic):
        st.info("Synthetic: a computer made this sound, no chest did.", icon=":material/graphic_eq:")
    if known := known_facts(report):
        st.caption(plain(known))
    if report.status == "failed":
        st.error(f"This recording could not be scored. {plain(report.reason or '')}", icon=":material/error:")
    if scored.recording is None:
        return
    _show_quality(report.quality or resp.audio.measure_quality(scored.recording))
    _show_sound(scored, scored.recording, scorer)
    if report.segments and not _refused(report):
        _show_segments(report)
    if report.status != "failed":
        _show_summary(report)


def _show_quality(quality: SignalQuality) -> None:
    st.subheader("Can it be judged?", anchor=False)
    show, icon = {
        "good": (st.success, ":material/check_circle:"),
        "limited": (st.warning, ":material/warning:"),
        "unusable": (st.error, ":material/block:"),
    }[quality.verdict]
    told = " ".join((*quality.reasons, *quality.notes))
    show(f"**{VERDICTS[quality.verdict]}.** {plain(told)}", icon=icon)
    with st.expander("Measurements"):
        numbers = quality.model_dump(exclude={"verdict", "reasons", "notes"})
        st.html(facts([measurement(name, value) for name, value in numbers.items()]))


def _show_sound(scored: Scored, recording: resp.Recording, scorer: "Scorer") -> None:
    report, key = scored.report, scored.key
    st.subheader("Sound", anchor=False)
    with st.container(key=PLAYER):
        st.audio(resp.audio.to_wav_bytes(recording, peak=0.9), format="audio/wav")
    top_hz = nyquist_hz = recording.rate_hz / 2
    if nyquist_hz > _USUAL_TOP_HZ:
        everything = st.toggle(f"Show all frequencies, up to {nyquist_hz / 1000:g} kHz", key=f"everything-{key}")
        top_hz = nyquist_hz if everything else _USUAL_TOP_HZ
    if report.segments:
        st.html(legend(report.segments))
    why = choose_explanation(scored, scorer)
    draw_picture(
        recording,
        report.segments,
        top_hz=top_hz,
        key=f"picture-{key}-{top_hz:.0f}",
        overlay=overlay(why, recording.duration_s, top_hz) if why else None,
    )
    st.caption(
        "Played at an even loudness; click the picture to listen from there. Spectrogram: bright is loud, "
        f"{RANGE_DB:.0f} dB from black to white, high frequencies raised by {SLOPE_DB:.0f} dB an octave."
    )
    if why:
        tell_explanation(why)


def _show_segments(report: Report) -> None:
    kind = KINDS[report.segments[0].kind]
    st.subheader(f"{kind}s", anchor=False)
    st.html(segment_table(report.segments))


def _show_summary(report: Report) -> None:
    st.subheader("Summary of the recording", anchor=False)
    summary = report.summary
    label = summary.label if summary and report.status == "scored" else None
    st.html(f'<p class="resp-finding">{chip(label)}<small>{escape(summary_words(report))}</small></p>')
    if summary and not _refused(report):
        st.html(probability_bars(summary.probabilities))
        st.caption(_counted(report))
    if told := _not_yet_told(report):
        st.warning("\n\n".join(plain(warning) for warning in told), icon=":material/warning:")


def _refused(report: Report) -> bool:
    """Whether it is no lung sound: of a dog it would be a false comfort that it is probably no wheeze."""
    return report.familiarity is not None and report.familiarity.verdict == "not_lung"


def _not_yet_told(report: Report) -> list[str]:
    """Return the warnings that the quality above did not give already, as sentences."""
    reasons = report.quality.reasons if report.quality else ()
    new = [warning for warning in report.warnings if not any(reason in warning for reason in reasons)]
    return [warning[:1].upper() + warning[1:] for warning in new]


def _counted(report: Report) -> str:
    if report.summary is None or not report.segments:
        return ""
    kind = KINDS[report.segments[0].kind].lower()
    counted = report.summary.segment_counts.items()
    counts = ", ".join(f"{count} {finding(name).words.lower()}" for name, count in counted if count)
    rate, interval = report.summary.breaths_per_min, report.summary.breaths_interval
    within = f" ({interval[0]:.0f} to {interval[1]:.0f})" if interval else ""
    breathing = f" About {rate:.0f} breaths per minute{within}." if rate else ""
    return f"{len(report.segments)} {kind}{'s' if len(report.segments) > 1 else ''}: {counts}.{breathing}"
