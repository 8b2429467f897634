"""``resp records …``: one file a command in ``resp/cli/records_commands``, no logic of its own."""

import click

from resp.cli.lazy_group import LazyGroup

_COMMANDS = {
    "settings": "Show every setting, its value and where that comes from.",
    "users": "Who may sign in: list, add, remove.",
    "backup": "Write everything into one file, while the page is used.",
    "restore": "Put a back-up where no records are.",
    "upgrade": "Bring the records of an older program to this one.",
    "export": "Write what people corrected or signed as a training set in ICBHI's format.",
    "audit": "Who saw and changed what.",
    "worker": "Score queued recordings, in this process.",
}


@click.group(cls=LazyGroup, package="resp.cli.records_commands", one_lines=_COMMANDS)
def records() -> None:
    """Look after the records of a clinic: for whoever runs the machine.

    docs/administrator.md is the page for whom that is. Which records it is, the settings say (`resp records settings`):
    RESP_FOLDER names another folder, RESP_DATABASE a PostgreSQL database, RESP_SETTINGS another file.
    """
