"""Corrections, signatures and comments: each is kept, none changes another."""

import pytest

from made_records import ADMIN, CLINICIAN, report, scored, sound
from resp.records import CorrectedCycle, RecordsError


def test_a_correction_is_kept_beside_what_the_model_said(records):
    desk = records.desk(CLINICIAN)
    detail = scored(records, desk, "crackle", "normal")
    model = detail.report
    assert [(cycle.label, cycle.corrected) for cycle in detail.cycles] == [("crackle", False), ("normal", False)]
    review = desk.correct(
        detail.row.id,
        [CorrectedCycle(1.0, 2.0, "wheeze"), CorrectedCycle(0.004, 0.998, "crackle"), CorrectedCycle(0.2, 0.6, None)],
        "heard at the end",
        report_id=model.id,
    )
    after = desk.recording(detail.row.id)
    assert after.reviews == (review,)
    assert (review.kind, review.by, review.by_name, review.role) == (
        "correction",
        "cleo",
        "Cleo Clinician",
        "clinician",
    )
    assert (review.comment, review.report_id, review.at.tzinfo is not None) == ("heard at the end", model.id, True)
    assert after.reports == detail.reports
    assert [(c.start_s, c.end_s, c.label, c.corrected, c.model_label) for c in after.cycles] == [
        (0.004, 0.998, "crackle", False, "crackle"),
        (0.2, 0.6, None, True, None),
        (1.0, 2.0, "wheeze", True, "normal"),
    ]
    assert after.cycles[2].probabilities["normal"] == 0.7
    assert (after.row.label, after.row.corrected, after.row.abnormal) == ("crackle", True, True)


def test_the_last_correction_stands_and_all_are_kept(records):
    desk = records.desk(CLINICIAN)
    detail = scored(records, desk)
    first = desk.correct(detail.row.id, [CorrectedCycle(0, 1, "wheeze")], report_id=detail.report.id)
    second = desk.correct(detail.row.id, [], "no breath at all", report_id=detail.report.id)
    after = desk.recording(detail.row.id)
    assert after.reviews == (first, second)
    assert after.correction == second
    assert after.cycles == ()


def test_a_later_correction_makes_it_unsigned_again_and_the_signature_is_kept(records):
    desk, chief = records.desk(CLINICIAN), records.desk(ADMIN)
    detail = scored(records, desk, "crackle")
    plain = desk.sign(detail.row.id, "as it is")
    row = desk.recording(detail.row.id).row
    assert (plain.report_id, plain.signs, row.signed_by, row.signed_at) == (
        detail.report.id,
        None,
        "Cleo Clinician",
        plain.at,
    )
    correction = desk.correct(detail.row.id, [CorrectedCycle(0, 1, "wheeze")], report_id=detail.report.id)
    after = desk.recording(detail.row.id)
    assert (after.row.signed_by, after.row.signed_at, after.signature) == (None, None, None)
    assert after.reviews == (plain, correction)
    signed = chief.sign(detail.row.id)
    assert (signed.report_id, signed.signs) == (detail.report.id, correction.id)
    after = desk.recording(detail.row.id)
    assert (after.row.signed_by, after.signature) == ("Ada Admin", signed)
    assert desk.recordings().rows[0].signed_at == signed.at
    desk.comment(detail.row.id, "agreed")
    assert desk.recording(detail.row.id).signature == signed


def test_a_newer_result_is_not_signed_unless_a_correction_stands_before_it(records):
    desk = records.desk(CLINICIAN)
    plain, corrected = scored(records, desk, "crackle", seed=1), scored(records, desk, "crackle", seed=2)
    desk.correct(corrected.row.id, [CorrectedCycle(0, 1, "wheeze")], report_id=corrected.report.id)
    signed = desk.sign(plain.row.id), desk.sign(corrected.row.id)
    for detail in (plain, corrected):
        desk.rescore(detail.row.id, "other")
        assert desk.recording(detail.row.id).row.signed_by == "Cleo Clinician"
        assert records.queue.finish(records.queue.claim("w"), report("normal", model="other"))
    first, second = desk.recording(plain.row.id), desk.recording(corrected.row.id)
    assert (first.row.signed_by, first.signature, first.reviews) == (None, None, (signed[0],))
    assert (second.row.signed_by, second.signature) == ("Cleo Clinician", signed[1])
    assert second.row.abnormal
    again = desk.sign(plain.row.id)
    assert desk.recording(plain.row.id).signature == again


def test_only_a_result_or_a_correction_can_be_signed(records):
    desk = records.desk(CLINICIAN)
    row = desk.add_recording(sound(), "a.wav")
    with pytest.raises(RecordsError, match="nothing to sign"):
        desk.sign(row.id)
    drawn = desk.correct(row.id, [CorrectedCycle(0, 1, "normal")], report_id=None)
    assert desk.sign(row.id).signs == drawn.id
    assert desk.recording(row.id).cycles[0].corrected


def test_who_signs_or_corrects_what_changed_meanwhile_is_told(records):
    desk, colleague = records.desk(CLINICIAN), records.desk(ADMIN)
    detail = scored(records, desk)
    number, seen = detail.row.id, detail.report.id
    first = colleague.correct(number, [CorrectedCycle(0, 1, "wheeze")], report_id=seen, seen=0)
    for call in (
        lambda: desk.sign(number, seen=0),
        lambda: desk.correct(number, [], report_id=seen, seen=0),
    ):
        with pytest.raises(RecordsError, match="Ada Admin has corrected"):
            call()
    desk.rescore(number)
    assert records.queue.finish(records.queue.claim("w"), report("normal"))
    with pytest.raises(RecordsError, match="newer result"):
        desk.sign(number, report_id=seen)
    newest = desk.recording(number).report.id
    assert desk.sign(number, report_id=newest, seen=first.id).report_id == newest


def test_labels_of_the_model_that_was_heard_may_be_said(records):
    from resp.score.schema import Segment

    desk = records.desk(CLINICIAN)
    row = desk.add_recording(sound(), "a.wav")
    segment = Segment(
        kind="window", start_s=0, end_s=2, probabilities={"healthy": 0.2, "stridor": 0.8}, label="stridor"
    )
    assert records.queue.finish(records.queue.claim("w"), report().model_copy(update={"segments": (segment,)}))
    seen = desk.recording(row.id).report.id
    assert desk.correct(row.id, [CorrectedCycle(0, 2, "healthy")], report_id=seen).cycles[0].label == "healthy"
    with pytest.raises(RecordsError, match="expected one of normal"):
        desk.correct(row.id, [CorrectedCycle(0, 2, "healthy")], report_id=None)


def test_windows_that_overlap_can_be_corrected(records):
    desk = records.desk(CLINICIAN)
    detail = scored(records, desk)
    cycles = [CorrectedCycle(0, 1.5, "normal"), CorrectedCycle(0.5, 2, "crackle")]
    assert desk.correct(detail.row.id, cycles, report_id=detail.report.id).cycles == tuple(cycles)


def test_a_correction_of_windows_begins_without_their_overlap_and_is_still_laid_beside_them(records):
    from resp.score.schema import Segment

    desk = records.desk(CLINICIAN)
    row = desk.add_recording(sound(), "a.wav")
    windows = [
        Segment(kind="window", start_s=start_s, end_s=start_s + 1, probabilities={"normal": 0.8}, label="normal")
        for start_s in (0, 0.5, 1)
    ]
    made = report().model_copy(update={"segments": tuple(windows)})
    assert records.queue.finish(records.queue.claim("w"), made)
    begin = desk.recording(row.id)
    assert [(one.start_s, one.end_s) for one in begin.cycles] == [(0, 0.75), (0.75, 1.25), (1.25, 2)]
    said = [
        CorrectedCycle(0, 0.75, "normal"),
        CorrectedCycle(0.75, 1.25, "wheeze"),
        CorrectedCycle(1.25, 1.8, "normal"),
    ]
    desk.correct(row.id, said, report_id=begin.report.id)
    after = desk.recording(row.id).cycles
    assert [(one.corrected, one.model_label) for one in after] == [(False, "normal"), (True, "normal"), (True, None)]
