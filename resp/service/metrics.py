"""What Prometheus is told: counts and times, nothing of a recording."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from resp import __version__
from resp.score.schema import Status

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SEGMENTS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The service's counters, in a registry of their own: two services in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "resp_http_requests", "Answered requests.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "resp_http_request_seconds",
            "From a request's head to the end of its answer.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._refused = Counter("resp_refused", "Requests refused, by the problem's type.", ["type"], registry=registry)
        self._reports = Counter(
            "resp_reports", "Reports made, by model and status.", ["model", "status"], registry=registry
        )
        self._audio = Counter("resp_audio_seconds", "Seconds of sound in reports.", ["model"], registry=registry)
        self._score_seconds = Histogram(
            "resp_score_seconds",
            "From the end of an upload to its report.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._segments = Histogram(
            "resp_batch_segments", "Segments in a batch of the network.", buckets=_SEGMENTS, registry=registry
        )
        self._sharing = Histogram(
            "resp_batch_requests", "Requests that share a batch of the network.", buckets=_SEGMENTS, registry=registry
        )
        self._state = {
            name: Gauge(f"resp_{name}", text, registry=registry)
            for name, text in (
                ("ready", "1 where requests are taken."),
                ("accepted", "Requests that are accepted and not finished."),
                ("waiting", "Of these, those that have arrived and are not begun."),
                ("kept_reports", "Reports that are held for GET."),
            )
        }
        build = Gauge("resp_build_info", "The version that runs.", ["version"], registry=registry)
        build.labels(__version__).set(1)

    def watch(self, **values: Callable[[], float]) -> None:
        """Ask these functions for the gauges ``ready``, ``accepted``, ``waiting`` and ``kept_reports``."""
        for name, value in values.items():
            self._state[name].set_function(value)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)

    def refused(self, kind: str) -> None:
        """Count a refused request."""
        self._refused.labels(kind).inc()

    def batch(self, segments: int, requests: int) -> None:
        """Count a batch of the network."""
        self._segments.observe(segments)
        self._sharing.observe(requests)

    def scored(self, model: str, status: Status, audio_s: float, seconds: float) -> None:
        """Count a report that was made in some seconds."""
        self._reports.labels(model, status).inc()
        self._audio.labels(model).inc(audio_s)
        self._score_seconds.observe(seconds)

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self.registry)
