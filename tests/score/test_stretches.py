"""Which segment a stretch is: against looking at all of them, one by one."""

import random

from resp.score.schema import Segment
from resp.score.stretches import SAME_EDGE_S, segments_of, stretches_apart


def window(start_s, end_s):
    return Segment(kind="window", start_s=start_s, end_s=end_s, probabilities={"normal": 1.0}, label="normal")


def test_the_nearest_of_all_is_found():
    chance = random.Random(1)
    segments = [window(4 * number, 4 * number + 8) for number in range(50)]
    edges = [(one.start_s, one.end_s) for one in segments]
    apart = stretches_apart(segments)
    drawn = [
        tuple(edge + chance.uniform(-2, 2) * SAME_EDGE_S for edge in chance.choice([*edges, *apart]))
        for _ in range(300)
    ]

    def slowly(stretch):
        offs = {
            max(abs(one - other) for one, other in zip(known, stretch, strict=True)): segment
            for known, segment in [*zip(edges, segments, strict=True), *zip(apart, segments, strict=True)]
        }
        return offs[min(offs)] if min(offs) <= SAME_EDGE_S else None

    found = segments_of(drawn, segments)
    assert found == tuple(map(slowly, drawn))
    assert None in found
    assert len({one.start_s for one in found if one}) > 20


def test_nothing_beside_nothing():
    assert segments_of([], [window(0, 8)]) == ()
    assert segments_of([(0.0, 8.0)], []) == (None,)
