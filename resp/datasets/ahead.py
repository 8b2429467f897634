"""Making batches in the background, so that whoever takes them does not wait."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from resp.datasets.errors import DataError

Value = TypeVar("Value")


class Ahead(Iterator[Value]):
    """Calls makers of values in threads, a few ahead of whoever iterates over this.

    The values come in the order of their makers, and what a maker raises comes in its place and ends them. Use it as
    a context manager, or `close` it: its threads end with it, at the latest when what they are making is made.

    Parameters
    ----------
    makers
        Make a value each, independently of one another.
    count
        How many values are made ahead at most, each in a thread of its own; 0 makes each when it is asked for, and
        without a thread.

    Attributes
    ----------
    waited_s
        How long those who asked for a value have waited in all, in seconds.

    Raises
    ------
    DataError
        A negative count.
    """

    def __init__(self, makers: Iterable[Callable[[], Value]], count: int) -> None:
        if count < 0:
            raise DataError(f"{count} values ahead; expected 0 or more")
        self.waited_s = 0.0
        self._makers = iter(makers)
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="ahead") if count else None
        self._begun: deque[Future[Value]] = deque()
        for _ in range(count):
            self._begin_one()

    def __next__(self) -> Value:
        began = time.perf_counter()
        try:
            if self._pool is None:
                return next(self._makers)()
            if not self._begun:
                raise StopIteration
            value = self._begun.popleft().result()
            self._begin_one()
            return value
        except BaseException:
            self.close()
            raise
        finally:
            self.waited_s += time.perf_counter() - began

    def close(self) -> None:
        """End the threads; there are no more values from then on."""
        self._makers = iter(())
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._begun.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin_one(self) -> None:
        maker = next(self._makers, None)
        if maker is not None and self._pool is not None:
            self._begun.append(self._pool.submit(maker))
