"""``resp dicom``: every command that is listed is there, and every one that is there is listed."""

from importlib import resources

import click
import pytest

from resp.cli.dicom import dicom
from resp.cli.lazy_group import LazyGroup

COMMANDS = dicom.list_commands(click.Context(dicom))


@pytest.mark.parametrize("name", COMMANDS)
def test_listed_commands_are_there_and_documented(name):
    command = dicom.get_command(click.Context(dicom), name)
    assert isinstance(command, click.Command)
    assert command.help


def test_every_command_file_is_listed():
    files = [file.name.removesuffix(".py") for file in resources.files("resp.cli.dicom_commands").iterdir()]
    commands = {name.replace("_", "-") for name in files if not name.startswith("_") and name != "network_options"}
    assert commands == set(COMMANDS)


def test_an_unknown_command_is_none():
    assert isinstance(dicom, LazyGroup)
    assert dicom.get_command(click.Context(dicom), "nothing") is None
