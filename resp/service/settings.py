"""What ``resp serve`` is told: one typed object."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from resp.audio.limits import Limits
from resp.score.engines.contract import Choice, Precision

MIB = 1 << 20

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class ServiceSettings(BaseModel):
    """Everything that the service does.

    Parameters
    ----------
    host, port
        Where it listens; port 0 lets the system choose.
    models
        Names of installed models or model folders. The first is used where a request names none; none at all is the
        model that is installed as the default.
    device, threads, engine, precision
        See `resp.Scorer.load`.
    without_keys
        Serve beyond this machine although there are no keys.
    certificate, certificate_key
        PEM files for HTTPS; both or none.
    max_upload_bytes
        Longest file. What is longer is not read to its end.
    max_duration_s
        Longest recording. As memory bound it holds for two channels at 48 kHz, and for less of more.
    upload_s
        So long a request may take to arrive.
    queue_length
        Requests at a time that are accepted and not finished, those that are still arriving among them; more are
        refused (503).
    wait_queue
        A request that finds more than so many before it is answered with the place of its report, at once.
    wait_s
        So long a request waits for its report where it does not say how long.
    requests_per_min, burst
        Recordings that a key may send: in the long run, and at once.
    workers
        Recordings that are being decoded or go through the network. More fill larger batches, and hold more memory.
    batching
        Whether segments of several requests go through the network together.
    kept_reports, kept_s
        So many reports are held for `GET`, and so long.
    keep
        Folder in which reports are kept for good; None for none.
    stop_s
        After SIGTERM what was begun is finished and fetched; so long that is waited for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    models: tuple[str, ...] = ()
    device: str = "cpu"
    threads: Count | None = None
    engine: Choice | None = None
    precision: Precision | None = None
    without_keys: bool = False
    certificate: Path | None = None
    certificate_key: Path | None = None
    max_upload_bytes: Count = 50 * MIB
    max_duration_s: Annotated[float, Field(gt=0.1, allow_inf_nan=False)] = 600.0
    upload_s: Positive = 60.0
    queue_length: Count = 64
    wait_queue: Annotated[int, Field(ge=0)] = 32
    wait_s: Annotated[float, Field(ge=0, le=60)] = 30.0
    requests_per_min: Positive = 600.0
    burst: Count = 100
    workers: Count = 16
    batching: bool = True
    kept_reports: Count = 1000
    kept_s: Positive = 3600.0
    keep: Path | None = None
    stop_s: Annotated[float, Field(ge=0)] = 30.0

    @property
    def limits(self) -> Limits:
        """What is taken of a recording: a bound on memory however it is coded."""
        return Limits(max_duration_s=self.max_duration_s, max_samples=int(self.max_duration_s * 96_000))
