"""What a request is answered with that cannot be served: problem details (RFC 9457), one clear sentence."""

from http import HTTPStatus
from typing import Any, Literal

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from resp.service.metrics import Metrics

MEDIA_TYPE = "application/problem+json"

Kind = Literal[
    "not-found",
    "method-not-allowed",
    "bad-request",
    "key",
    "rate",
    "queue-full",
    "not-ready",
    "stopping",
    "too-large",
    "too-slow",
    "media-type",
    "field",
    "model",
    "recording",
    "internal",
]


class ProblemDetails(BaseModel):
    """Why a request was not served (RFC 9457)."""

    type: str = Field(description="What kind of problem, for programs: `urn:resp:…`.", examples=["urn:resp:too-large"])
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was given, what was expected, what to do: one sentence.")
    request_id: str = Field(description="The request as the service's log names it.")


class RequestError(Exception):
    """A request that is answered with an error.

    Parameters
    ----------
    status
        HTTP status.
    kind
        For programs; stands behind ``urn:resp:`` in the type.
    detail
        One sentence for a person.
    retry_s
        When to try again, in whole seconds.
    close
        Close the connection: the rest of the request is not wanted.
    headers
        More headers.
    """

    def __init__(
        self,
        status: int,
        kind: Kind,
        detail: str,
        *,
        retry_s: int | None = None,
        close: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.headers = dict(headers or {})
        if retry_s is not None:
            self.headers["Retry-After"] = str(retry_s)
        if close:
            self.headers["Connection"] = "close"

    def response(self, request_id: str) -> Response:
        """Return the answer."""
        details = ProblemDetails(
            type=f"urn:resp:{self.kind}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            request_id=request_id,
        )
        return Response(details.model_dump_json(), self.status, self.headers, media_type=MEDIA_TYPE)


def handlers(metrics: Metrics) -> dict[Any, Any]:
    """Return the application's handlers of exceptions: whatever goes wrong is a problem in one sentence."""

    def answer(request: Request, problem: RequestError) -> Response:
        metrics.refused(problem.kind)
        return problem.response(getattr(request.state, "request_id", ""))

    async def known(request: Request, error: RequestError) -> Response:
        return answer(request, error)

    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return answer(request, RequestError(422, "field", f"{where}: {first['msg']}; see /openapi.json."))

    async def plain(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            problem = RequestError(
                404, "not-found", "There is nothing at this address; see /openapi.json for what there is."
            )
        elif error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "")
            detail = f"{request.method} is not taken here; expected {allowed}."
            problem = RequestError(405, "method-not-allowed", detail, headers={"Allow": allowed})
        else:
            problem = RequestError(error.status_code, "bad-request", f"{error.detail}; see /openapi.json.")
        return answer(request, problem)

    return {RequestError: known, RequestValidationError: invalid, HTTPException: plain}
