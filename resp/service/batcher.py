"""Segments of several requests go through the network in one batch."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from heapq import heappop, heappush
from itertools import count

import numpy as np
from numpy.typing import NDArray

from resp.service.errors import ServiceError

Floats = NDArray[np.float32]
Outputs = tuple[Floats, ...]
Run = Callable[[Floats], Outputs]


class _Ticket:
    """Segments of one request that wait, and what the network has said of them so far."""

    def __init__(self, segments: Floats) -> None:
        self.segments = segments
        self.taken = 0
        self.parts: list[Outputs] = []
        self.future: Future[Outputs] = Future()

    def take(self, most: int) -> Floats:
        rows = self.segments[self.taken : self.taken + most]
        self.taken += len(rows)
        return rows

    def give(self, outputs: Outputs) -> None:
        if self.future.done():
            return
        self.parts.append(outputs)
        if sum(len(part[0]) for part in self.parts) == len(self.segments):
            self.future.set_result(tuple(np.concatenate(column) for column in zip(*self.parts, strict=True)))

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Batcher:
    """One thread that runs a network; what came while it ran goes into the next batch.

    Nothing is waited for: a request that is alone is run at once, and batches grow by themselves where requests come
    faster than the network runs.

    Parameters
    ----------
    run
        Segments [n, time] → arrays with n rows each. A row may depend on its own segment alone.
    size
        Most segments at once.
    together
        Whether a batch may hold segments of several requests.
    turn
        Held while the network runs, where several share a device.
    observe
        Told how many segments and how many requests were in each batch.
    """

    def __init__(
        self,
        run: Run,
        size: int,
        *,
        together: bool = True,
        turn: "threading.Lock | None" = None,
        observe: Callable[[int, int], None] = lambda segments, requests: None,  # noqa: ARG005
    ) -> None:
        self._run, self._size, self._together = run, size, together
        self._turn = turn or threading.Lock()
        self._observe = observe
        self._waiting: list[tuple[float, int, _Ticket]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="resp-network", daemon=True)
        self._thread.start()

    def submit(self, segments: Floats, place: float = 0.0) -> Future[Outputs]:
        """Hand in segments; return what `run` will say of them.

        Parameters
        ----------
        segments
            [n, time], n at least 1.
        place
            In the queue: the lowest comes first; of equal ones, the first that was handed in.

        Raises
        ------
        ServiceError
            It was closed.
        """
        ticket = _Ticket(segments)
        with self._changed:
            if self._closed:
                raise ServiceError("the service has ended; ask another one")
            heappush(self._waiting, (place, next(self._numbers), ticket))
            self._changed.notify()
        return ticket.future

    def close(self) -> None:
        """Finish what was handed in, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while taken := self._next():
            with self._turn:
                self._observe(sum(len(rows) for _, rows in taken), len(taken))
                self._run_batch(taken)

    def _next(self) -> list[tuple[_Ticket, Floats]]:
        """Return the next batch as parts of requests; nothing at the end."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            taken: list[tuple[_Ticket, Floats]] = []
            room = self._size
            while self._waiting and room:
                ticket = self._waiting[0][-1]
                rows = ticket.take(room)
                room -= len(rows)
                taken.append((ticket, rows))
                if ticket.taken == len(ticket.segments):
                    heappop(self._waiting)
                if not self._together:
                    break
            return taken

    def _run_batch(self, taken: list[tuple[_Ticket, Floats]]) -> None:
        try:
            outputs = self._run(np.concatenate([rows for _, rows in taken]))
        except Exception as error:
            if len(taken) == 1:
                taken[0][0].fail(error)
                return
            # One request must not fail because of another.
            for part in taken:
                self._run_batch([part])
            return
        start = 0
        for ticket, rows in taken:
            stop = start + len(rows)
            ticket.give(tuple(column[start:stop] for column in outputs))
            start = stop
