"""Everything a person may do with the records, checked and written down."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import IntegrityError

from resp.records import audit, patients, recordings, reviews
from resp.records.access import Right, User
from resp.records.arriving import without_identity
from resp.records.errors import RecordsError
from resp.records.scope import Scope, check_window
from resp.records.views import (
    AuditRow,
    CorrectedCycle,
    Deleted,
    Only,
    Page,
    PatientRow,
    RecordingDetail,
    RecordingRow,
    Review,
    TrainingSetSummary,
    Visit,
)

if TYPE_CHECKING:
    from resp.records.open import Records

Answer = TypeVar("Answer")


class Desk:
    """What one person may do: role and clinic are checked at every call, and what was seen and changed is written down.

    What belongs to another clinic is not found, as if it were not there. Every method raises `NotAllowedError` where
    the role is too low, `NotFoundError` where a number is of nothing here, and `RecordsError` for what else cannot be.
    """

    def __init__(self, records: "Records", user: User) -> None:
        self._records = records
        self.user = user

    def may(self, right: Right) -> bool:
        """Tell whether the person may ``read``, ``write`` or ``manage``; for buttons: the records check again."""
        return self.user.may(right)

    def patients(self, search: str = "", limit: int = 50, offset: int = 0) -> Page[PatientRow]:
        """List patients, those to whom something was added last first.

        Parameters
        ----------
        search
            Part of a key, in upper or lower case; nothing in it is special.
        limit, offset
            Which part of the list: at most ``limit`` rows (1 to 1000) after the first ``offset``.
        """
        with self._reading("list patients") as scope:
            page = patients.list_patients(scope, search, limit, offset)
        self._saw("patients listed", "patients")
        return page

    def patient(self, patient_id: int) -> PatientRow:
        """Return one patient."""
        with self._reading("see patients") as scope:
            row = patients.patient_rows(scope, [scope.patient(patient_id)])[0]
        self._saw("patient seen", f"patient {patient_id}")
        return row

    def find_patient(self, key: str) -> PatientRow | None:
        """Return the patient with a key, None where there is none."""
        with self._reading("see patients") as scope:
            row = patients.find_patient(scope, key)
        if row is not None:
            self._saw("patient seen", f"patient {row.id}")
        return row

    def add_patient(self, key: str) -> PatientRow:
        """Add a patient by a local key: 1 to 64 characters, unique in the clinic, upper and lower case alike."""
        with self._writing("add patients") as scope:
            return patients.add_patient(scope, key)

    def rename_patient(self, patient_id: int, key: str) -> PatientRow:
        """Give a patient another key."""
        with self._writing("rename patients") as scope:
            return patients.rename_patient(scope, patient_id, key)

    def delete_patient(self, patient_id: int, reason: str) -> Deleted:
        """Delete a patient: recordings, results, reviews, and the sounds that no other patient has.

        The audit trail keeps who did it, when, why and how much it was; so ``reason`` must not name the patient.
        Back-ups that were made before still hold them.
        """
        with self._writing("delete patients", "manage") as scope:
            deleted, sounds = patients.delete_patient(scope, patient_id, reason)
        return self._without_sounds(deleted, sounds)

    def add_recording(
        self,
        content: bytes,
        file_name: str,
        *,
        patient_id: int | None = None,
        site: str | None = None,
        recorded_at: datetime | None = None,
        visit: date | None = None,
        duration_s: float | None = None,
        model: str | None = None,
    ) -> RecordingRow:
        """Keep a sound and put it into the scoring queue; when this returns, both are on the disk.

        Parameters
        ----------
        content
            The encoded bytes, any format: what they are is found out when they are scored. DICOM is de-identified
            first.
        file_name
            What it was called; folders before it, and what cannot be seen in it, are left away.
        patient_id
            Whose; None where that is not known yet (see `move`).
        site
            Code of a place on the chest map, such as ``PlL``; None where it is not known.
        recorded_at
            When; without a time zone it is taken for this machine's.
        visit
            The day under which it is shown; that of ``recorded_at``, or today's, where None.
        duration_s
            Its length, where it is known already.
        model
            The model that is to score it; None for the default one.

        Returns
        -------
        RecordingRow
            The new row, or with ``already`` the one that the patient had of this very sound (which stays as it was).
        """
        self.user.check("write", "add recordings")
        now = self._records.now()
        name, moment = recordings.check_new(content, file_name, site, recorded_at, duration_s, now)
        wanted = recordings.check_model(model)
        with self._reading("add recordings") as scope:
            if patient_id is not None:
                scope.patient(patient_id)
        content = without_identity(content, name, self._records.folder)
        sha256 = self._records.sounds.put(content)

        def add(scope: Scope) -> RecordingRow:
            return recordings.add_recording(
                scope,
                content,
                sha256,
                name,
                patient_id=patient_id,
                site=site,
                recorded_at=moment,
                visit=visit,
                duration_s=duration_s,
                model=wanted,
            )

        try:
            return self._writing_twice("add recordings", add)
        except RecordsError:
            self._records.sweep([sha256])
            raise

    def recordings(
        self, search: str = "", only: Only = "all", patient_id: int | None = None, limit: int = 50, offset: int = 0
    ) -> Page[RecordingRow]:
        """List recordings, the one added last first.

        Parameters
        ----------
        search
            Part of a file name or of a patient's key.
        only
            ``unread`` have a result that nobody has marked as read; ``waiting`` are in the queue or being scored;
            ``abstained`` and ``failed`` by their newest result; or ``all``.
        patient_id
            Those of one patient.
        limit, offset
            Which part of the list.
        """
        with self._reading("list recordings") as scope:
            page = recordings.list_recordings(scope, search, only, patient_id, limit, offset)
        self._saw("recordings listed", "recordings" if patient_id is None else f"patient {patient_id}")
        return page

    def recording_counts(self, search: str = "") -> dict[Only, int]:
        """Return how many recordings `recordings` lists under each ``only``."""
        with self._reading("list recordings") as scope:
            return recordings.count_recordings(scope, search)

    def states(self, recording_ids: Sequence[int]) -> tuple[RecordingRow, ...]:
        """Return how some recordings stand now, in the order that was given; those that are gone are left out.

        Made to be asked again and again while recordings are scored: the look is not written down.
        """
        with self._reading("list recordings") as scope:
            return recordings.recordings_by_id(scope, recording_ids)

    def unread_around(self, recording_id: int) -> tuple[int | None, int | None]:
        """Return the nearest unread recordings added after this one and before it; None where there is none."""
        with self._reading("list recordings") as scope:
            return recordings.unread_around(scope, recording_id)

    def recording(self, recording_id: int) -> RecordingDetail:
        """Return a recording with everything that was said of it."""
        with self._reading("see recordings") as scope:
            detail = reviews.recording_detail(scope, recording_id)
        self._saw("recording seen", f"recording {recording_id}")
        return detail

    def content(self, recording_id: int) -> bytes:
        """Return the bytes that were added, checked against their checksum."""
        with self._reading("hear recordings") as scope:
            sha256 = scope.recording(recording_id).sha256
        try:
            content = self._records.sounds.read(sha256)
        except RecordsError:
            # Deleted since, it is not found; otherwise it is lost or damaged.
            with self._reading("hear recordings") as scope:
                scope.recording(recording_id)
            raise
        self._saw("sound read", f"recording {recording_id}")
        return content

    def set_site(self, recording_id: int, site: str | None) -> RecordingRow:
        """Say where on the chest it was recorded (a code of the chest map); None: not known."""
        with self._writing("place recordings") as scope:
            return recordings.set_site(scope, recording_id, site)

    def move(self, recording_id: int, patient_id: int | None) -> RecordingRow:
        """Give a recording to another patient of the clinic, or to none."""
        with self._writing("move recordings") as scope:
            return recordings.move(scope, recording_id, patient_id)

    def mark_read(self, recording_id: int) -> None:
        """Say that the newest result was read."""
        with self._writing("mark results as read") as scope:
            recordings.mark(scope, recording_id, unread=False)

    def mark_unread(self, recording_id: int) -> None:
        """Say that somebody should read the result again."""
        with self._writing("mark results as unread") as scope:
            recordings.mark(scope, recording_id, unread=True)

    def rescore(self, recording_id: int, model: str | None = None) -> None:
        """Have a recording scored once more, by another model or the default one; earlier results stay.

        Where it waits for that model already, it goes on waiting.
        """
        wanted = recordings.check_model(model)
        with self._writing("have recordings scored") as scope:
            recording = scope.recording(recording_id, lock=True)
            recordings.ask_for_score(scope, recording, wanted)
            scope.log("score asked for", f"recording {recording_id}", model=wanted)

    def delete_recording(self, recording_id: int, reason: str) -> Deleted:
        """Delete one recording with all that was said of it, such as one that was added by mistake."""
        with self._writing("delete recordings", "manage") as scope:
            deleted, sounds = recordings.delete_recording(scope, recording_id, reason)
        return self._without_sounds(deleted, sounds)

    def correct(
        self,
        recording_id: int,
        cycles: Sequence[CorrectedCycle],
        comment: str = "",
        *,
        report_id: int | None,
        seen: int | None = None,
    ) -> Review:
        """Say what the breath cycles are; kept beside what the model said and what was said before.

        Parameters
        ----------
        recording_id
            Of which recording.
        cycles
            The full new list, in any order; none at all says that there is no cycle. A label is one of ICBHI's
            (``normal``, ``crackle``, ``wheeze``, ``both``), one of the model's, or None where it stays open.
        comment
            Why, if anything.
        report_id
            The result that was before the person; None without one.
        seen
            Id of the last correction that was on the screen, 0 where there was none: then a correction that somebody
            made meanwhile is told instead of being passed over. None does not ask.
        """
        with self._writing("correct cycles") as scope:
            return reviews.correct(scope, recording_id, cycles, comment, report_id, seen)

    def sign(
        self, recording_id: int, comment: str = "", *, report_id: int | None = None, seen: int | None = None
    ) -> Review:
        """Sign what stands: the newest result together with the last correction.

        Parameters
        ----------
        recording_id
            Of which recording.
        comment
            Anything to add.
        report_id
            The result that was on the screen: a newer one is told instead of being signed. None does not ask.
        seen
            As in `correct`.
        """
        with self._writing("sign") as scope:
            return reviews.sign(scope, recording_id, comment, report_id, seen)

    def comment(self, recording_id: int, text: str) -> Review:
        """Say something of a recording; it stays."""
        with self._writing("comment") as scope:
            return reviews.comment_on(scope, recording_id, text)

    def visits(self, patient_id: int) -> tuple[Visit, ...]:
        """Return a patient's recordings by day, the newest day first, within a day in the order they were made."""
        with self._reading("see patients") as scope:
            days = recordings.visits(scope, patient_id)
        self._saw("patient seen", f"patient {patient_id}")
        return days

    def audit(
        self,
        limit: int = 50,
        offset: int = 0,
        *,
        subject: str | None = None,
        who: str | None = None,
        action: str | None = None,
    ) -> Page[AuditRow]:
        """Return who saw and changed what in the clinic, newest first.

        Parameters
        ----------
        limit, offset
            Which part of the list.
        subject, who, action
            Only rows with this very subject (``recording 12``), user id or action.
        """
        check_window(limit, offset)
        self._saw("audit trail seen", "audit trail", "manage")
        with self._reading("read the audit trail", "manage") as scope:
            return audit.list_audit(
                scope.session, self.user.clinic, limit, offset, subject=subject, who=who, action=action
            )

    def export_training_set(self, folder: Path) -> TrainingSetSummary:
        """Write what people corrected or signed as a training set in ICBHI's own format.

        Parameters
        ----------
        folder
            New or empty; `resp train` reads it as data set ``icbhi``.
        """
        from resp.records.training_set import export_training_set

        self.user.check("manage", "export training sets")
        return export_training_set(self._records, self.user, folder)

    @contextmanager
    def _reading(self, action: str, right: Right = "read") -> Iterator[Scope]:
        self.user.check(right, action)
        with self._records.database.reading() as session:
            yield self._records.scope(session, self.user)

    @contextmanager
    def _writing(self, action: str, right: Right = "write") -> Iterator[Scope]:
        self.user.check(right, action)
        with self._records.database.writing() as session:
            yield self._records.scope(session, self.user)

    def _writing_twice(self, action: str, write: Callable[[Scope], Answer]) -> Answer:
        """Write, and once more where another writer was just ahead with the same."""
        try:
            with self._writing(action) as scope:
                return write(scope)
        except IntegrityError:
            try:
                with self._writing(action) as scope:
                    return write(scope)
            except IntegrityError as error:
                raise RecordsError(f"could not {action}: others changed the same; try again") from error

    def _saw(self, action: str, subject: str, right: Right = "read") -> None:
        def write() -> None:
            with self._records.database.writing() as session:
                self._records.scope(session, self.user).log(action, subject)

        self.user.check(right, action)
        self._records.seen_lately.once(self.user, action, subject, self._records.now(), write)

    def _without_sounds(self, deleted: Deleted, sounds: Sequence[str]) -> Deleted:
        swept = self._records.sweep(sounds)
        self._records.database.forget_deleted()
        return Deleted(deleted.recordings, deleted.reports, deleted.reviews, swept)
