"""The addresses: reports, models, health, metrics."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from resp.models.task import Task
from resp.score.schema import Report
from resp.service.access_log import CLIENT_GONE
from resp.service.jobs import Job, State
from resp.service.problems import ProblemDetails, RequestError
from resp.service.scoring import Outcome
from resp.service.service import ANYONE, Service
from resp.service.uploads import FILE, KNOWN, LONGEST_FIELD, read_upload

LONGEST_WAIT_S = 60


class Unfinished(BaseModel):
    """A recording that is accepted and not scored yet."""

    id: str
    state: State
    location: str = Field(description="Where the report will be.")


class OfferedModel(BaseModel):
    """A model that can be asked."""

    name: str = Field(description="What `model` in a request says.")
    version: str
    sha256: str = Field(description="Checksum of its weights and configuration; every report repeats it.")
    description: str
    task: Task
    classes: tuple[str, ...]
    licence: str
    engine: str = Field(description="What runs its network, and in which precision.")
    default: bool = Field(description="Whether it is asked where a request names none.")


class Health(BaseModel):
    """Whether the service is there."""

    status: str


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_service)]
_bearer = HTTPBearer(auto_error=False, description="An API key.")


def _owner(
    request: Request, service: Here, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> str:
    """Return whose key a request shows."""
    owner = ANYONE
    if len(service.keys):
        found = service.keys.owner(given.credentials) if given else None
        if found is None:
            what = "no key that is known here" if given else "no key"
            detail = f"The request shows {what}; expected the header Authorization: Bearer KEY."
            raise RequestError(401, "key", detail, headers={"WWW-Authenticate": "Bearer"})
        owner = found
    request.state.owner = owner
    return owner


Owner = Annotated[str, Depends(_owner)]
Wait = Annotated[
    float | None,
    Query(
        ge=0, le=LONGEST_WAIT_S, description="Wait so many seconds for the report; 0 answers with its place at once."
    ),
]


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ProblemDetails} for status in statuses}


_TEXT = {"type": "string", "maxLength": LONGEST_FIELD}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FILE],
                    "additionalProperties": False,
                    "properties": {
                        FILE: {
                            "type": "string",
                            "format": "binary",
                            "description": "WAV, FLAC, MP3, Ogg, Opus, M4A, AAC, WebM, WMA, AIFF or DICOM.",
                        },
                        KNOWN[0]: {**_TEXT, "description": "Where on the body it was recorded."},
                        KNOWN[1]: {**_TEXT, "description": "With which stethoscope or microphone."},
                        KNOWN[2]: {**_TEXT, "description": "A pseudonym; never a name or a number that others know."},
                        "model": {**_TEXT, "description": "Name of one of /v1/models; the default one if not given."},
                    },
                }
            }
        },
    }
}
_LOCATION = {"Location": {"description": "Where the report is, or will be.", "schema": {"type": "string"}}}
_REPORT: dict[int | str, dict[str, Any]] = {
    200: {"model": Report, "description": "The report.", "headers": _LOCATION},
    202: {"model": Unfinished, "description": "Accepted; the report is not there yet.", "headers": _LOCATION},
}

reports = APIRouter(tags=["reports"])
state = APIRouter(tags=["state"])


@reports.post(
    "/v1/reports",
    summary="Score a recording",
    operation_id="create_report",
    responses={**_REPORT, **_problems(400, 401, 408, 413, 415, 422, 429, 500, 503)},
    openapi_extra=_FORM,
)
async def create_report(request: Request, owner: Owner, service: Here, wait: Wait = None) -> Response:
    """Take a sound file; answer with its report, or with the place of it where it is not there in time.

    A recording that cannot be scored is answered with 422 and the reason.
    """
    models = service.taking()
    slot = service.enter(owner)
    settings = service.settings
    try:
        upload = await read_upload(request, settings.max_upload_bytes, settings.upload_s)
        scorer = models.get(upload.model)
        if scorer is None:
            raise RequestError(422, "model", f"There is no model {upload.model!r}; expected {', '.join(models.names)}.")
    except ClientDisconnect:
        slot.free()
        return Response(status_code=CLIENT_GONE)
    except BaseException:
        slot.free()
        raise
    seconds = settings.wait_s if wait is None else wait
    if service.jobs.waiting > settings.wait_queue:
        seconds = 0
    job = service.jobs.start(slot, owner, scorer, upload)
    request.state.report = job.id
    if not seconds:
        return _unfinished(job)
    return await _answer(request, service, job, seconds, ours_alone=True)


@reports.get(
    "/v1/reports/{report_id}",
    summary="Fetch a report",
    operation_id="read_report",
    responses={**_REPORT, **_problems(401, 404, 422, 500)},
)
async def read_report(request: Request, report_id: str, owner: Owner, service: Here, wait: Wait = 0) -> Response:
    """Answer with a report, as the request that sent the recording would have been answered."""
    job = service.jobs.find(owner, report_id)
    if job is None:
        kept = await service.jobs.find_kept(owner, report_id)
        if kept is None:
            raise RequestError(
                404, "not-found", "This key has no such report, or it is no longer held; send the sound again."
            )
        return _report(kept, report_id)
    request.state.report = job.id
    return await _answer(request, service, job, wait or 0)


@reports.get(
    "/v1/models",
    summary="List the models",
    operation_id="list_models",
    responses=_problems(401, 503),
)
async def list_models(owner: Owner, service: Here) -> list[OfferedModel]:  # noqa: ARG001 - the key is checked
    """Answer with the models that can be asked, the default one first."""
    models = service.taking()
    return [
        OfferedModel(
            name=scorer.identity.name,
            version=scorer.identity.version,
            sha256=scorer.identity.sha256,
            description=scorer.config.description,
            task=scorer.config.task,
            classes=scorer.config.classes,
            licence=scorer.config.licence,
            engine=scorer.runs_on,
            default=scorer.identity.name == models.names[0],
        )
        for scorer in models
    ]


@state.head("/healthz", include_in_schema=False)
@state.get("/healthz", summary="Is it alive?", operation_id="health")
async def health() -> Health:
    """Answer as long as the service runs, also while it loads and while it ends."""
    return Health(status="alive")


@state.head("/readyz", include_in_schema=False)
@state.get("/readyz", summary="Does it take recordings?", operation_id="readiness", responses=_problems(503))
async def readiness(service: Here) -> Health:
    """Answer with 200 once the models are loaded, and with 503 before that and as soon as the service ends."""
    service.taking()
    return Health(status="ready")


@state.get(
    "/metrics",
    summary="Counts and times for Prometheus",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **_problems(401)},
)
async def metrics(owner: Owner, service: Here) -> Response:  # noqa: ARG001 - the key is checked
    """Answer with the service's counters."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def _answer(
    request: Request, service: Service, job: Job, seconds: float, *, ours_alone: bool = False
) -> Response:
    """Return the report of a job, or its place after some seconds.

    Parameters
    ----------
    request, service, job, seconds
        What is asked.
    ours_alone
        Nobody but this request knows of the job: where its sender is gone, nobody will ask for it.
    """
    gone = asyncio.ensure_future(_gone(request))
    either: set[asyncio.Future[Any]] = {job.done, gone}
    try:
        await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if gone.done() and ours_alone:
            service.jobs.drop(job)
            return Response(status_code=CLIENT_GONE)
    finally:
        gone.cancel()
    if not job.done.done():
        return _unfinished(job)
    service.jobs.fetch(job)
    return _report(job.done.result(), job.id)


async def _gone(request: Request) -> None:
    """End when the other side closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _location(report_id: str) -> str:
    return f"/v1/reports/{report_id}"


def _unfinished(job: Job) -> Response:
    job.promised = True
    place = _location(job.id)
    body = Unfinished(id=job.id, state=job.state, location=place).model_dump()
    return JSONResponse(body, 202, {"Location": place, "Retry-After": "1"})


def _report(outcome: Outcome, report_id: str) -> Response:
    headers = {"Location": _location(report_id)}
    if outcome.status == "failed":
        reason = f"{(outcome.reason or '').rstrip('.')}."
        if outcome.ours:
            raise RequestError(500, "internal", reason, headers=headers)
        raise RequestError(422, "recording", reason, headers=headers)
    return Response(outcome.content, headers=headers, media_type="application/json")
