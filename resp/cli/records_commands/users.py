"""``resp records users``: who may sign in."""

import json
from dataclasses import asdict

import click

from resp.cli.records_commands.records_at_hand import records_at_hand


@click.group()
def users() -> None:
    """Let people sign in, with role and clinic; comes before what the settings say.

    A reader looks at patients, recordings and results. A clinician adds, places, corrects, comments and signs as well.
    An admin also deletes, reads the audit trail and exports.
    """


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_users(as_json: bool) -> None:
    """List everybody of the users table, by clinic."""
    with records_at_hand() as records:
        found = records.users.all()
    if as_json:
        click.echo(json.dumps([asdict(user) for user in found], indent=2))
        return
    for user in found:
        click.echo(
            f"{user.clinic:<16}  {user.role:<9}  {user.id}  {user.name if user.name != user.id else ''}".rstrip()
        )
    click.echo(f"{len(found)} users", err=True)


@users.command()
@click.argument("user_id", metavar="ID")
@click.option("--role", type=click.Choice(["reader", "clinician", "admin"]), required=True, help="What they may do.")
@click.option("--clinic", default="default", show_default=True, help="Whose patients they see.")
@click.option("--name", help="How they are called on the page and on signatures; the ID where not given.")
def add(user_id: str, role: str, clinic: str, name: str | None) -> None:
    """Let somebody in, or change role, clinic and name of somebody who may.

    ID is what the sign-in tells of a person: the e-mail address, or the subject where sign_in.identify_by is sub.
    """
    from resp.records.settings_sources import load_settings
    from resp.records.sign_in import make_user

    user = make_user(user_id, role, name=name, clinic=clinic, settings=load_settings())
    with records_at_hand() as records:
        records.users.save(user)
    click.echo(f"{user.id}: {user.role}, clinic {user.clinic}")


@users.command()
@click.argument("user_id", metavar="ID")
def remove(user_id: str) -> None:
    """Take somebody's access away, from their next click on; what they said stays."""
    from resp.records.settings_sources import load_settings
    from resp.records.sign_in import person_id

    chosen = load_settings()
    who = person_id(user_id, chosen.sign_in.identify_by)
    with records_at_hand() as records:
        records.users.remove(who)
    click.echo(f"{who}: removed")
    if who in chosen.sign_in.people or chosen.sign_in.others_role is not None:
        click.echo("note: the settings (sign_in.people or sign_in.others_role) still let them in", err=True)
