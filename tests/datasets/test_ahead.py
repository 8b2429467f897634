"""Values made ahead: the same in the same order, what is raised comes through, and no thread stays behind."""

import gc
import threading
import time
from functools import partial

import pytest

from resp.datasets import DataError
from resp.datasets.ahead import Ahead

PATIENCE_S = 10.0


def threads() -> int:
    return sum(thread.name.startswith("ahead") for thread in threading.enumerate())


def until(condition) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


class Makers:
    """Makers of 0, 1, 2 …; notes what was made, and in which threads."""

    def __init__(self, count: int, *, fails_at: int | None = None, seconds: float = 0.0) -> None:
        self.count, self.fails_at, self.seconds = count, fails_at, seconds
        self.made: list[int] = []
        self.threads: set[str] = set()

    def __iter__(self):
        return (partial(self.make, number) for number in range(self.count))

    def make(self, number: int) -> int:
        # Later ones are made faster, so that they would overtake if they could.
        time.sleep(self.seconds + 0.001 * (self.count - number) / self.count)
        if number == self.fails_at:
            raise KeyError(number)
        self.threads.add(threading.current_thread().name)
        self.made.append(number)
        return number


@pytest.mark.parametrize("ahead", [0, 1, 4, 100])
def test_the_same_values_in_the_same_order(ahead):
    makers = Makers(20)
    with Ahead(makers, ahead) as values:
        assert list(values) == list(range(20))
        assert list(values) == []
    assert (threading.current_thread().name in makers.threads) == (ahead == 0)
    assert threads() == 0


def test_never_more_ahead_than_asked_for():
    makers = Makers(20)
    with Ahead(makers, 3) as values:
        until(lambda: len(makers.made) == 3)
        time.sleep(0.02)
        assert sorted(makers.made) == [0, 1, 2]
        assert next(values) == 0
        until(lambda: len(makers.made) == 4)
        time.sleep(0.02)
        assert sorted(makers.made) == [0, 1, 2, 3]


def test_nothing_is_made_before_it_is_asked_for_without_a_thread():
    makers = Makers(5)
    with Ahead(makers, 0) as values:
        assert threads() == 0
        assert makers.made == []
        next(values)
        assert makers.made == [0]


@pytest.mark.parametrize("ahead", [0, 1, 10])
def test_what_is_raised_comes_through_in_its_place(ahead):
    with Ahead(Makers(10, fails_at=3), ahead) as values:
        assert [next(values) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(KeyError, match="3"):
            next(values)
        assert list(values) == []
    assert threads() == 0


@pytest.mark.parametrize("ahead", [0, 1, 4])
def test_closing_early_ends_the_thread(ahead):
    makers = Makers(1000)
    values = Ahead(makers, ahead)
    assert next(values) == 0
    values.close()
    values.close()
    assert threads() == 0
    assert list(values) == []
    assert len(makers.made) <= 1 + ahead


def test_an_interruption_ends_the_thread():
    def interrupted() -> None:
        with Ahead(Makers(1000), 2) as values:
            next(values)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert threads() == 0


def test_being_forgotten_ends_the_thread():
    values = Ahead(Makers(1000), 2)
    next(values)
    assert threads() > 0
    del values
    gc.collect()
    until(lambda: threads() == 0)


@pytest.mark.parametrize("ahead", [0, 1])
def test_waiting_is_measured(ahead):
    with Ahead(Makers(3, seconds=0.03), ahead) as values:
        list(values)
        hurried = values.waited_s
    assert hurried > 0.05
    with Ahead(Makers(3, seconds=0.03), ahead) as values:
        for _ in values:
            time.sleep(0.06)
        rested = values.waited_s
    # Made ahead, only the first one is waited for; else each.
    assert rested > 0.05 if ahead == 0 else rested < hurried


def test_several_are_made_at_a_time():
    together = threading.Barrier(3, timeout=PATIENCE_S)
    with Ahead([together.wait] * 3, 3) as values:
        assert sorted(values) == [0, 1, 2]


def test_less_than_nothing_ahead():
    with pytest.raises(DataError, match="expected 0 or more"):
        Ahead([], -1)
