"""Files that a batch writes beside its table: label tracks and clips of each recording's findings."""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from resp.audio import AudioError
from resp.report.atomic import AtomicFile
from resp.report.errors import ReportError
from resp.report.file_names import names_of_paths
from resp.report.finding_clips import write_finding_clips
from resp.report.label_tracks import audacity_findings, raven_findings
from resp.score.batch.remote import downloaded, is_remote
from resp.score.errors import ScoreError
from resp.score.findings import Finding, FindingRules, find_findings
from resp.score.schema import Report, Segment

# As `AtomicFile` calls what is not complete yet; clips are named by `resp.report.finding_clips.clip_file`.
_UNFINISHED = re.compile(r"\.(?P<stem>.+?)(?:_\d+\.\d\d-\d+\.\d\ds_.+\.wav|\.audacity\.txt|\.raven\.txt)\.[^.]+\.part")


class FindingFiles:
    """Writes the files of one recording after the other.

    Parameters
    ----------
    names
        Paths or addresses of all recordings of the batch; those that are called the same in different folders get
        files of different names.
    rules
        What counts as a finding.
    tracks
        Folder of an Audacity label track and a Raven selection table a recording; None writes none.
    clips
        Folder of a sound a finding; None writes none.

    Attributes
    ----------
    incomplete
        Of how many recordings clips are missing, because they could not be read any more.

    Raises
    ------
    ReportError
        A folder that cannot be made.
    """

    def __init__(
        self, names: Sequence[str], rules: FindingRules, *, tracks: Path | None = None, clips: Path | None = None
    ) -> None:
        self._names, self._stems, self._rules = names, names_of_paths(names), rules
        self._tracks, self._clips = tracks, clips
        self.incomplete = 0
        for folder in (tracks, clips):
            try:
                if folder is not None:
                    folder.mkdir(exist_ok=True)
            except OSError as error:
                raise ReportError(
                    f"{folder}: no folder, and none can be made ({error.strerror}); expected a place in one that exists"
                ) from error

    def clear_unfinished(self) -> None:
        """Delete what runs that were killed left of these recordings' files; others may write to the same folders."""
        own = set(self._stems)
        for folder in {folder for folder in (self._tracks, self._clips) if folder is not None}:
            for path in folder.iterdir():
                match = _UNFINISHED.fullmatch(path.name)
                if match and match["stem"] in own:
                    path.unlink(missing_ok=True)

    def write(
        self,
        place: int,
        report: Report,
        segments: Iterable[Segment] | None = None,
        tell: Callable[[str], None] = lambda sentence: None,  # noqa: ARG005
    ) -> None:
        """Write the files of the recording at a place of the list; a failed one has none.

        Parameters
        ----------
        place, report
            Which, and what was said of it.
        segments
            Those that the report does not hold.
        tell
            Told why clips are missing, where they are.

        Raises
        ------
        ReportError, OSError
            A file cannot be written.
        """
        if report.status == "failed":
            return
        findings = find_findings(report, segments, self._rules)
        if self._tracks is not None:
            sound = self._names[place].rpartition("/")[2]
            stem = self._stems[place]
            _put(self._tracks / f"{stem}.audacity.txt", audacity_findings(findings))
            table = raven_findings(findings, sound, rate_hz=report.recording.rate_hz)
            _put(self._tracks / f"{stem}.raven.txt", table)
        if self._clips is not None and findings:
            try:
                self._cut(place, report, findings, self._clips)
            except (AudioError, ScoreError) as error:
                self.incomplete += 1
                tell(f"no clips: {error}")

    def _cut(self, place: int, report: Report, findings: Sequence[Finding], folder: Path) -> None:
        name = self._names[place]
        with downloaded(name) if is_remote(name) else nullcontext(name) as source:
            write_finding_clips(
                source, name, findings, folder, self._stems[place], synthetic=bool(report.recording.synthetic)
            )


def _put(path: Path, content: bytes) -> None:
    file = AtomicFile(path)
    try:
        file.stream.write(content)
        file.commit()
    except BaseException:
        file.discard()
        raise
