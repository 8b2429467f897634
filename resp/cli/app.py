"""``resp app``: the page in the browser, and the worker that scores behind it."""

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from resp.errors import RespError

# What the page and its records need beyond the library itself.
_NEEDED = {
    "streamlit": "Streamlit",
    "sqlmodel": "SQLModel",
    "alembic": "Alembic",
    "pydantic_settings": "pydantic-settings",
}


class _WithSettings(click.Command):
    """A command whose help ends with all settings, which the file and the environment set as well."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        if missing_packages():
            return
        from resp.records.settings import settings_file
        from resp.records.settings_sources import describe_settings

        with formatter.section("Settings, in a file or as variables"):
            formatter.write_text(
                f"The file is {settings_file()} (RESP_SETTINGS names another). page.port is port in its table [page]. "
                "An option wins over a variable, a variable over the file, the file over the default."
            )
            formatter.write_paragraph()
            formatter.write_dl(
                [(row.name, f"{row.description} {row.variable} [default: {row.value}]") for row in describe_settings()],
                col_max=24,
            )


@click.command(cls=_WithSettings)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1, this machine alone]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 8501]")
@click.option("--model", help="Model that scores: a name or a model folder.  [default: the one that ships]")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Where sounds and records are kept.")
@click.option("--database", metavar="URL", help="PostgreSQL for the records; SQLite in the folder without it.")
@click.option("--language", help="Language of page and reports: en, de, …")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--without-sign-in", is_flag=True, help="Serve beyond this machine though nobody signs in; say the next too."
)
@click.option("--i-understand-that-anyone-can-read-it", "anyone", is_flag=True, help="The second word to that.")
@click.option(
    "--settings", "file", type=click.Path(path_type=Path, dir_okay=False), help="Settings file, in TOML; see below."
)
def app(
    host: str | None,
    port: int | None,
    model: str | None,
    folder: Path | None,
    database: str | None,
    language: str | None,
    no_browser: bool,
    without_sign_in: bool,
    anyone: bool,
    file: Path | None,
) -> None:
    """Open the clinician's page in the browser; Ctrl-C ends it.

    Patients, recordings and reports are kept in a folder (see `resp records settings`). A worker beside the page scores
    the recordings, so that closing the browser loses nothing. Beyond this machine people have to sign in.
    """
    if missing := missing_packages():
        raise RespError(f"the page needs {', '.join(missing)}, not installed here; run: pip install 'resp[app]'")
    from resp.records.serve import serve

    options = {
        "page.host": host,
        "page.port": port,
        "model": model,
        "folder": folder.absolute() if folder else None,
        "database": database,
        "language": language,
        "page.browser": False if no_browser else None,
        "page.without_sign_in": without_sign_in or None,
        "page.anyone_can_read": anyone or None,
    }
    sys.exit(serve(page_path(), options, file, lambda told: click.echo(f"resp: {told}", err=True)))


def missing_packages() -> list[str]:
    """Return what has to be installed before the page can be shown."""
    return [name for module, name in _NEEDED.items() if find_spec(module) is None]


def page_path() -> Path:
    """Return the page's script: beside the installed library, or at the top of the checkout.

    Raises
    ------
    RespError
        Neither is there.
    """
    beside = Path(__file__).resolve().parents[2]
    for folder in ("resp_app", "app"):
        script = beside / folder / "main.py"
        if script.is_file():
            return script
    raise RespError(f"the page was not found in {beside}; install resp from its wheel or from a checkout")
