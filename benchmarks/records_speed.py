"""How fast the records hand out their lists, as large as a clinic's are after years.

Usage: ``python benchmarks/records_speed.py [--patients 1000] [--recordings 10000] [--repeats 21] [--url postgresql://…]
[--out FILE]``. The records are filled with reports of 12 cycles, a third of them corrected and signed, and a trail of
five rows a recording; a second clinic has as many again. Then each list is asked for as the page does, by one person,
again and again. With ``--url`` the database must be empty.
"""

import argparse
import json
import resource
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import insert
from tables import machine

from resp.records import Records, User, open_records
from resp.records import tables as t
from resp.score.schema import ModelIdentity, RecordingIdentity, Report, Segment, Summary

STATES = ("scored", "scored", "scored", "scored", "scored", "scored", "scored", "abstained", "failed", "waiting")
CLINICS = ("north", "south")
AT_ONCE = 2000
CYCLES = 12


def a_report() -> Report:
    """Return a report as long as one of a recording of 20 s and more."""
    probabilities = {"normal": 0.1, "crackle": 0.7, "wheeze": 0.15, "both": 0.05}
    segments = tuple(
        Segment(kind="cycle", start_s=2.0 * index, end_s=2.0 * index + 2, probabilities=probabilities, label="crackle")
        for index in range(CYCLES)
    )
    return Report(
        status="scored",
        recording=RecordingIdentity(file="a.wav", duration_s=2.0 * CYCLES),
        segments=segments,
        summary=Summary(label="crackle", probabilities=probabilities, p_abnormal=0.9, segment_counts={}),
        model=ModelIdentity(name="lungs", version="1", sha256="0" * 64, card="resp models --card lungs"),
    )


def rows(patients: int, recordings: int) -> Iterator[tuple[type, dict[str, object]]]:
    """Yield rows of every table, in an order in which they can be inserted."""
    begin, body = datetime(2024, 1, 1, 8, tzinfo=UTC), a_report().model_dump_json()
    cycles = json.dumps([[2.0 * index, 2.0 * index + 2, "wheeze"] for index in range(CYCLES)])
    for number in range(1, 2 * patients + 1):
        at, key = begin + timedelta(minutes=number), f"P-{number:06d}"
        clinic = CLINICS[number % 2]
        yield (
            t.Patient,
            {
                "id": number,
                "clinic": clinic,
                "key": key,
                "key_folded": key.casefold(),
                "added_at": at,
                "added_by": "ada",
                "listed_at": at,
            },
        )
    for number in range(1, 2 * recordings + 1):
        at = begin + timedelta(minutes=number)
        # The patients of a clinic have odd or even numbers, and so have its recordings.
        patient = (number * 7919 // 2 % patients) * 2 + (number % 2 or 2)
        state, corrected = STATES[number // 2 % len(STATES)], number // 2 % 3 == 0
        name = f"{number:07d}_Pl_Meditron.wav"
        said = state in ("scored", "abstained")
        yield (
            t.Recording,
            {
                "id": number,
                "clinic": CLINICS[number % 2],
                "patient_id": patient,
                "file_name": name,
                "file_folded": name.casefold(),
                "site": "PlL",
                "recorded_at": at,
                "added_at": at,
                "added_by": "ada",
                "visit": at.date(),
                "sha256": f"{number:064x}",
                "size": 1_000_000,
                "duration_s": 24.0,
                "state": state,
                "label": "crackle" if said else None,
                "p_abnormal": 0.9 if said else None,
                "model": "lungs" if said else None,
                "unread": number // 2 % 20 == 0,
                "corrected": corrected,
                "abnormal": said,
                "signed_by": "Ada" if corrected else None,
                "signed_at": at if corrected else None,
            },
        )
        if state == "waiting":
            yield t.Job, {"id": number, "recording_id": number, "asked_at": at, "attempt": 0}
        else:
            report = {"id": number, "recording_id": number, "at": at, "model": "lungs", "status": state, "body": body}
            yield t.Report, report
        if corrected:
            who = {"by": "ada", "by_name": "Ada", "role": "admin", "at": at, "comment": "", "report_id": None}
            yield (
                t.Review,
                {"id": number, "recording_id": number, "kind": "correction", "cycles": cycles, "signs": None, **who},
            )
    for number in range(1, 10 * recordings + 1):
        yield (
            t.Audit,
            {
                "at": begin + timedelta(minutes=number),
                "who": "ada",
                "who_name": "Ada",
                "role": "admin",
                "clinic": CLINICS[number % 2],
                "action": "recording seen",
                "subject": f"recording {number // 5}",
                "details": "{}",
            },
        )


def fill(records: Records, patients: int, recordings: int) -> None:
    """Write all rows, past the desk: that would take an hour and change nothing in what is measured."""
    with records.database.upgrading() as connection:
        made = rows(patients, recordings)
        while some := list(islice(made, AT_ONCE)):
            # Owners before what they own.
            for table in t.METADATA.sorted_tables:
                of_table = [row for kind, row in some if kind.__table__ is table]
                if of_table:
                    connection.execute(insert(table), of_table)


def questions(records: Records, recordings: int, patients: int) -> dict[str, Callable[[], object]]:
    """Return what the page asks, by name; each answer is true."""
    desk = records.desk(User("ada", "Ada", "admin", CLINICS[1]))
    last_recordings, last_patients = max(0, recordings - 50), max(0, patients - 50)
    number = desk.recordings().rows[0].id
    patient = desk.patients().rows[0].id
    return {
        "patients, first page of 50": lambda: desk.patients().rows[0],
        "patients, last page": lambda: desk.patients(offset=last_patients).rows[0],
        "patients, search": lambda: desk.patients("p-0000").rows[0],
        "recordings, first page of 50": lambda: desk.recordings().rows[0],
        "recordings, last page": lambda: desk.recordings(offset=last_recordings).rows[0],
        "recordings, unread": lambda: desk.recordings(only="unread").rows[0],
        "recordings, waiting": lambda: desk.recordings(only="waiting").rows[0],
        "recordings, search in names and keys": lambda: desk.recordings("00001").rows[0],
        "recordings, search that finds nothing": lambda: [desk.recordings("no such").total],
        "how many of each kind": lambda: desk.recording_counts()["unread"],
        "one recording with all that was said": lambda: desk.recording(number).row,
        "a patient's visits": lambda: desk.visits(patient)[0],
        "audit trail, first page": lambda: desk.audit().rows[0],
        "queue, how much waits": lambda: records.queue.state().waiting,
    }


def milliseconds(ask: Callable[[], object], repeats: int) -> tuple[float, float, float]:
    """Return median and quartiles; the first time, in which the database warms up, is left out."""
    times = []
    for _ in range(repeats + 1):
        begin = perf_counter()
        answer = ask()
        times.append(1000 * (perf_counter() - begin))
        if not answer:
            raise SystemExit("a question without an answer: the records were not filled as they should be")
    low, middle, high = quantiles(times[1:], n=4)
    return middle, low, high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--recordings", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--url")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    arguments = parser.parse_args()
    if min(arguments.patients, arguments.repeats) < 2 or arguments.recordings < 20:
        parser.error("expected at least 2 patients, 20 recordings and 2 repeats")
    with TemporaryDirectory() as folder, open_records(arguments.url, Path(folder)) as records:
        fill(records, arguments.patients, arguments.recordings)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        asked = questions(records, arguments.recordings, arguments.patients)
        measured = {name: milliseconds(ask, arguments.repeats) for name, ask in asked.items()}
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        kind = records.database.engine.dialect.name
        size = (Path(folder) / "records.sqlite3").stat().st_size / 1e6 if records.database.is_sqlite else None
    told = f" --url {kind}://…" if arguments.url else ""
    lines = [
        "# Speed of the records",
        "",
        f"`python benchmarks/records_speed.py --patients {arguments.patients} --recordings {arguments.recordings} "
        f"--repeats {arguments.repeats}{told}`; {machine()}; {kind}. Milliseconds: median (quartiles) of "
        f"{arguments.repeats}. Two clinics of {arguments.patients:,} patients and {arguments.recordings:,} recordings "
        f"each{f', {size:.0f} MB without the sounds' if size else ''}; all lists took {grown:.0f} MB of memory.",
        "",
        "| question | ms |",
        "|---|---|",
        *(f"| {name} | {middle:.1f} ({low:.1f} to {high:.1f}) |" for name, (middle, low, high) in measured.items()),
    ]
    arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
