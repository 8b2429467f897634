"""``resp app``: the clinician page in the browser."""

import os
from importlib.util import find_spec
from pathlib import Path

import click

from resp.errors import RespError


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. The page knows no users: whoever reaches the address can use it.",
)
@click.option("--model", help="Name of an installed model, or a model folder; the one that ships by default.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def app(port: int, host: str, model: str | None, no_browser: bool) -> None:
    """Open the clinician page in the browser; Ctrl-C ends it."""
    if find_spec("streamlit") is None:
        raise RespError("the page needs Streamlit, which is not installed; run: pip install 'resp[app]'")
    if model is not None:
        from resp.models.folder import find_model

        # A wrong name is told here, not in the browser.
        os.environ["RESP_MODEL"] = str(find_model(model).resolve())
    from streamlit.web.cli import main as streamlit

    options = [f"--server.port={port}", f"--server.address={host}"]
    if no_browser:
        options.append("--server.headless=true")
    streamlit(["run", str(page_path()), *options], prog_name="streamlit")


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
