"""Models that score the recordings of several requests at a time."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import count

import numpy as np

from resp.audio import AudioError, Limits, Recording, load_recording
from resp.score import Report, Scorer
from resp.score.engines.contract import Answer, Engine
from resp.score.prepare import prepare
from resp.score.schema import Status
from resp.service.batcher import Batcher, Floats
from resp.service.metrics import Metrics
from resp.service.settings import ServiceSettings

logger = logging.getLogger(__name__)

# Decoders, soxr and numpy keep a core busy each, and a decoded recording is large.
PREPARE_AT_ONCE = 2
# After each so many segments a recording goes behind so many that came after it: a long one does not hold up short
# ones, and is not held up for ever.
PATIENCE_SEGMENTS, LET_PASS = 16, 8


@dataclass(frozen=True, slots=True)
class Upload:
    """A sound file that was sent, and what was said of it.

    Parameters
    ----------
    content
        The file.
    name
        What the sender calls it.
    known
        ``body_site``, ``device`` and ``patient_key``, as far as they were given.
    model
        Name of the model that is asked; None for the first one.
    """

    content: BytesIO
    name: str
    known: Mapping[str, str]
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an upload: its report, encoded where it was made, so that no answer costs the event loop.

    Parameters
    ----------
    content
        The report in JSON; a failed one too.
    status, reason, duration_s
        Of the report.
    ours
        It failed for a reason that is not in the recording.
    """

    content: bytes
    status: Status
    reason: str | None
    duration_s: float
    ours: bool = False

    @classmethod
    def of(cls, report: Report, *, ours: bool = False) -> "Outcome":
        """Encode a report."""
        content = report.model_dump_json().encode("utf-8", "replace")
        return cls(content, report.status, report.reason, report.recording.duration_s or 0.0, ours)


class _Place(threading.local):
    """Of the recording that a thread scores: the how-many-th it is, and how many segments it has handed in."""

    number, sent = 0, 0


class SharedEngine(Engine):
    """An engine that any number of threads use: it takes their segments together.

    Parameters
    ----------
    engine
        What runs the network.
    size
        Most segments at once.
    together, turn, observe
        See `Batcher`.
    """

    def __init__(
        self,
        engine: Engine,
        size: int,
        *,
        together: bool = True,
        turn: "threading.Lock | None" = None,
        observe: Callable[[int, int], None] = lambda segments, requests: None,  # noqa: ARG005
    ) -> None:
        super().__init__(
            precision=engine.precision,
            rate_hz=engine.rate_hz,
            input_samples=engine.input_samples,
            stage=engine.stage,
            reason=engine.reason,
        )
        # It speaks for the one that it shares.
        self.name = engine.name  # type: ignore[misc]
        self._batcher = Batcher(engine.run, size, together=together, turn=turn, observe=observe)
        self._numbers = count()
        self._place = _Place()

    def begin(self) -> None:
        """Take a place in the queue for the recording that this thread scores from now on."""
        self._place.number, self._place.sent = next(self._numbers), 0

    def run(self, windows: Floats) -> Answer:
        """See `Engine.run`."""
        place = self._place.number + LET_PASS * (self._place.sent // PATIENCE_SEGMENTS)
        self._place.sent += len(windows)
        return Answer(*self._batcher.submit(windows, place).result())

    def close(self) -> None:
        """Finish what was handed in, and end."""
        self._batcher.close()


class OfferedScorer:
    """A model that scores the recordings of several threads.

    Parameters
    ----------
    scorer
        Its model and engine are shared.
    together, turn, observe
        See `Batcher`.
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        together: bool = True,
        turn: "threading.Lock | None" = None,
        observe: Callable[[int, int], None] = lambda segments, requests: None,  # noqa: ARG005
    ) -> None:
        self._engine = SharedEngine(scorer.engine, scorer.at_once, together=together, turn=turn, observe=observe)
        self._scorer = Scorer(scorer.model, device=scorer.device, engine=self._engine)
        self._preparing = threading.Semaphore(PREPARE_AT_ONCE)
        self.identity = scorer.identity
        self.config = scorer.config

    @property
    def runs_on(self) -> str:
        """What runs the network, such as ``torch fp32``."""
        return f"{self._engine.name} {self._engine.precision}"

    def warm_up(self) -> None:
        """Run the network once: what it sets up on its first run is then there."""
        samples = self.config.clip.window_samples(self._engine.rate_hz)
        self._engine.run(np.zeros((1, samples), dtype=np.float32))

    def score(self, upload: Upload, limits: Limits, label: str) -> Outcome:
        """Score a file that was sent; may be called by any thread.

        Parameters
        ----------
        upload
            It is not read again.
        limits
            What is taken.
        label
            What the log calls it: what it is called by its sender may name a patient.
        """
        try:
            self._engine.begin()
            with self._preparing:
                prepared = prepare(_read(upload, limits), self.config, self._engine.rate_hz, file=upload.name)
            return Outcome.of(self._scorer.judge(prepared))
        except AudioError as error:
            return Outcome.of(Report.failure(upload.name, str(error)))
        except Exception:
            logger.exception("%s could not be scored", label)
            return Outcome.of(Report.failure(upload.name, "the service failed; its log says why"), ours=True)

    def close(self) -> None:
        """Finish what the network has begun."""
        self._engine.close()


def _read(upload: Upload, limits: Limits) -> Recording:
    with upload.content as content:
        return load_recording(content, name=upload.name, limits=limits).with_known(**upload.known)


class Models:
    """The models that are offered, by name; the first is the default.

    Parameters
    ----------
    scorers
        At least one, each with another name.
    together
        See `Batcher`.
    metrics
        Told of every batch.
    """

    def __init__(self, scorers: Sequence[Scorer], *, together: bool, metrics: Metrics) -> None:
        # They share processor or device: two at a time would only be in each other's way.
        turn = threading.Lock()
        self._by_name = {
            scorer.identity.name: OfferedScorer(scorer, together=together, turn=turn, observe=metrics.batch)
            for scorer in scorers
        }

    def __iter__(self) -> Iterator[OfferedScorer]:
        return iter(self._by_name.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, the default first."""
        return tuple(self._by_name)

    def get(self, name: str | None) -> OfferedScorer | None:
        """Return a model, the default one for None; None where there is none of that name."""
        return self._by_name.get(self.names[0] if name is None else name)

    def close(self) -> None:
        """Finish what the networks have begun."""
        for scorer in self:
            scorer.close()


def load_scorers(settings: ServiceSettings) -> list[Scorer]:
    """Load the models that the settings name.

    Raises
    ------
    ModelError, ScoreError
        A model that cannot be loaded, or a device that is not there.
    """
    names: Sequence[str | None] = settings.models or (None,)
    return [
        Scorer.load(
            name,
            device=settings.device,
            threads=settings.threads,
            engine=settings.engine,
            precision=settings.precision,
        )
        for name in names
    ]
