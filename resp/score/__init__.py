"""A recording becomes a report.

Names are imported on first use: the Report contract needs no torch, the scorer does.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.score.cycles import BreathCycles, find_cycles
    from resp.score.errors import ScoreError
    from resp.score.inputs import find_inputs
    from resp.score.schema import ModelIdentity, RecordingIdentity, Report, Segment, Summary
    from resp.score.scorer import Scorer
    from resp.score.summarise import PatientSummary, SiteSummary, summarise_sites

_NAMES = {
    "BreathCycles": "cycles",
    "ModelIdentity": "schema",
    "PatientSummary": "summarise",
    "RecordingIdentity": "schema",
    "Report": "schema",
    "ScoreError": "errors",
    "Scorer": "scorer",
    "Segment": "schema",
    "SiteSummary": "summarise",
    "Summary": "schema",
    "find_cycles": "cycles",
    "find_inputs": "inputs",
    "summarise_sites": "summarise",
}

__all__ = [
    "Scorer",
    "Report",
    "RecordingIdentity",
    "Segment",
    "Summary",
    "ModelIdentity",
    "ScoreError",
    "BreathCycles",
    "find_cycles",
    "find_inputs",
    "PatientSummary",
    "SiteSummary",
    "summarise_sites",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
