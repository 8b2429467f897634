"""The scoring queue: jobs with a lease, so that a worker that dies loses none, and no two have the same one."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, or_, select

from resp.records import tables
from resp.records.audit import write_program_audit
from resp.records.checks import check_text
from resp.records.errors import RecordsError
from resp.records.scope import number_of, shown
from resp.records.standing import settle
from resp.records.views import Job, QueueState
from resp.score.schema import Report

if TYPE_CHECKING:
    from resp.records.open import Records

LEASE_S = 120.0
ATTEMPTS = 3
_REASON_MOST = 1000


class Queue:
    """What workers ask; no person stands behind it."""

    def __init__(self, records: "Records") -> None:
        self._records = records

    def claim(self, worker: str, lease_s: float = LEASE_S) -> Job | None:
        """Take the oldest job that nobody holds; where a lease ran out, nobody does.

        A job that was given up or lost three times fails with the reason instead of being taken a fourth time.

        Parameters
        ----------
        worker
            Name of the worker: its machine and process.
        lease_s
            For how long it is the worker's, in seconds; `heartbeat` prolongs it.

        Returns
        -------
        Job or None
            None where nothing waits.
        """
        name = check_text(worker, "the worker's name", most=200)
        lease = _lease(lease_s)
        # Looking first costs an idle worker no lock.
        while self._anything_free():
            with self._records.database.writing() as session:
                now = self._records.now()
                row = session.exec(
                    select(tables.Job, tables.Recording)
                    .join(tables.Recording)
                    .where(self._free())
                    .order_by(col(tables.Job.id))
                    .limit(1)
                    .with_for_update(skip_locked=True)
                ).first()
                if row is None:
                    return None
                job, recording = row
                if job.attempt >= ATTEMPTS:
                    reason = f"scoring was begun {job.attempt} times and never ended; the program may have been killed"
                    self._give_up(session, job, recording, name, reason)
                    continue
                job.worker, job.lease_until, job.attempt = name, now + lease, job.attempt + 1
                session.add(job)
                settle(session, recording)
                patient = session.get(tables.Patient, recording.patient_id) if recording.patient_id else None
                return Job(
                    id=number_of(job.id),
                    recording_id=number_of(recording.id),
                    sha256=recording.sha256,
                    model=job.model,
                    attempt=job.attempt,
                    worker=name,
                    file_name=recording.file_name,
                    site=recording.site,
                    recorded_at=recording.recorded_at,
                    patient_key=patient.key if patient else None,
                )
        return None

    def content(self, job: Job) -> bytes:
        """Return the sound to be scored."""
        return self._records.sounds.read(job.sha256)

    def heartbeat(self, job: Job, lease_s: float = LEASE_S) -> bool:
        """Prolong the lease from now on; False where the job is no longer the worker's."""
        lease = _lease(lease_s)
        with self._records.database.writing() as session:
            row, _ = self._held(session, job)
            if row is None:
                return False
            row.lease_until = self._records.now() + lease
            session.add(row)
            return True

    def finish(self, job: Job, report: Report) -> bool:
        """Keep the result, whatever it is: scored, abstained, or a recording that cannot be read.

        False where the job is no longer the worker's: nothing was kept, another worker has it or the recording is gone.
        """
        with self._records.database.writing() as session:
            row, recording = self._held(session, job)
            if row is None or recording is None:
                return False
            self._keep(session, row, recording, report, job.worker)
            return True

    def fail(self, job: Job, reason: str) -> bool:
        """Give the job back because scoring broke; after three attempts the recording has failed with the reason.

        False where the job is no longer the worker's.
        """
        told = " ".join(reason.replace("\0", " ").split())[:_REASON_MOST] or "scoring broke and did not say why"
        with self._records.database.writing() as session:
            row, recording = self._held(session, job)
            if row is None or recording is None:
                return False
            if row.attempt >= ATTEMPTS:
                self._give_up(session, row, recording, job.worker, told)
            else:
                self._free_row(session, row, recording)
            return True

    def release(self, job: Job) -> bool:
        """Give the job back untouched, as a worker does that is told to stop: no attempt is counted.

        False where the job is no longer the worker's.
        """
        with self._records.database.writing() as session:
            row, recording = self._held(session, job)
            if row is None or recording is None:
                return False
            row.attempt -= 1
            self._free_row(session, row, recording)
            return True

    def state(self) -> QueueState:
        """Return how much is to be done, and since when the oldest waits."""
        with self._records.database.reading() as session:
            waits = col(tables.Job.worker).is_(None)
            waiting, oldest = session.exec(
                select(func.count(), func.min(tables.Job.asked_at)).select_from(tables.Job).where(waits)
            ).one()
            working = session.exec(select(func.count()).select_from(tables.Job).where(~waits)).one()
            return QueueState(waiting, working, oldest)

    def _anything_free(self) -> bool:
        with self._records.database.reading() as session:
            return session.exec(select(tables.Job.id).where(self._free()).limit(1)).first() is not None

    def _free(self) -> ColumnElement[bool]:
        return or_(col(tables.Job.worker).is_(None), col(tables.Job.lease_until) < self._records.now())

    def _held(self, session: Session, job: Job) -> tuple[tables.Job | None, tables.Recording | None]:
        """Return job and recording, locked in the order in which deleting locks them; None where it is not held."""
        recording = session.exec(
            select(tables.Recording).where(tables.Recording.id == job.recording_id).with_for_update()
        ).first()
        row = session.exec(
            select(tables.Job)
            .where(tables.Job.id == job.id, tables.Job.worker == job.worker, tables.Job.attempt == job.attempt)
            .with_for_update()
        ).first()
        return row, recording

    def _keep(
        self, session: Session, job: tables.Job, recording: tables.Recording, report: Report, worker: str
    ) -> None:
        now = self._records.now()
        model = report.model.name if report.model else None
        row = tables.Report(
            recording_id=number_of(recording.id),
            at=now,
            model=model,
            status=report.status,
            body=report.model_dump_json(),
        )
        session.add(row)
        session.delete(job)
        recording.unread = True
        settle(session, recording)
        write_program_audit(
            session,
            now,
            worker,
            "recording scored" if report.status != "failed" else "score failed",
            f"recording {recording.id}",
            clinic=recording.clinic,
            report=row.id,
            model=model,
            status=report.status,
        )

    def _give_up(
        self, session: Session, job: tables.Job, recording: tables.Recording, worker: str, reason: str
    ) -> None:
        report = Report.failure(recording.file_name, reason, sha256=recording.sha256)
        self._keep(session, job, recording, report, worker)

    @staticmethod
    def _free_row(session: Session, job: tables.Job, recording: tables.Recording) -> None:
        job.worker, job.lease_until = None, None
        session.add(job)
        settle(session, recording)


def _lease(seconds: float) -> timedelta:
    if not 0 < seconds <= 86_400:
        raise RecordsError(f"a lease of {shown(seconds)} s; expected more than 0 and at most a day")
    return timedelta(seconds=seconds)
