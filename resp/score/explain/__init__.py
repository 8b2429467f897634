"""Why a finding: what in the sound drove it, on a grid in s and Hz.

Names are imported on first use: the value needs no torch, the methods do.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.score.explain.errors import ExplainError, MethodNotApplicable
    from resp.score.explain.explanation import Explanation, Region
    from resp.score.explain.methods import explain_segment
    from resp.score.explain.names import DEFAULT_METHOD, METHODS

_NAMES = {
    "DEFAULT_METHOD": "names",
    "ExplainError": "errors",
    "Explanation": "explanation",
    "METHODS": "names",
    "MethodNotApplicable": "errors",
    "Region": "explanation",
    "explain_segment": "methods",
}

__all__ = [
    "explain_segment",
    "Explanation",
    "Region",
    "METHODS",
    "DEFAULT_METHOD",
    "ExplainError",
    "MethodNotApplicable",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
