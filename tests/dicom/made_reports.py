"""Parts of reports that are hard to bring back: numbers that no decimal of 16 characters holds."""

from datetime import UTC, datetime

from resp.score.schema import Segment

PROBABILITIES = {"normal": 1 / 3, "crackle": 0.1 + 0.2, "wheeze": 0.1, "both": 1 - 1 / 3 - (0.1 + 0.2) - 0.1}
NOW = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)


def segment(place, probabilities=PROBABILITIES):
    kind = ("annotated_cycle", "cycle", "window")[place % 3]
    sure = place % 2 == 0
    return Segment(
        kind=kind,
        start_s=place / 3,
        end_s=(place + 1) / 3,
        probabilities=probabilities,
        label="crackle" if sure else None,
        prediction_set=("crackle",) if sure else ("crackle", "normal"),
        abstained=None if sure else "the two likeliest classes are too close",
    )
