"""The sounds of findings, each a WAV file of its own with a little of what is around it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from resp.audio import Recording, to_wav_bytes
from resp.report.file_names import safe_name
from resp.report.heard import NORMAL, HeardRecording
from resp.score.stretches import SAME_EDGE_S

MARGIN_S = 0.5
"""Before and after a finding: a breath is judged by what surrounds it."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a recording in which one finding stands.

    Parameters
    ----------
    start_s, end_s
        Of the finding; the sound has `MARGIN_S` more on each side, as far as there is any.
    label
        The finding.
    corrected
        Whether a clinician said so.
    """

    start_s: float
    end_s: float
    label: str
    corrected: bool


def finding_clips(heard: HeardRecording) -> tuple[Clip, ...]:
    """Return the stretches of a recording in which something abnormal stands, in order of time.

    Windows overlap: those of one finding are one stretch.
    """
    clips: list[Clip] = []
    for cycle in sorted(heard.cycles, key=lambda one: (one.start_s, one.end_s)):
        if cycle.label is None or cycle.label == NORMAL:
            continue
        made = Clip(cycle.start_s, cycle.end_s, cycle.label, cycle.corrected)
        place = next((place for place, one in enumerate(clips) if _overlap(one, made)), None)
        if place is None:
            clips.append(made)
        else:
            clips[place] = replace(clips[place], end_s=max(clips[place].end_s, made.end_s))
    return tuple(clips)


def clip_sound(recording: Recording, clip: Clip) -> bytes:
    """Return a clip as a WAV file, as loud as it was recorded.

    Parameters
    ----------
    recording
        The whole sound, all channels of which are kept.
    clip
        A stretch of it.
    """
    rate_hz = recording.rate_hz
    total = recording.samples.shape[1]
    first = min(max(0, round((clip.start_s - MARGIN_S) * rate_hz)), total - 1)
    last = max(first + 1, min(total, round((clip.end_s + MARGIN_S) * rate_hz)))
    return to_wav_bytes(Recording(recording.samples[:, first:last], rate_hz, source=recording.source))


def clip_name(heard: HeardRecording, clip: Clip) -> str:
    """Return a file name that says where, when and what: ``PrL_rec-1_002.6-005.0s_crackle.wav``."""
    where = heard.site or "site-unknown"
    what = safe_name(clip.label) + ("_corrected" if clip.corrected else "")
    return f"{where}_{safe_name(heard.file_name)}_{clip.start_s:05.1f}-{clip.end_s:05.1f}s_{what}.wav"


def write_clips(heard: HeardRecording, recording: Recording) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each finding's file."""
    for clip in finding_clips(heard):
        yield clip_name(heard, clip), clip_sound(recording, clip)


def _overlap(one: Clip, later: Clip) -> bool:
    alike = (one.label, one.corrected) == (later.label, later.corrected)
    # Edges that are drawn by hand touch more or less.
    return alike and later.start_s < one.end_s - SAME_EDGE_S
