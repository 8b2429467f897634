"""A graph behind a front end: what the engines that are not torch have in common."""

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from resp.score.engines.contract import Answer, Engine, Floats, Precision
from resp.score.engines.split import FrontEnd
from resp.score.errors import ScoreError


class GraphEngine(Engine):
    """A front end in torch, and a graph that another library runs.

    Parameters
    ----------
    front
        Makes the graph's input.
    precision, stage, reason
        See `Engine`.
    most_frames
        The graph's input is [n, frames, bins] with at most so many frames; None where the graph alone decides.
    """

    def __init__(
        self, front: FrontEnd, *, precision: Precision, stage: str, most_frames: int | None = None, reason: str = ""
    ) -> None:
        super().__init__(
            precision=precision,
            rate_hz=front.rate_hz,
            input_samples=front.input_samples,
            stage=stage,
            reason=reason,
        )
        self._front = front.eval()
        self._most_frames = most_frames

    def run(self, windows: NDArray[Any]) -> Answer:
        """See `Engine.run`; `ScoreError` for windows of another length than the network's."""
        wanted = self.input_samples
        if windows.ndim != 2 or not len(windows) or (wanted is not None and windows.shape[1] != wanted):
            raise ScoreError(
                f"windows of shape {windows.shape}; expected [n, {wanted or 'samples'}] at {self.rate_hz} Hz"
            )
        with torch.inference_mode():
            value = self._front(torch.from_numpy(np.require(windows, np.float32, ["C", "W"])))
        return self.run_frames(value.numpy())

    def run_frames(self, frames: Floats) -> Answer:
        """Return what the graph says of the front end's output.

        Parameters
        ----------
        frames
            float32 [n, frames, bins] as `FrontEnd` makes them (the waveform [n, samples] of a network that hears
            it); of an AST fewer frames than its window has are filled up by the graph.

        Raises
        ------
        ScoreError
            More frames than the model's window has.
        """
        if self._most_frames is not None and frames.shape[1] > self._most_frames:
            raise ScoreError(f"{frames.shape[1]} frames; the model takes at most {self._most_frames}")
        return self._run(np.ascontiguousarray(frames, dtype=np.float32))

    @abstractmethod
    def _run(self, frames: Floats) -> Answer:
        """Run the graph."""
