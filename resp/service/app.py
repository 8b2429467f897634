"""The application: routes, middleware, OpenAPI."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from resp import __version__
from resp.score.schema import DISCLAIMER, Report
from resp.service.access_log import AccessLog
from resp.service.keys import Keys
from resp.service.problems import MEDIA_TYPE, handlers
from resp.service.routes import reports, state
from resp.service.service import Service
from resp.service.settings import ServiceSettings

if TYPE_CHECKING:
    from resp.score import Scorer

_DESCRIPTION = f"""Reports of respiratory sound recordings. {DISCLAIMER}

Errors are problem details (RFC 9457): `detail` is a sentence for a person, `type` a name for a program."""


def create_app(
    settings: ServiceSettings | None = None, keys: Keys | None = None, *, scorers: "Sequence[Scorer] | None" = None
) -> FastAPI:
    """Return the application; ``app.state.service`` is the `Service` behind it.

    Parameters
    ----------
    settings
        The defaults where None.
    keys
        Who may ask; everyone where None.
    scorers
        Models that are loaded already; those of the settings are loaded when the application starts where None.

    Raises
    ------
    ServiceError
        A folder in which reports cannot be kept.
    """
    service = Service(settings or ServiceSettings(), keys or Keys())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.load(scorers)
        yield
        await service.close()

    app = FastAPI(
        title="resp",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        exception_handlers=handlers(service.metrics),
        # The pages that show the description load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.add_middleware(AccessLog, metrics=service.metrics)
    app.include_router(reports)
    app.include_router(state)
    app.openapi = _described(app.openapi)  # type: ignore[method-assign]
    return app


def _described(openapi: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Return what describes the application: with the Report's published schema, and errors under their media type."""

    def described() -> dict[str, Any]:
        document = openapi()
        report = Report.model_json_schema(ref_template="#/components/schemas/{model}")
        document["components"]["schemas"] |= report.pop("$defs") | {"Report": report}
        for path in document["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    content = response.get("content", {})
                    if status >= "400" and "application/json" in content:
                        content[MEDIA_TYPE] = content.pop("application/json")
        return document

    return described
