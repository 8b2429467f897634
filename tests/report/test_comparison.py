"""Two results of one recording side by side."""

from resp.report.comparison import compare_segments
from resp.score.schema import RecordingIdentity, Report, Segment


def report(*spans: tuple[float, float, str | None]) -> Report:
    segments = tuple(
        Segment(kind="cycle", start_s=start_s, end_s=end_s, probabilities={"normal": 0.5, "crackle": 0.5}, label=label)
        for start_s, end_s, label in spans
    )
    return Report(status="scored", recording=RecordingIdentity(file="one.wav"), segments=segments)


def spans(pairs):
    return [(pair.start_s, pair.end_s, pair.agree) for pair in pairs]


def test_the_same_cycles_stand_beside_each_other():
    first = report((0, 2, "normal"), (2, 4, "crackle"), (4, 6, None))
    second = report((0, 2, "normal"), (2, 4, "normal"), (4, 6, "normal"))
    assert spans(compare_segments(first, second)) == [(0, 2, True), (2, 4, False), (4, 6, None)]


def test_stretches_that_share_less_than_half_stand_alone_and_none_is_lost():
    pairs = compare_segments(report((0, 4, "normal")), report((3, 6, "normal"), (6, 8, "crackle")))
    assert [(pair.first is None, pair.second is None) for pair in pairs] == [
        (False, True),
        (True, False),
        (True, False),
    ]
    assert [pair.start_s for pair in pairs] == [0, 3, 6]


def test_each_stretch_is_used_once():
    pairs = compare_segments(report((0, 2, "normal"), (0.1, 2, "normal")), report((0, 2, "normal")))
    assert [pair.second is None for pair in pairs] == [False, True]


def test_nothing_to_compare():
    assert compare_segments(report(), report()) == ()
