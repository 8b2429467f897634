"""Recordings are read and prepared in threads while the network works: soxr, decoders and torch let go of the GIL."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from resp.score.long.sound import LongSound
from resp.score.prepare import Prepared

Item = TypeVar("Item")

THREADS = 2
AHEAD = 4


def prepared_ahead(
    items: Iterable[Item], prepare: Callable[[Item], Prepared | LongSound]
) -> Iterator[tuple[Item, Prepared | LongSound | Exception]]:
    """Yield each item with what ``prepare`` makes of it, or with what that raises, in order; a few are made ahead."""
    waiting: deque[tuple[Item, Future[Prepared | LongSound]]] = deque()
    left = iter(items)
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="resp-prepare")
    try:
        while True:
            while len(waiting) < AHEAD:
                try:
                    item = next(left)
                except StopIteration:
                    break
                waiting.append((item, pool.submit(prepare, item)))
            if not waiting:
                return
            item, future = waiting.popleft()
            try:
                made: Prepared | LongSound | Exception = future.result()
            except Exception as error:
                made = error
            yield item, made
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def one_ahead(values: Iterator[Item]) -> Iterator[Item]:
    """Yield ``values``, of which the next one is made in a thread while this one is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="resp-ahead") as pool:
        coming: Future[tuple[Item, ...]] = pool.submit(_next, values)
        while found := coming.result():
            coming = pool.submit(_next, values)
            yield found[0]


def _next(values: Iterator[Item]) -> tuple[Item, ...]:
    """Return the next value alone in a tuple, which is empty at the end."""
    for value in values:
        return (value,)
    return ()
