"""Cycles as files that audio editors open beside the sound.

==========  ===========================================================================================
Audacity    label track: a line a cycle, ``start<TAB>end<TAB>label``, times in s
            (https://manual.audacityteam.org/man/importing_and_exporting_labels.html)
Raven       selection table: tab-separated with a header, a selection a cycle, times in s, bounds in Hz
            (Raven Pro and Raven Lite: File, Open Selection Table)
==========  ===========================================================================================

Labels are the data set's own words, as the model gives them; ``?`` is a cycle without a finding, ``*`` one that a
clinician corrected.
"""

from collections.abc import Sequence

from resp.report.heard import Cycle, HeardRecording

RAVEN_COLUMNS = (
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Begin File",
    "Finding",
    "Corrected",
    "Model Finding",
    "P Abnormal",
)
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
    lines = [f"{one.start_s:.6f}\t{one.end_s:.6f}\t{_label(one)}" for one in _in_time(cycles)]
    return "".join(f"{line}\n" for line in lines).encode()


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
    top_hz = min(_TOP_HZ, rate_hz / 2) if rate_hz else _TOP_HZ
    rows = [RAVEN_COLUMNS]
    for number, one in enumerate(_in_time(cycles), 1):
        rows.append(
            (
                str(number),
                "Spectrogram 1",
                "1",
                f"{one.start_s:.6f}",
                f"{one.end_s:.6f}",
                "0.000",
                f"{top_hz:.3f}",
                _one_line(file_name),
                _one_line(one.label or "?"),
                "yes" if one.corrected else "no",
                _one_line((one.segment.label or "?") if one.segment else ""),
                "" if one.p_abnormal is None else f"{one.p_abnormal:.4f}",
            )
        )
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def _label(cycle: Cycle) -> str:
    """Return a label such as ``crackle 0.83``: the probability of any abnormal sound, where the model said one."""
    told = _one_line(cycle.label or "?") + ("*" if cycle.corrected else "")
    return told if cycle.p_abnormal is None else f"{told} {cycle.p_abnormal:.2f}"


def _in_time(cycles: Sequence[Cycle]) -> list[Cycle]:
    return sorted(cycles, key=lambda one: (one.start_s, one.end_s))


def _one_line(told: str) -> str:
    """Tabs and line ends divide the file."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in told).split())
