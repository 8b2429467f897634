import threading

import numpy as np
import pytest

from resp.service import ServiceError
from resp.service.batcher import Batcher


def segments(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32)


class Network:
    """Sums and doubles of rows; waits at a gate, and remembers its batches."""

    def __init__(self):
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()
        self.batches = []

    def __call__(self, rows):
        self.batches.append(rows)
        self.entered.set()
        assert self.gate.wait(10)
        if (rows == 13).any():
            raise ZeroDivisionError("inside")
        return rows.sum(1, keepdims=True), 2 * rows


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def batcher(network):
    made = []

    def make(size, **settings):
        made.append(Batcher(network, size, **settings))
        return made[-1]

    yield make
    network.gate.set()
    for one in made:
        one.close()


def held(network, batcher):
    """Hand in a first request that stays in the network, so that what follows has to wait."""
    network.gate.clear()
    first = batcher.submit(segments(1, seed=99))
    assert network.entered.wait(5)
    return first


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("size", [1, 3, 4, 64])
def test_every_request_gets_what_it_would_get_alone(network, batcher, size, together):
    one = batcher(size, together=together)
    held(network, one)
    asked = [segments(count, seed=count) for count in (1, 2, 3, 4, 5, 1)]
    futures = [one.submit(rows) for rows in asked]
    network.gate.set()
    for rows, future in zip(asked, futures, strict=True):
        sums, doubles = future.result(5)
        np.testing.assert_allclose(sums[:, 0], rows.sum(1))
        np.testing.assert_array_equal(doubles, 2 * rows)
    assert max(map(len, network.batches)) <= size


def test_a_request_that_is_alone_is_run_at_once(network, batcher):
    one = batcher(64)
    network.gate.clear()
    one.submit(segments(1))
    # Nothing else comes, no timer runs out: the network has it.
    assert network.entered.wait(5)
    assert [len(rows) for rows in network.batches] == [1]


def test_what_came_meanwhile_goes_in_full_batches(network, batcher):
    seen = []
    one = batcher(4, observe=lambda rows, requests: seen.append((rows, requests)))
    held(network, one)
    futures = [one.submit(segments(count)) for count in (1, 2, 3, 1, 1)]
    network.gate.set()
    for future in futures:
        future.result(5)
    assert seen == [(1, 1), (4, 3), (4, 3)]


def test_the_lowest_place_comes_first(network, batcher):
    one = batcher(2)
    held(network, one)
    asked = {place: one.submit(np.full((2, 5), place, dtype=np.float32), place) for place in (5, 2, 9, 1)}
    network.gate.set()
    for future in asked.values():
        future.result(5)
    assert [rows[0, 0] for rows in network.batches[1:]] == [1, 2, 5, 9]


def test_apart_no_batch_holds_two_requests(network, batcher):
    seen = []
    one = batcher(4, together=False, observe=lambda rows, requests: seen.append((rows, requests)))
    held(network, one)
    futures = [one.submit(segments(count)) for count in (1, 2, 3)]
    network.gate.set()
    for future in futures:
        future.result(5)
    assert seen == [(1, 1), (1, 1), (2, 1), (3, 1)]


def test_a_request_that_fails_fails_alone(network, batcher):
    one = batcher(8)
    held(network, one)
    good, bad = segments(2), np.full((2, 5), 13, dtype=np.float32)
    futures = [one.submit(rows) for rows in (good, bad, good)]
    network.gate.set()
    with pytest.raises(ZeroDivisionError):
        futures[1].result(5)
    for future in (futures[0], futures[2]):
        np.testing.assert_array_equal(future.result(5)[1], 2 * good)


def test_what_was_handed_in_before_the_end_is_finished(network, batcher):
    one = batcher(2)
    first = held(network, one)
    last = one.submit(segments(3))
    ending = threading.Thread(target=one.close)
    ending.start()
    network.gate.set()
    ending.join(5)
    assert first.done()
    assert last.done()
    with pytest.raises(ServiceError, match="ended"):
        one.submit(segments(1))


def test_two_networks_take_turns(network, batcher):
    turn = threading.Lock()
    one, two = batcher(4, turn=turn), batcher(4, turn=turn)
    held(network, one)
    second = two.submit(segments(1))
    assert len(network.batches) == 1
    network.gate.set()
    second.result(5)
