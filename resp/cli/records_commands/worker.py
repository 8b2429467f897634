"""``resp records worker``: score what waits."""

import click


@click.command()
def worker() -> None:
    """Score queued recordings until SIGTERM or Ctrl-C; `resp app` starts one by itself.

    More of them, on other machines too, share one PostgreSQL database and one folder (of a network drive).
    """
    from resp.records.settings_sources import load_settings
    from resp.records.worker import log_to_terminal, work

    log_to_terminal()
    work(load_settings())
