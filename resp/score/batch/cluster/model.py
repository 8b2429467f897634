"""How a model comes to the machines of a cluster: its folder is sent, whatever they have on their own disks."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from resp.models.folder import CARD, CONFIG, WEIGHTS
from resp.score.engines.contract import EngineName, Precision
from resp.score.engines.exported import ENGINE, GRAPHS
from resp.score.scorer import Scorer

_FILES = (CONFIG, WEIGHTS, CARD, ENGINE, *(name for names in GRAPHS.values() for name in names))


@dataclass(frozen=True, slots=True)
class SentModel:
    """A model folder's files, and how it is to be loaded; called on a machine it gives the scorer.

    Parameters
    ----------
    files
        Name → content.
    device, threads, engine, precision
        See `resp.score.Scorer.load`.
    """

    files: dict[str, bytes]
    device: str
    threads: int
    engine: EngineName
    precision: Precision

    @classmethod
    def of(cls, scorer: Scorer, *, device: str = "cpu", threads: int | None = None) -> "SentModel":
        """Take the model of a scorer, to be run by the same engine.

        Parameters
        ----------
        scorer
            Loaded from a folder.
        device
            Its kind counts: an actor has one GPU, and knows it as the first.
        threads
            CPU threads of each actor; None is one.
        """
        folder = scorer.model.folder
        files = {name: (folder / name).read_bytes() for name in _FILES if (folder / name).is_file()}
        return cls(files, device.partition(":")[0], threads or 1, scorer.engine.name, scorer.engine.precision)

    def __call__(self) -> Scorer:
        """Load it."""
        with TemporaryDirectory(prefix="resp-model-") as folder:
            for name, content in self.files.items():
                Path(folder, name).write_bytes(content)
            return Scorer.load(
                folder, device=self.device, threads=self.threads, engine=self.engine, precision=self.precision
            )
