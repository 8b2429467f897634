import pytest

from resp.report import columns, rows
from resp.score import RecordingIdentity, Report, ScoreError, Segment
from resp.score.findings import FindingRules, find_findings
from resp.score.schema import FamiliarityResult


def segment(start_s, end_s, crackle=0.0, wheeze=0.0, label=None):
    named = {"normal": 1 - crackle - wheeze, "crackle": crackle, "wheeze": wheeze}
    best = label or max(named, key=named.get)
    return Segment(kind="window", start_s=start_s, end_s=end_s, probabilities=named, label=best)


def report(*segments, **more):
    return Report(status="scored", recording=RecordingIdentity(file="a.wav"), segments=segments, **more)


def found(given, **rules):
    return [
        (one.label, one.start_s, one.end_s, one.segments) for one in find_findings(given, None, FindingRules(**rules))
    ]


WINDOWS = (
    segment(0, 4, crackle=0.6),
    segment(2, 6, crackle=0.8),
    segment(4, 8, wheeze=0.45, crackle=0.35, label="wheeze"),
    segment(6, 10),
    segment(8, 12, crackle=0.9),
    segment(10, 14),
    segment(16, 20, crackle=0.7),
)


def test_what_overlaps_or_touches_is_one():
    expected = [("crackle", 0, 6, 2), ("wheeze", 4, 8, 1), ("crackle", 8, 12, 1), ("crackle", 16, 20, 1)]
    assert found(report(*WINDOWS)) == expected


def test_a_gap_that_is_small_enough_is_bridged():
    assert found(report(*WINDOWS), merge_gap_s=2.0)[0] == ("crackle", 0, 12, 3)
    assert len(found(report(*WINDOWS), merge_gap_s=1.9)) == 4
    assert found(report(*WINDOWS), merge_gap_s=4.0) == [("crackle", 0, 20, 4), ("wheeze", 4, 8, 1)]


def test_a_threshold_goes_before_the_label():
    assert found(report(*WINDOWS), thresholds={"crackle": 0.3})[0] == ("crackle", 0, 12, 4)
    assert found(report(*WINDOWS), thresholds={"crackle": 0.85, "wheeze": 0.5}) == [("crackle", 8, 12, 1)]


def test_probabilities_are_weighed_by_length():
    (one,) = find_findings(report(segment(0, 4, crackle=0.6), segment(4, 5, crackle=0.9)), None, FindingRules())
    assert one.p_highest == 0.9
    assert one.p_mean == pytest.approx((0.6 * 4 + 0.9) / 5)


def test_segments_that_the_report_does_not_hold():
    assert len(find_findings(report(), iter(WINDOWS), FindingRules())) == 4


def test_what_is_no_lung_has_no_findings():
    known = FamiliarityResult(verdict="not_lung", distance=9, limit=1, far_limit=2)
    assert found(report(*WINDOWS, familiarity=known), thresholds={"crackle": 0.1}) == []


def test_rows():
    names = [column.name for column in columns("finding")]
    listed = list(rows(report(*WINDOWS), "finding", rules=FindingRules(merge_gap_s=4.0)))
    assert [(row["finding"], row["label"], row["start_s"], row["end_s"], row["segments"]) for row in listed] == [
        (1, "crackle", 0, 20, 4),
        (2, "wheeze", 4, 8, 1),
    ]
    assert all(list(row) == names for row in listed)
    (none,) = rows(report(segment(0, 4)), "finding")
    assert (none["file"], none["finding"], none["label"], none["status"]) == ("a.wav", None, None, "scored")
    (failure,) = rows(Report.failure("b.wav", "no"), "finding")
    assert (failure["status"], failure["reason"]) == ("failed", "no")


@pytest.mark.parametrize("wrong", [{"thresholds": {"a": 0}}, {"thresholds": {"a": 1.1}}, {"merge_gap_s": -1}])
def test_rules_that_are_none(wrong):
    with pytest.raises(ScoreError, match="expected"):
        FindingRules(**wrong)


@pytest.mark.parametrize("name", ["murmur", "normal"])
def test_a_threshold_of_what_is_no_finding_of_the_model(name):
    with pytest.raises(ScoreError, match=f"'{name}'; the findings of the model are crackle, wheeze"):
        FindingRules({name: 0.5}).check(["normal", "crackle", "wheeze"])
