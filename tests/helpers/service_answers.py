"""What answers of the service are held against, and the header that shows a key."""

import json
import re
from pathlib import Path

import pytest

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))


def problem(answer, status, kind):
    """Check that an answer is a problem in one sentence, and return the sentence."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "request_id"}
    assert (told["type"], told["status"]) == (f"urn:resp:{kind}", status)
    assert told["request_id"] == answer.headers["x-request-id"]
    assert re.fullmatch(r"[^\n]{10,250}[.…]", told["detail"])
    return told["detail"]


def alike(one, two):
    """Compare reports: numbers to the tolerance of another batch, all else to the letter."""
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        for name in one:
            alike(one[name], two[name])
    elif isinstance(one, list):
        assert len(one) == len(two)
        for mine, other in zip(one, two, strict=True):
            alike(mine, other)
    elif isinstance(one, float):
        assert one == pytest.approx(two, rel=1e-4, abs=1e-5)
    else:
        assert one == two


def bearer(key):
    return {"Authorization": f"Bearer {key}"}
