"""``resp records audit``: who saw and changed what."""

import json
from dataclasses import asdict

import click

from resp.cli.records_commands.records_at_hand import records_at_hand


@click.command()
@click.option("--clinic", default="default", show_default=True, help="Whose trail.")
@click.option("--subject", help="Only of this, such as 'recording 12' or 'patient 3'.")
@click.option("--who", help="Only by this person's id.")
@click.option("--action", help="Only this, such as 'patient deleted'.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many, newest first.")
@click.option("--offset", type=click.IntRange(0), default=0, show_default=True, help="How many to leave out before.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def audit(
    clinic: str, subject: str | None, who: str | None, action: str | None, limit: int, offset: int, as_json: bool
) -> None:
    """Show who saw and changed what, newest first, in UTC; looking is written down too."""
    from resp.records.sign_in import machine_user

    with records_at_hand() as records:
        page = records.desk(machine_user(clinic)).audit(limit, offset, subject=subject, who=who, action=action)
    if as_json:
        rows = [{**asdict(row), "at": row.at.isoformat(), "details": dict(row.details)} for row in page]
        click.echo(json.dumps({"total": page.total, "rows": rows}, indent=2))
        return
    for row in page:
        details = ", ".join(f"{name}={value}" for name, value in row.details.items())
        click.echo(
            f"{row.at:%Y-%m-%d %H:%M:%S}  {row.who} ({row.role})  {row.action}  {row.subject}  {details}".rstrip()
        )
    click.echo(f"{len(page)} of {page.total}", err=True)
