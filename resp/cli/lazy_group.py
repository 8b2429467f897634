"""A group of commands that lists itself without importing any of them."""

from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """Commands in files of their own, imported when they are called.

    Parameters
    ----------
    package
        Where the commands are: ``COMMAND`` is the function of that name in ``package.COMMAND``, with underscores for
        hyphens.
    one_lines
        Command → its one line, so that ``--help`` imports none of them.
    **settings
        What `click.Group` takes.
    """

    def __init__(self, *, package: str, one_lines: dict[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self.package, self.one_lines = package, one_lines

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they are listed."""
        return list(self.one_lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None where there is none of that name."""
        if cmd_name not in self.one_lines:
            return None
        module = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"{self.package}.{module}"), module)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by their one lines."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.one_lines.items()))
