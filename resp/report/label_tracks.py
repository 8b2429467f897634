"""Cycles, or the findings of a batch, as files that audio editors open beside the sound.

==========  ===========================================================================================
Audacity    label track: a line a cycle, ``start<TAB>end<TAB>label``, times in s
            (https://manual.audacityteam.org/man/importing_and_exporting_labels.html)
Raven       selection table: tab-separated with a header, a selection a cycle, times in s, bounds in Hz
            (Raven Pro and Raven Lite: File, Open Selection Table)
==========  ===========================================================================================

Labels are the data set's own words, as the model gives them; ``?`` is a cycle without a finding, ``*`` one that a
clinician corrected.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from resp.report.heard import Cycle, HeardRecording
from resp.score.findings import Finding

_SELECTION = (
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Begin File",
)
RAVEN_COLUMNS = (*_SELECTION, "Finding", "Corrected", "Model Finding", "P Abnormal")
RAVEN_FINDING_COLUMNS = (*_SELECTION, "Finding", "P Highest", "P Mean", "Segments")
# What a selection encloses where nothing says how far the network hears: where lung sounds are.
_TOP_HZ = 2000.0


def model_cycles(heard: HeardRecording) -> tuple[Cycle, ...]:
    """Return the cycles as the model said them, whatever was corrected."""
    return tuple(
        Cycle(one.start_s, one.end_s, one.label, one) for one in (heard.report.segments if heard.report else ())
    )


def audacity_labels(cycles: Sequence[Cycle]) -> bytes:
    """Return a label track.

    Parameters
    ----------
    cycles
        Of one recording; such as `HeardRecording.cycles`.
    """
    return _track((one.start_s, one.end_s, _label(one)) for one in _in_time(cycles))


def audacity_findings(findings: Sequence[Finding]) -> bytes:
    """Return a label track of findings in order of time, each with its highest probability: ``crackle 0.83``."""
    return _track((one.start_s, one.end_s, f"{_one_line(one.label)} {one.p_highest:.2f}") for one in findings)


def raven_table(cycles: Sequence[Cycle], file_name: str, *, rate_hz: int | None = None) -> bytes:
    """Return a selection table.

    Parameters
    ----------
    cycles
        Of one recording.
    file_name
        Of its sound, as it lies beside the table.
    rate_hz
        Of its sound, where it is known: no selection reaches beyond half of it.
    """
    rows = (
        (
            one.start_s,
            one.end_s,
            _one_line(one.label or "?"),
            "yes" if one.corrected else "no",
            _one_line((one.segment.label or "?") if one.segment else ""),
            "" if one.p_abnormal is None else f"{one.p_abnormal:.4f}",
        )
        for one in _in_time(cycles)
    )
    return _selections(RAVEN_COLUMNS, rows, file_name, rate_hz)


def raven_findings(findings: Sequence[Finding], file_name: str, *, rate_hz: int | None = None) -> bytes:
    """Return a selection table of findings in order of time; see `raven_table`."""
    rows = (
        (
            one.start_s,
            one.end_s,
            _one_line(one.label),
            f"{one.p_highest:.4f}",
            f"{one.p_mean:.4f}",
            str(one.segments),
        )
        for one in findings
    )
    return _selections(RAVEN_FINDING_COLUMNS, rows, file_name, rate_hz)


def _track(labels: Iterable[tuple[float, float, str]]) -> bytes:
    return "".join(f"{start_s:.6f}\t{end_s:.6f}\t{label}\n" for start_s, end_s, label in labels).encode()


def _selections(columns: Sequence[str], rows: Iterable[tuple[Any, ...]], file_name: str, rate_hz: int | None) -> bytes:
    """Return a selection table; a row is where it begins and ends in s, and its own columns' texts."""
    top_hz = min(_TOP_HZ, rate_hz / 2) if rate_hz else _TOP_HZ
    lines = ["\t".join(columns)]
    for number, (start_s, end_s, *own) in enumerate(rows, 1):
        where = (f"{start_s:.6f}", f"{end_s:.6f}", "0.000", f"{top_hz:.3f}", _one_line(file_name))
        lines.append("\t".join((str(number), "Spectrogram 1", "1", *where, *own)))
    return "".join(f"{line}\n" for line in lines).encode()


def _label(cycle: Cycle) -> str:
    """Return a label such as ``crackle 0.83``: the probability of any abnormal sound, where the model said one."""
    told = _one_line(cycle.label or "?") + ("*" if cycle.corrected else "")
    return told if cycle.p_abnormal is None else f"{told} {cycle.p_abnormal:.2f}"


def _in_time(cycles: Sequence[Cycle]) -> list[Cycle]:
    return sorted(cycles, key=lambda one: (one.start_s, one.end_s))


def _one_line(told: str) -> str:
    """Tabs and line ends divide the file."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in told).split())
