"""What ``resp app`` does: checks that it may serve, opens the records once, and runs the page and its workers."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from resp.records.errors import RecordsError
from resp.records.processes import Part, keep_running
from resp.records.settings import FILE, Settings
from resp.records.settings_sources import as_environment, load_settings
from resp.records.sign_in import check_address, warn_of, write_streamlit_secrets

_PAGE = "import sys; from resp.records.processes import serve_page; serve_page(sys.argv[1:])"
_WORKER = "from resp.records.worker import serve_worker; serve_worker()"


def serve(script: Path, options: Mapping[str, Any], file: Path | None, tell: Callable[[str], object]) -> int:
    """Serve the page until Ctrl-C or SIGTERM.

    Parameters
    ----------
    script
        The page's Streamlit script.
    options
        Of the command line, by dotted setting name; None where not given.
    file
        The settings file; the usual one where None.
    tell
        Takes a sentence for whoever started it.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    RespError
        Settings that are none, no such model or language, an address beyond this machine without sign-in, a port that
        is taken, records that cannot be opened.
    """
    settings = load_settings(file, options)
    check_address(settings)
    _check_language(settings.language)
    if settings.model is not None:
        from resp.models.folder import find_model

        # A wrong name is told here, not in the browser.
        options = {**options, "model": find_model(settings.model).resolve()}
    _check_port(settings.page.host, settings.page.port)
    _make_ready(settings)
    secrets = write_streamlit_secrets(settings)
    for warning in warn_of(settings):
        tell(f"warning: {warning}")
    tell(f"records in {settings.folder}" + (", database by its URL" if settings.database else ""))
    # The children read the same settings: the file they know, the options come as variables.
    environment = {**as_environment(options), **({FILE: str(file.absolute())} if file else {})}
    parts = [Part("the page", _page_command(script, settings, secrets), environment, essential=True)]
    for number in range(settings.worker.processes):
        parts.append(Part(f"worker {number + 1}", (sys.executable, "-c", _WORKER), environment))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return keep_running(parts, stop, tell)


def _page_command(script: Path, settings: Settings, secrets: Path | None) -> list[str]:
    page = settings.page
    words = [
        f"--server.port={page.port}",
        f"--server.address={page.host}",
        f"--server.maxUploadSize={page.most_upload_mb}",
    ]
    if not page.browser:
        words.append("--server.headless=true")
    if page.public_url:
        address = urlsplit(page.public_url)
        # The browser's web socket comes from there: Streamlit takes it from no other place.
        words += [f"--browser.serverAddress={address.hostname}"]
        words += [f"--browser.serverPort={address.port or (443 if address.scheme == 'https' else 80)}"]
        if address.path.strip("/"):
            words.append(f"--server.baseUrlPath={address.path.strip('/')}")
    if secrets is not None:
        words.append(f"--secrets.files={secrets}")
    return [sys.executable, "-c", _PAGE, str(script), *words]


def _check_language(language: str) -> None:
    from resp.words import LANGUAGES

    if language not in LANGUAGES:
        raise RecordsError(f"no language {language!r}; expected one of {', '.join(LANGUAGES)}")


def _check_port(host: str, port: int) -> None:
    """Refuse a port that is taken: told here in a sentence, not by the page in a log."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            if os.name != "nt":
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        raise RecordsError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}; is the page running already? "
            "Otherwise give another --port"
        ) from error


def _make_ready(settings: Settings) -> None:
    """Make or upgrade the records once, before page and workers open them at the same time."""
    from resp.records.open import open_records

    open_records(settings.database_url, settings.folder).close()
