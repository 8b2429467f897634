"""The settings of the page, its records and its worker: one TOML file and environment variables.

What is set later wins: the default, the file, the environment, an option of the command line. The file is
``settings.toml`` in the settings folder (``RESP_HOME``, else ``resp`` in the user's data folder), or the one that
``RESP_SETTINGS`` names. A table of the file is a prefix of the environment: ``port`` in ``[page]`` is
``RESP_PAGE_PORT``. ``resp records settings`` shows what holds and where it comes from; docs/administrator.md is the
page for whoever runs it.
"""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from resp.records.access import DEFAULT_CLINIC, Role

PREFIX = "RESP_"
HOME, FILE = "RESP_HOME", "RESP_SETTINGS"
SETTINGS_FILE = "settings.toml"
CALLBACK = "/oauth2callback"

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


class SettingsTable(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageSettings(SettingsTable):
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


class WorkerSettings(SettingsTable):
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


class Person(SettingsTable):
    """Who somebody is that has signed in."""

    role: Role
    clinic: str = DEFAULT_CLINIC
    name: str | None = None


class SignInSettings(SettingsTable):
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
    """All settings; made by `resp.records.settings_sources.load_settings`."""

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
        """Take what was gathered, and nothing besides."""
        return (init_settings,)
