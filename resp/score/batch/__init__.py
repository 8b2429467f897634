"""Many recordings: lists of inputs, a journal that outlives a crash, worker processes, a cluster.

Nothing here imports torch, but `resp.score.batch.cluster.model`: whoever judges is passed in.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.score.batch.errors import JournalError
    from resp.score.batch.inputs import Input, Inputs, list_inputs
    from resp.score.batch.journal import Journal
    from resp.score.batch.run import score_batch
    from resp.score.batch.shard import Shard

_NAMES = {
    "Input": "inputs",
    "Inputs": "inputs",
    "Journal": "journal",
    "JournalError": "errors",
    "Shard": "shard",
    "list_inputs": "inputs",
    "score_batch": "run",
}

__all__ = ["Input", "Inputs", "list_inputs", "Shard", "Journal", "JournalError", "score_batch"]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
