"""A recording's segments through the network, once, and with them the windows by which it is recognised."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.models.familiarity import Familiarity
from resp.models.network import OUTPUT
from resp.score.errors import ScoreError
from resp.score.prepare import Prepared, Span

Run = Callable[[Prepared, str], tuple[NDArray[Any], NDArray[Any]]]
"""Returns logits [segments, classes], and the pooled output of a stage [segments, channels]."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the network made of a recording, or of a stretch of it.

    Parameters
    ----------
    logits
        Float64 [segments, classes].
    pooled
        [windows, channels]: the output of the stage by which familiarity is judged.
    windows
        Where they are.
    """

    logits: NDArray[np.float64]
    pooled: NDArray[Any]
    windows: tuple[Span, ...]


def hear(
    prepared: Prepared, run: Run, familiarity: Familiarity | None, windows: tuple[Span, ...] | None = None
) -> Heard:
    """Run the network over segments and, where a model knows what is familiar, over windows, in common batches.

    Familiarity was fitted on windows. A cycle is repeated until it fills one, which sounds different to the network.

    Parameters
    ----------
    prepared
        With at least one segment.
    run
        Runs the network.
    familiarity
        The model's, None where it has none.
    windows
        By which the sound is recognised; those of `Prepared.in_windows` where None.

    Raises
    ------
    ScoreError
        A network that gives values that are not finite numbers.
    """
    spans = prepared.spans
    if familiarity is None:
        windows = ()
    elif windows is None:
        windows = spans if all(span.kind == "window" for span in spans) else prepared.in_windows().spans
    apart = () if windows == spans else windows
    found, pooled = run(prepared.with_spans((*spans, *apart)), familiarity.stage if familiarity else OUTPUT)
    logits = found[: len(spans)].astype(np.float64)
    if not np.isfinite(logits).all():
        raise ScoreError("the model gave values that are not finite numbers; its folder may be damaged")
    return Heard(logits, pooled[len(pooled) - len(windows) :], windows)
