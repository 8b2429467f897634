"""``resp records restore``: a back-up becomes the records."""

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def restore(file: Path) -> None:
    """Put the back-up FILE where the settings say that the records are; nothing that is there is overwritten."""
    from resp.records import restore as put_back
    from resp.records.settings_sources import load_settings

    chosen = load_settings()
    made = put_back(file, folder=chosen.folder, url=chosen.database_url)
    click.echo(f"{chosen.folder}: {made.patients} patients, {made.recordings} recordings, {made.sounds} sounds")
