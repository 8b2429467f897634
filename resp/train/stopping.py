"""Stopping a run politely: the signal is noted, the step is finished, the state is saved."""

import signal
import threading
from types import FrameType, TracebackType

from resp.train.errors import TrainError


class RunInterruptedError(TrainError):
    """The run was stopped by a signal and can be resumed."""


class StopRequest:
    """Notes SIGINT and SIGTERM while the block runs; a second one acts at once.

    Parameters
    ----------
    listen
        False leaves signals alone: of several processes, all would have to stop at the same step.
    """

    def __init__(self, *, listen: bool = True) -> None:
        self.requested = False
        # Python lets only the main thread handle signals.
        self._listen = listen and threading.current_thread() is threading.main_thread()
        self._before: dict[int, signal.Handlers | object] = {}

    def __enter__(self) -> "StopRequest":
        if self._listen:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]
        self._before.clear()
