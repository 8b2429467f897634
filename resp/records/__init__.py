"""The records of a clinic: patients by local keys, recordings, what models said of them, and what people said to that.

The names that others code against::

    records = open_records(url=None, folder=Path)   # SQLite in the folder, or PostgreSQL by URL; upgraded on the way
    desk = records.desk(User("local", "Local user", "admin", "default"))

    desk.may("read" | "write" | "manage")           # what the role allows (see resp.records.access)
    desk.patients(search="", limit=50, offset=0)    # Page[PatientRow], newest first; .rows, .total, .more
    desk.add_patient(key) / patient(id) / rename_patient(id, key) / delete_patient(id, reason) -> Deleted counts
    desk.find_patient(key)                          # PatientRow | None
    desk.add_recording(content, file_name, *, patient_id=None, site=None, recorded_at=None, visit=None (a date),
                       duration_s=None, model=None) # RecordingRow; .already where the patient has this sound
    desk.recordings(search="", only="all", patient_id=None, limit=50, offset=0)  # Page[RecordingRow], newest first
    desk.recording_counts(search="") / states(ids) / unread_around(id)  # for filters, polling, stepping
    desk.recording(id)                              # RecordingDetail: row, reports, cycles, reviews, pending; .report,
                                                    # .newest_by_model, .correction, .signature
    desk.content(id) / set_site(id, site) / move(id, patient_id | None) / mark_read(id) / mark_unread(id)
    desk.rescore(id, model) / delete_recording(id, reason)
    desk.correct(id, cycles, comment="", *, report_id, seen=None) -> Review
    desk.sign(id, comment="", *, report_id=None, seen=None) -> Review
    desk.comment(id, text) -> Review                # seen: id of the last correction that was on screen, 0 for none
    desk.visits(patient_id)                         # tuple[Visit], newest first
    desk.audit(limit=50, offset=0, *, subject=None, who=None, action=None)  # Page[AuditRow]
    desk.export_training_set(folder)                # TrainingSetSummary

    records.queue.claim(worker, lease_s) -> Job | None
    records.queue.content(job) -> bytes
    records.queue.heartbeat(job, lease_s) -> bool / finish(job, report) -> bool / fail(job, reason) -> bool
    records.queue.release(job)                      # a worker that stops in good order: no attempt is counted
    records.queue.state() -> QueueState
    records.users.all() / find(id) / save(User) / remove(id)   # who may sign in; for whoever runs the machine
    records.close()

    back_up(records, file) -> Archive / restore(file, folder=…, url=None) -> Archive

False from `heartbeat`, `finish` or `fail` means that the job is no longer the worker's (its lease ran out, or the
recording was deleted): drop the result. `NotFoundError` and `NotAllowedError` are `RecordsError`s. The page asks
`desk.may("write")` before it offers a button; the records check again. A signature stands until something is corrected,
or a newer result comes that no correction stands before; it is kept in any case.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.records.access import ROLES, Role, User
    from resp.records.archive import Archive, back_up, restore
    from resp.records.desk import Desk
    from resp.records.errors import NotAllowedError, NotFoundError, RecordsError
    from resp.records.open import Records, open_records
    from resp.records.queue import Queue
    from resp.records.views import (
        AuditRow,
        CorrectedCycle,
        CurrentCycle,
        Deleted,
        Job,
        Page,
        PatientRow,
        QueueState,
        RecordingDetail,
        RecordingRow,
        Review,
        StoredReport,
        TrainingSetSummary,
        Visit,
    )

_NAMES = {
    "ROLES": "access",
    "Role": "access",
    "User": "access",
    "Archive": "archive",
    "back_up": "archive",
    "restore": "archive",
    "Desk": "desk",
    "NotAllowedError": "errors",
    "NotFoundError": "errors",
    "RecordsError": "errors",
    "Records": "open",
    "open_records": "open",
    "Queue": "queue",
    "AuditRow": "views",
    "CorrectedCycle": "views",
    "CurrentCycle": "views",
    "Deleted": "views",
    "Job": "views",
    "Page": "views",
    "PatientRow": "views",
    "QueueState": "views",
    "RecordingDetail": "views",
    "RecordingRow": "views",
    "Review": "views",
    "StoredReport": "views",
    "TrainingSetSummary": "views",
    "Visit": "views",
}

__all__ = [
    "open_records",
    "Records",
    "RecordsError",
    "NotFoundError",
    "NotAllowedError",
    "Role",
    "ROLES",
    "User",
    "Desk",
    "Queue",
    "Archive",
    "back_up",
    "restore",
    "Page",
    "PatientRow",
    "RecordingRow",
    "RecordingDetail",
    "StoredReport",
    "CorrectedCycle",
    "CurrentCycle",
    "Review",
    "Visit",
    "AuditRow",
    "Job",
    "QueueState",
    "Deleted",
    "TrainingSetSummary",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
