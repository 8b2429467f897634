"""Where settings come from: defaults, the file, the environment, options; a fault is told with where it stands."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource, InitSettingsSource, TomlConfigSettingsSource

from resp.records.errors import RecordsError
from resp.records.settings import FILE, HOME, PREFIX, Settings, SettingsTable, settings_file

MASK = "********"
# Other parts' environment variables, which are no misspelt settings.
_OTHERS = ("RESP_CACHE", "RESP_DATA", "RESP_REQUIRE", "RESP_VENV", HOME, FILE)
_OTHERS_BEGIN = "RESP_DICOMWEB_"
_MISSPELT = 0.8
_PASSWORD = re.compile(r"(?<=://)(?P<user>[^:/@]*):[^@]*(?=@)")
_PASSWORD_OF_QUERY = re.compile(r"(?<=[?&]password=)[^&]*")


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as it is shown: its name, environment variable, value (a secret masked) and where that is from."""

    name: str
    variable: str
    value: str
    source: str
    description: str


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings with where each came from; ``sources`` has dotted names that are no defaults."""

    settings: Settings
    sources: Mapping[str, str]

    def shown(self) -> tuple[Shown, ...]:
        """Return every setting for a person to read; secrets are masked."""
        return tuple(
            Shown(name, variable(name), _shown_value(value), self.sources.get(name, "default"), description)
            for name, value, description in _leaves(self.settings)
        )


def load_settings(file: Path | None = None, options: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings that hold; see `explain_settings`."""
    return explain_settings(file, options).settings


def explain_settings(file: Path | None = None, options: Mapping[str, Any] | None = None) -> LoadedSettings:
    """Read settings from the file, the environment and options.

    Parameters
    ----------
    file
        The TOML file; `settings_file` where None, which need not be there.
    options
        Dotted name → value, which wins over everything; what is None was not given.

    Returns
    -------
    LoadedSettings
        The settings, and where each came from.

    Raises
    ------
    RecordsError
        A file that is not there or no TOML, an unknown key (the nearest one is named), a value that is none.
    """
    named = file if file is not None else Path(os.environ[FILE]).expanduser() if os.environ.get(FILE) else None
    if named is not None and not named.is_file():
        raise RecordsError(f"{named}: no such file; expected the settings, in TOML")
    path = named or settings_file()
    _check_environment()
    asked: dict[str, Any] = {}
    for name, value in (options or {}).items():
        if value is not None:
            _put(asked, name.split("."), value)
    layers = {
        f"file {path}": _read_file(path),
        "environment": _read_environment(),
        "option": InitSettingsSource(Settings, asked)(),
    }
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, layer in layers.items():
        for name, value in _flat(layer):
            _put(merged, name.split("."), value)
            sources[name] = f"environment {variable(name)}" if source == "environment" else source
    try:
        return LoadedSettings(Settings(**merged), sources)
    except ValidationError as error:
        raise RecordsError(_told(error, sources, path)) from None


def as_environment(options: Mapping[str, Any]) -> dict[str, str]:
    """Return options (dotted name → value, none: not given) as environment variables for a child process."""
    return {
        variable(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in options.items()
        if value is not None
    }


def variable(name: str) -> str:
    """Return the environment variable of a setting: ``page.port`` → ``RESP_PAGE_PORT``."""
    return PREFIX + name.replace(".", "_").upper()


def describe_settings() -> tuple[Shown, ...]:
    """Return every setting with its default, whatever is set: for ``--help``."""
    return LoadedSettings(Settings(), {}).shown()


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return TomlConfigSettingsSource(Settings, path)()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecordsError(f"{path}: not TOML: {error}") from None
    except OSError as error:
        raise RecordsError(f"{path}: cannot be read: {error.strerror or error}") from None


def _read_environment() -> dict[str, Any]:
    try:
        return EnvSettingsSource(Settings)()
    except ValueError as error:
        # pydantic-settings' own error names the field, not the value: what is wrong is its JSON.
        raise RecordsError(f"an environment variable cannot be read: {error}; expected JSON") from None


def _check_environment() -> None:
    """Refuse a variable that is no setting but nearly one: it would be overlooked in silence."""
    known = {variable(name): name for name, *_ in _leaves(Settings())}
    tables = tuple(variable(name) + "_" for name, field in Settings.model_fields.items() if _is_table(field.annotation))
    for name in os.environ:
        if not name.startswith(PREFIX) or name in known or name in _OTHERS or name.startswith(_OTHERS_BEGIN):
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.0 if name.startswith(tables) else _MISSPELT)
        if near:
            raise RecordsError(f"environment variable {name}: no such setting; did you mean {near[0]}?")


def _told(error: ValidationError, sources: Mapping[str, str], path: Path) -> str:
    """Put what pydantic found into one sentence for each fault."""
    faults = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in fault["loc"])
        source = next((origin for key, origin in sources.items() if f"{name}.".startswith(f"{key}.")), "")
        where = f"{source}: " if source else ""
        if fault["type"] == "extra_forbidden":
            faults.append(f"{where or f'file {path}: '}no setting {name!r}{_nearest(name)}")
        else:
            said = fault["msg"].removeprefix("Value error, ")
            faults.append(f"{where}{name + ': ' if name else ''}{said[0].lower()}{said[1:]}")
    return "; ".join(faults)


def _nearest(name: str) -> str:
    """Return the setting that was meant: one of nearly that name, in its table or in another."""
    tables = [name for name, field in Settings.model_fields.items() if _is_table(field.annotation)]
    known = [*(leaf for leaf, *_ in _leaves(Settings())), *tables]
    by_last = {leaf.rpartition(".")[2]: leaf for leaf in reversed(known)}
    close = get_close_matches(name, known, n=1)
    close = close or [by_last[last] for last in get_close_matches(name.rpartition(".")[2], by_last, n=1)]
    return f"; did you mean {close[0]!r}?" if close else "; `resp records settings` lists all"


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, SettingsTable)


def _leaves(settings: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield dotted name, value and description of every setting."""
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, SettingsTable):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value, field.description or ""


def _flat(
    layer: Mapping[str, Any], prefix: str = "", *, tables: type[BaseModel] = Settings
) -> Iterator[tuple[str, Any]]:
    """Yield dotted name and value of what a source gives; a table of people is one value."""
    for name, value in layer.items():
        field = tables.model_fields.get(name)
        if isinstance(value, Mapping) and field is not None and _is_table(field.annotation):
            yield from _flat(value, f"{prefix}{name}.", tables=field.annotation)  # type: ignore[arg-type]  # _is_table
        else:
            yield prefix + name, value


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def _shown_value(value: Any) -> str:
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        # Of a database's address only the password is secret.
        return _PASSWORD_OF_QUERY.sub(MASK, _PASSWORD.sub(rf"\g<user>:{MASK}", secret)) if "://" in secret else MASK
    if isinstance(value, dict):
        return "; ".join(f"{key}: {person.role}, {person.clinic}" for key, person in value.items()) or "nobody"
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
