"""Worker processes that read and prepare recordings: more cores for decoding, and a wall around it.

A decoder that crashes takes its process with it and no more: the recording is tried once again in a fresh one, in
case something else ended the first, and then fails with that reason. Workers load no network.
"""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal

from resp.models.config import ModelConfig
from resp.score.batch.inputs import Input
from resp.score.batch.preparing import portable, prepare_input
from resp.score.errors import ScoreError
from resp.score.long.sound import LongSound

TRIES = 2
_POLL_S = 0.2
_PATIENCE_S = 1.0
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Message:
    """What a worker made of the input at ``place``.

    ``prepared``: a `Prepared`; ``piece``: the next of a long recording, after which more come; ``end``: it is whole;
    ``error``: an exception; ``again``: forget the pieces so far, they come once more.
    """

    place: int
    kind: Literal["prepared", "piece", "end", "error", "again"]
    value: Any = None


class WorkerPool:
    """Processes that prepare recordings; a context manager that ends them.

    Parameters
    ----------
    count
        How many.
    config, rate_hz, annotations
        See `resp.score.batch.preparing.prepare_input`.

    Raises
    ------
    ScoreError
        Fewer than one.
    """

    def __init__(
        self, count: int, config: ModelConfig, rate_hz: int, annotations: str | os.PathLike[str] | None = None
    ) -> None:
        if count < 1:
            raise ScoreError(f"{count} worker processes; expected at least 1")
        self._count = count
        self._settings = (config, rate_hz, annotations)
        # Not forked: a copy of a process with threads, and of its network, is no clean start.
        self._context = multiprocessing.get_context("spawn")
        # Bounded: who prepares waits for who judges.
        self._made: queue.Queue[Message | BaseException | None] = queue.Queue(maxsize=_AHEAD * count)
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def messages(self, items: Iterable[tuple[int, Input]]) -> Iterator[Message]:
        """Yield what the workers make of the inputs (place and input), in no order of the inputs."""
        tasks = _Shared(items)
        self._threads = [
            threading.Thread(target=self._serve, args=(tasks,), name=f"resp-worker-{number}", daemon=True)
            for number in range(self._count)
        ]
        for thread in self._threads:
            thread.start()
        working = self._count
        while working:
            made = self._made.get()
            if made is None:
                working -= 1
            elif isinstance(made, BaseException):
                raise made
            else:
                yield made

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        self._stopped.set()
        for thread in self._threads:
            while thread.is_alive():
                # A thread may wait for room.
                with suppress(queue.Empty):
                    self._made.get_nowait()
                thread.join(timeout=0.01)

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self, tasks: "_Shared") -> None:
        """Keep one worker busy; runs in a thread of its own."""
        worker: _Worker | None = None
        try:
            while not self._stopped.is_set() and (task := tasks.next()) is not None:
                place, item = task
                for attempt in range(1, TRIES + 1):
                    worker = worker or _Worker(self._context, self._settings)
                    if self._ask(worker, place, item):
                        break
                    ended, worker = worker.end(), None
                    if self._stopped.is_set():
                        return
                    last = attempt == TRIES
                    crash = ScoreError(f"{item.name}: reading it ended the process that read it, twice ({ended})")
                    self._put(Message(place, "error", crash) if last else Message(place, "again"))
        except BaseException as error:
            self._put(error)
        finally:
            if worker:
                worker.end()
            self._put(None)

    def _ask(self, worker: "_Worker", place: int, item: Input) -> bool:
        """Pass on what a worker makes of an input; tell whether it lived to the end of it."""
        try:
            worker.connection.send(item)
            while True:
                while not worker.connection.poll(_POLL_S):
                    if self._stopped.is_set():
                        return False
                kind, value = worker.connection.recv()
                self._put(Message(place, kind, value))
                if kind != "piece":
                    return True
        except (EOFError, OSError):
            return False

    def _put(self, made: Message | BaseException | None) -> None:
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._made.put(made, timeout=_POLL_S)
                return


class _Shared:
    """Items that several threads take from."""

    def __init__(self, items: Iterable[tuple[int, Input]]) -> None:
        self._left, self._lock = iter(items), threading.Lock()

    def next(self) -> tuple[int, Input] | None:
        with self._lock:
            return next(self._left, None)


class _Worker:
    """A process, and the connection to it.

    Raises
    ------
    ScoreError
        The process ended before it could begin: no recording's fault, and the end of the batch.
    """

    def __init__(self, context: Any, settings: tuple[Any, ...]) -> None:
        self.connection, there = context.Pipe()
        self._process = context.Process(target=_work, args=(there, *settings), name="resp-worker", daemon=True)
        self._process.start()
        # Ours would keep it open when the process has died.
        there.close()
        try:
            self.connection.recv()
        except (EOFError, OSError) as error:
            raise ScoreError(
                f"a worker process ended before it could begin ({self.end()}); "
                "a script that starts some needs `if __name__ == '__main__':`, or score without workers"
            ) from error

    def end(self) -> str:
        """End the process, and say in words how it ended where it did so itself."""
        self.connection.close()
        self._process.join(timeout=_PATIENCE_S)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            self._process.join()
        if code is not None and code < 0:
            with suppress(ValueError):
                return f"signal {signal.Signals(-code).name}"
        return f"exit status {code}"


def _work(
    connection: Connection, config: ModelConfig, rate_hz: int, annotations: str | os.PathLike[str] | None
) -> None:
    """Prepare one recording after the other, until the connection ends."""
    # Ctrl-C reaches every process of a terminal; ending is for the one that asks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The connection ends with whoever asked.
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send("ready")
        while True:
            item = connection.recv()
            try:
                made = prepare_input(item, config, rate_hz, annotations)
                if isinstance(made, LongSound):
                    for piece in made.pieces():
                        connection.send(("piece", piece))
                    connection.send(("end", None))
                else:
                    connection.send(("prepared", made))
            except (EOFError, BrokenPipeError, ConnectionResetError):
                raise
            except Exception as error:
                connection.send(("error", portable(error)))
