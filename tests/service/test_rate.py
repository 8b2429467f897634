import numpy as np
import pytest

from resp.service.rate import RateLimit


def bucket(times, per_min, burst):
    """A bucket of tokens, counted step by step: the slow version."""
    tokens, before, taken = float(burst), times[0], []
    for now in times:
        tokens = min(burst, tokens + (now - before) * per_min / 60)
        before = now
        taken.append(tokens >= 1 - 1e-9)
        tokens -= taken[-1]
    return taken


@pytest.mark.parametrize(("per_min", "burst"), [(60, 1), (60, 5), (600, 3), (7, 4)])
def test_it_is_a_bucket_of_tokens(per_min, burst):
    times = np.cumsum(np.random.default_rng(0).exponential(60 / per_min * 0.7, size=300))
    clock = iter(times)
    limit = RateLimit(per_min, burst, clock=lambda: next(clock))
    assert [limit.wait_s("a") <= 1e-9 for _ in times] == bucket(times, per_min, burst)


def test_after_the_wait_that_it_names_a_request_is_taken():
    now = [0.0]
    limit = RateLimit(30, 2, clock=lambda: now[0])
    assert [limit.wait_s("a") for _ in range(2)] == [0, 0]
    assert limit.wait_s("a") == pytest.approx(2.0)
    assert limit.wait_s("b") == 0
    now[0] = 2.0
    assert limit.wait_s("a") == 0
    assert limit.wait_s("a") > 0
