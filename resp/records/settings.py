"""The settings of the page, its records and its worker: one TOML file and environment variables.

What is set later wins: the default, the file, the environment, an option of the command line. The file is
``settings.toml`` in the settings folder (``RESP_HOME``, else ``resp`` in the user's data folder), or the one that
``RESP_SETTINGS`` names. A table of the file is a prefix of the environment: ``port`` in ``[page]`` is
``RESP_PAGE_PORT``. ``resp records settings`` shows what holds and where it comes from; docs/administrator.md is the
page for whoever runs it.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from resp.records.access import DEFAULT_CLINIC, Role
from resp.records.errors import RecordsError

PREFIX = "RESP_"
HOME, FILE = "RESP_HOME", "RESP_SETTINGS"
SETTINGS_FILE = "settings.toml"
CALLBACK = "/oauth2callback"
MASK = "********"
# Other parts' environment variables, which are no misspelt settings.
_OTHERS = ("RESP_CACHE", "RESP_DATA", "RESP_REQUIRE", "RESP_VENV", HOME, FILE)
_OTHERS_BEGIN = "RESP_DICOMWEB_"
_MISSPELT = 0.8
_PASSWORD = re.compile(r"(?<=://)(?P<user>[^:/@]*):[^@]*(?=@)")
_PASSWORD_OF_QUERY = re.compile(r"(?<=[?&]password=)[^&]*")

Identifier = Literal["email", "sub"]


def default_folder() -> Path:
    """Return where records and settings are kept: RESP_HOME, else ``resp`` in the user's data folder."""
    if given := os.environ.get(HOME):
        return Path(given).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "resp"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "resp"


def settings_file() -> Path:
    """Return the file that is read: RESP_SETTINGS, else ``settings.toml`` in the default folder."""
    given = os.environ.get(FILE)
    return Path(given).expanduser() if given else default_folder() / SETTINGS_FILE


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PageSettings(_Table):
    """How the page is served."""

    host: Annotated[str, Field(description="Address to listen on; 127.0.0.1 is this machine alone.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="Port to listen on.")] = 8501
    browser: Annotated[bool, Field(description="Open a browser when the page starts.")] = True
    most_upload_mb: Annotated[int, Field(ge=1, le=100_000, description="Largest file that is taken, in MB.")] = 400
    public_url: Annotated[
        str | None, Field(description="The page's address in people's browsers, such as https://lungs.example.org.")
    ] = None
    local_name: Annotated[
        str | None, Field(description="Name on signatures where nobody signs in; none: the account's.")
    ] = None
    without_sign_in: Annotated[
        bool, Field(description="Serve beyond this machine without signing in; needs anyone_can_read as well.")
    ] = False
    anyone_can_read: Annotated[
        bool,
        Field(description="Says that whoever reaches the page may read, change and delete every patient's records."),
    ] = False

    @field_validator("public_url")
    @classmethod
    def _whole_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("expected the page's whole address, such as https://lungs.example.org")
        return url.rstrip("/")


class WorkerSettings(_Table):
    """How recordings are scored."""

    processes: Annotated[int, Field(ge=0, le=64, description="Workers that `resp app` starts; 0 for none here.")] = 1
    device: Annotated[str, Field(description="Where models run: cpu, cuda, cuda:1, …")] = "cpu"
    threads: Annotated[
        int | None, Field(ge=1, description="CPU threads of one worker; none: all, shared by the workers.")
    ] = None
    lease_s: Annotated[
        float, Field(ge=3, description="How long a job waits for a worker that has died before another takes it, in s.")
    ] = 30.0
    most_s: Annotated[
        float, Field(ge=5, description="How long one recording may take; the worker is then begun anew.")
    ] = 1800.0
    poll_s: Annotated[float, Field(gt=0, le=60, description="How often an idle worker looks for work, in s.")] = 0.5
    most_models: Annotated[int, Field(ge=1, description="Models kept in memory at once.")] = 3


class Person(_Table):
    """Who somebody is that has signed in."""

    role: Role
    clinic: str = DEFAULT_CLINIC
    name: str | None = None


class SignInSettings(_Table):
    """Signing in with an OpenID Connect provider, and who may do what."""

    metadata_url: Annotated[
        str | None, Field(description="The provider's discovery address; ends in /.well-known/openid-configuration.")
    ] = None
    client_id: Annotated[str | None, Field(description="What the provider calls this page.")] = None
    client_secret: Annotated[SecretStr | None, Field(description="The secret that goes with it.")] = None
    cookie_secret: Annotated[
        SecretStr | None, Field(description="Signs the browser's cookie; made and kept in the folder where not given.")
    ] = None
    scope: Annotated[str, Field(description="What is asked of the provider.")] = "openid email profile"
    prompt: Annotated[
        str | None, Field(description="What the provider shall ask, such as select_account or login.")
    ] = None
    identify_by: Annotated[
        Identifier, Field(description="What of the provider's answer is a person's id: email (verified) or sub.")
    ] = "email"
    others_role: Annotated[
        Role | None, Field(description="Role of those who sign in and are not listed; none: they may not enter.")
    ] = None
    others_clinic: Annotated[str, Field(description="Their clinic.")] = DEFAULT_CLINIC
    people: Annotated[
        dict[str, Person], Field(description="Id → role, clinic and name; see also `resp records users`.")
    ] = {}

    @property
    def configured(self) -> bool:
        """Whether people sign in."""
        return self.metadata_url is not None

    @field_validator("metadata_url")
    @classmethod
    def _discovery(cls, url: str | None) -> str | None:
        if url is not None and urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("expected an address that ends in /.well-known/openid-configuration")
        return url

    @field_validator("cookie_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 32:
            raise ValueError("expected at least 32 characters, such as of `openssl rand -hex 32`")
        return secret

    @model_validator(mode="after")
    def _whole(self) -> "SignInSettings":
        given = {"metadata_url": self.metadata_url, "client_id": self.client_id, "client_secret": self.client_secret}
        missing = [name for name, value in given.items() if value is None]
        if missing and len(missing) < len(given):
            raise ValueError(f"signing in needs {', '.join(given)} together; missing: {', '.join(missing)}")
        return self


class Settings(BaseSettings):
    """All settings; made by `load_settings`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
    )

    folder: Annotated[
        Path, Field(default_factory=default_folder, description="Where sounds, and records in SQLite, are kept.")
    ]
    database: Annotated[
        SecretStr | None,
        Field(description="PostgreSQL for the records: postgresql://user:password@host/name; none: SQLite."),
    ] = None
    model: Annotated[
        str | None, Field(description="Model that scores: a name or a folder; none: the one that ships.")
    ] = None
    language: Annotated[str, Field(description="Language of page and reports: en, de, …")] = "en"
    page: PageSettings = PageSettings()
    worker: WorkerSettings = WorkerSettings()
    sign_in: SignInSettings = SignInSettings()

    @field_validator("folder")
    @classmethod
    def _own_home(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()

    @model_validator(mode="after")
    def _address_for_sign_in(self) -> "Settings":
        if self.sign_in.configured and self.page.public_url is None:
            raise ValueError(
                "signing in needs page.public_url, the address to which the provider sends people back "
                "(and which it must know, with /oauth2callback behind it)"
            )
        return self

    @property
    def database_url(self) -> str | None:
        """The database's address with its password; None for SQLite in the folder."""
        return self.database.get_secret_value() if self.database else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load_settings` gathered, and nothing besides."""
        return (init_settings,)


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
    return isinstance(annotation, type) and issubclass(annotation, _Table)


def _leaves(settings: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield dotted name, value and description of every setting."""
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, _Table):
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
