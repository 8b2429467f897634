"""Every method gives the same kind of answer, an `Explanation`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from resp.audio import Recording
from resp.models.folder import LoadedModel
from resp.score.explain.errors import ExplainError
from resp.score.explain.explanation import Explanation
from resp.score.explain.heard import Heard, hear
from resp.score.explain.names import DEFAULT_METHOD, GRADIENTS, METHODS, OCCLUSION, ROLLOUT


def importance(heard: Heard, method: str) -> NDArray[np.float32]:
    """Return what a method says of ``heard``, [frames, bins].

    Raises
    ------
    ExplainError
        No such method.
    MethodNotApplicable
        It has no meaning for this network.
    """
    return _method(method)(heard)


def explain_segment(
    model: LoadedModel,
    recording: Recording,
    start_s: float,
    end_s: float,
    *,
    method: str = DEFAULT_METHOD,
    label: str | None = None,
) -> Explanation:
    """Say what in a stretch of a recording drove the model's finding.

    Parameters
    ----------
    model
        A loaded model folder, its network in evaluation mode.
    recording
        Any rate and number of channels.
    start_s, end_s
        The stretch, in seconds.
    method
        ``occlusion``, ``integrated_gradients`` or ``attention_rollout``.
    label
        The class to explain; None takes the most probable one.

    Raises
    ------
    ExplainError
        No such method or class, or sound that cannot be judged.
    MethodNotApplicable
        The method has no meaning for this network.
    ScoreError
        A stretch that does not lie in the recording.
    """
    _method(method)
    heard = hear(model, recording, start_s, end_s, label=label)
    return heard.explanation(method, importance(heard, method))


def _method(name: str) -> Callable[[Heard], NDArray[np.float32]]:
    # Imported when they are used: captum takes half a second.
    if name == OCCLUSION:
        from resp.score.explain.occlusion import occlusion

        return occlusion
    if name == GRADIENTS:
        from resp.score.explain.gradients import integrated_gradients

        return integrated_gradients
    if name == ROLLOUT:
        from resp.score.explain.rollout import attention_rollout

        return attention_rollout
    raise ExplainError(f"no method {name!r} to explain with; there are {', '.join(METHODS)}")
