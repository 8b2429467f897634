"""One line of JSON a request: what was asked of whom, and how long it took; nothing of a recording or a patient."""

import json
import logging
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resp.service.metrics import Metrics
from resp.service.problems import RequestError

logger = logging.getLogger(__name__)

CLIENT_GONE = 499
"""What the log calls an answer that nobody waited for (nginx's number; it is never sent)."""

# Asked every few seconds by machines; the metrics count them.
_PROBED = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class JsonLines(logging.Formatter):
    """Log records as one JSON object a line; ``extra={"fields": …}`` adds to it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class AccessLog:
    """Names each request, logs and counts it, and answers what nothing else has caught.

    The address that was asked for is logged as its route: an address, a query, a form and a file name may say who the
    patient is. So may what a sender calls its request: the name is our own.

    Parameters
    ----------
    app
        What answers.
    metrics
        Told of every request.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status, taken = 0, 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = [(b"x-request-id", request_id.encode()), (b"cache-control", b"no-store")]
                message = {**message, "headers": [*message.get("headers", []), *own]}
            await send(message)

        try:
            await self._app(scope, counted, named)
        except Exception:
            logger.exception("unexpected", extra={"fields": {"request": request_id}})
            if status:
                raise
            problem = RequestError(500, "internal", "The service failed; its log says why under this request id.")
            await problem.response(request_id)(scope, receive, named)
        finally:
            seconds = time.perf_counter() - started
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.request(method, route, status, seconds)
            fields = {
                "request": request_id,
                "method": method,
                "route": route,
                "status": status,
                "ms": round(1000 * seconds, 1),
                "bytes_in": taken,
                "key": state.get("owner"),
                "report": state.get("report"),
            }
            logger.log(logging.DEBUG if route in _PROBED else logging.INFO, "request", extra={"fields": fields})
