"""How many segments a network takes at once."""

from resp.models.folder import LoadedModel
from resp.score.engines.exported import GRAPHS, ExportedModel

ON_GPU = 64
# A small network on a CPU waits for each of its calls: most recordings are one batch.
SMALL = 16
# A large one gains nothing by more, and a batch is memory.
LARGE = 4
_LARGE_BYTES = 40_000_000


def segments_at_once(model: LoadedModel | ExportedModel, device: str = "cpu") -> int:
    """Return how many segments go through a model's network in one call.

    Parameters
    ----------
    model
        Its weights decide on a CPU.
    device
        Where it runs.
    """
    if device != "cpu":
        return ON_GPU
    return LARGE if _weights_bytes(model) > _LARGE_BYTES else SMALL


def _weights_bytes(model: LoadedModel | ExportedModel) -> int:
    if isinstance(model, ExportedModel):
        return sum((model.folder / name).stat().st_size for name in GRAPHS[model.exported.engine])
    return sum(parameter.nbytes for parameter in model.network.parameters())
