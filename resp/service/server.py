"""The process: a socket, signals, an end in order."""

import asyncio
import logging
import os
import socket
import ssl
import sys
import warnings
from collections.abc import Callable
from types import FrameType

import uvicorn

from resp.loopback import is_this_machine
from resp.models.folder import find_model, read_config
from resp.service.access_log import JsonLines
from resp.service.app import create_app
from resp.service.errors import ServiceError
from resp.service.keys import Keys
from resp.service.service import Service
from resp.service.settings import ServiceSettings

# After what was begun is finished, answers are on their way for so long at most.
_LAST_ANSWERS_S = 5


def serve(settings: ServiceSettings, keys: Keys, started: Callable[[str], None] = lambda address: None) -> None:  # noqa: ARG005
    """Serve until SIGTERM or SIGINT; then finish what was begun, and end.

    Parameters
    ----------
    settings
        See `ServiceSettings`.
    keys
        Who may ask.
    started
        Told the address once requests are answered; the models may still be loading.

    Raises
    ------
    ServiceError
        No keys though other machines reach the address, a certificate that cannot be used, a folder in which reports
        cannot be kept, or an address that cannot be listened on.
    ModelError, ScoreError
        A model that cannot be loaded.
    """
    _check(settings, keys)
    app = create_app(settings, keys)
    service: Service = app.state.service
    listening = _listen(settings.host, settings.port)
    _log_json()
    config = uvicorn.Config(
        app,
        # Pure Python and one of a kind: how it cuts off what is too long is tested.
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
    )
    scheme = "https" if settings.certificate else "http"
    host, port = listening.getsockname()[:2]
    address = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    server = _Server(config, service, lambda: started(address))
    server.run(sockets=[listening])
    if service.failure is not None:
        raise service.failure


class _Server(uvicorn.Server):
    """A server that settles before it stops: a signal ends the taking of new requests, the second one ends at once."""

    def __init__(self, config: uvicorn.Config, service: Service, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._service, self._started = service, started
        self._ending: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        service.failed = self._end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - named by the base class
        """Take a signal; the process ends with status 0, as it does what it is told."""
        if self._loop is None:
            self._end()
        else:
            self._loop.call_soon_threadsafe(self._begin_end)

    def _begin_end(self) -> None:
        if self._ending is not None:
            # Any other end waits for the threads that score.
            os._exit(1)
        self._ending = asyncio.ensure_future(self._service.settle())
        self._ending.add_done_callback(lambda _: self._end())

    def _end(self) -> None:
        self.should_exit = True


def _check(settings: ServiceSettings, keys: Keys) -> None:
    if (settings.certificate is None) != (settings.certificate_key is None):
        raise ServiceError("a certificate and its key belong together; give both or none")
    if settings.certificate is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.certificate, settings.certificate_key)
        except OSError as error:
            raise ServiceError(f"{settings.certificate}: cannot be used ({error}); expected PEM files") from error
    if not (len(keys) or settings.without_keys or is_this_machine(settings.host)):
        raise ServiceError(
            f"other machines reach {settings.host}, and there are no keys; make one with --new-key NAME, "
            "or say --without-keys where something else checks who asks"
        )
    # A wrong name is told here, not after a minute.
    names = [read_config(find_model(model)).name for model in settings.models or (None,)]
    if len(set(names)) < len(names):
        raise ServiceError(f"models of one name: {', '.join(names)}; each needs a name of its own")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(place[:2], family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        raise ServiceError(f"{host}:{port} cannot be listened on ({error}); choose another --host or --port") from error


def _log_json() -> None:
    """Log to standard error as JSON, and nothing of what libraries say of a file's contents."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for library in ("pydicom", "libav"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
