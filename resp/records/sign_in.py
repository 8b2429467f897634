"""Who somebody is: signing in, and when it may be left out.

Without sign-in the page serves this machine alone, and whoever sits at it is its administrator. Served further, people
sign in with an OpenID Connect provider, and the provider's answer becomes a user with role and clinic: of the users
table (``resp records users``), else of the settings, else of what the settings say of all others.
"""

import getpass
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from resp.loopback import is_this_machine
from resp.records.access import DEFAULT_CLINIC, User
from resp.records.errors import NotAllowedError, RecordsError
from resp.records.settings import CALLBACK, Settings, SignInSettings
from resp.records.users import Users

LOCAL_ID, MACHINE_ID = "local", "command line"
_SECRETS = "secrets.toml"
_COOKIE_SECRET = "cookie_secret"
_MOST_NAME = 200
_OF_PROXIES = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded")


def check_address(settings: Settings, host: str | None = None) -> None:
    """Refuse to serve patients' records to whoever reaches the page.

    Parameters
    ----------
    settings
        As they hold.
    host
        The address that is listened on; that of the settings where None.

    Raises
    ------
    RecordsError
        An address beyond this machine with nobody signing in, unless that was told twice.
    """
    host = settings.page.host if host is None else host
    if settings.sign_in.configured or _told_twice(settings):
        return
    public = urlsplit(settings.page.public_url or "").hostname
    if is_this_machine(host) and (public is None or is_this_machine(public)):
        return
    where = (
        f"be served as {settings.page.public_url}" if is_this_machine(host) else f"listen on {host or 'every address'}"
    )
    half = settings.page.without_sign_in or settings.page.anyone_can_read
    raise RecordsError(
        f"the page would {where}, beyond this machine, and nobody would have to sign in: "
        "whoever reaches it could read, change and delete every patient's records. "
        "Either keep to this machine (--host 127.0.0.1), or set up signing in ([sign_in] in the settings; see "
        "docs/administrator.md), or, where something else keeps others away (a container's port that is published to "
        "this machine alone, a proxy that asks who they are), say so twice: "
        "--without-sign-in --i-understand-that-anyone-can-read-it" + (" (one of the two was said)" if half else "")
    )


def check_request(settings: Settings, headers: Mapping[str, str]) -> None:
    """Refuse a request that came from beyond this machine though nobody signs in.

    A proxy on this machine, or a page of somebody else's whose name was made to point here, reaches the loopback
    address as well; they are told by the name that the browser asked for and by what proxies add.

    Parameters
    ----------
    settings
        As they hold.
    headers
        Of the HTTP request.

    Raises
    ------
    RecordsError
        Such a request.
    """
    if settings.sign_in.configured or _told_twice(settings):
        return
    given = {name.lower(): value for name, value in headers.items()}
    asked = urlsplit(f"//{given.get('host', '')}").hostname
    passed_on = next((name for name in _OF_PROXIES if name in given), None)
    if passed_on or (asked is not None and not is_this_machine(asked)):
        how = f"through a proxy ({passed_on})" if passed_on else f"as {asked}"
        raise RecordsError(
            f"this page was asked for {how}, and nobody has to sign in: it answers this machine alone "
            "(http://localhost). To serve it to others, set up signing in; see docs/administrator.md"
        )


def local_user(settings: Settings, host: str | None = None, headers: Mapping[str, str] | None = None) -> User:
    """Return who uses the page where nobody signs in.

    Raises
    ------
    RecordsError
        People have to sign in, the page is served beyond this machine (`check_address`), or the request came from there
        (`check_request`).
    """
    if settings.sign_in.configured:
        raise RecordsError("signing in is set up: nobody uses the page without it")
    check_address(settings, host)
    check_request(settings, headers or {})
    return User(LOCAL_ID, settings.page.local_name or _account(), "admin", DEFAULT_CLINIC)


def machine_user(clinic: str = DEFAULT_CLINIC) -> User:
    """Return who gives a command on the machine that has the records: may do everything, and is written down."""
    return User(MACHINE_ID, _account(), "admin", clinic)


def signed_in_user(claims: Mapping[str, Any], settings: Settings, users: Users) -> User:
    """Return the user that a provider's answer stands for.

    Parameters
    ----------
    claims
        Of the identity token, which whoever calls this has verified.
    settings
        Whom they know, and what identifies a person.
    users
        The users table, which comes first.

    Returns
    -------
    User
        Id, name, role and clinic.

    Raises
    ------
    NotAllowedError
        No such claim, an e-mail address that the provider did not verify, or nobody who may enter.
    """
    known = settings.sign_in
    who = _identifier(claims, known)
    told = _text(claims.get("name")) or who
    if (found := users.find(who)) is not None:
        return found
    listed = {person_id(name, known.identify_by): person for name, person in known.people.items()}
    if (person := listed.get(who)) is not None:
        return User(who, person.name or told, person.role, person.clinic)
    if known.others_role is not None:
        return User(who, told, known.others_role, known.others_clinic)
    raise NotAllowedError(
        f"{who} has signed in but may not enter; whoever runs this page can allow it: "
        f"resp records users add {who} --role clinician"
    )


def person_id(text: str, identify_by: str) -> str:
    """Return an id as it is compared: e-mail addresses in lower case."""
    return text.strip().lower() if identify_by == "email" else text.strip()


def make_user(user_id: str, role: str, *, name: str | None, clinic: str, settings: Settings) -> User:
    """Return a user for the users table, the id as signing in will give it."""
    who = person_id(user_id, settings.sign_in.identify_by)
    return User(who, name or who, role, clinic)  # type: ignore[arg-type]  # User refuses other roles


def write_streamlit_secrets(settings: Settings) -> Path | None:
    """Write what ``st.login`` reads into a file of the folder that its owner alone can read.

    Parameters
    ----------
    settings
        With sign-in set up.

    Returns
    -------
    Path or None
        The file, ``page/secrets.toml``; None without sign-in, and what an earlier start wrote is removed.

    Raises
    ------
    RecordsError
        A folder that cannot be written to.
    """
    folder = settings.folder / "page"
    file = folder / _SECRETS
    known, public_url = settings.sign_in, settings.page.public_url
    try:
        if not known.configured or known.client_secret is None or public_url is None:
            file.unlink(missing_ok=True)
            return None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        given = known.cookie_secret.get_secret_value() if known.cookie_secret else _kept_secret(folder / _COOKIE_SECRET)
        values = {
            "redirect_uri": public_url + CALLBACK,
            "cookie_secret": given,
            "client_id": known.client_id,
            "client_secret": known.client_secret.get_secret_value(),
            "server_metadata_url": known.metadata_url,
        }
        asked = {"scope": known.scope, **({"prompt": known.prompt} if known.prompt else {})}
        lines = ["# Written by `resp app` from its settings at every start.", "[auth]"]
        lines += [f"{name} = {_quoted(value)}" for name, value in values.items()]
        lines += ["[auth.client_kwargs]", *(f"{name} = {_quoted(value)}" for name, value in asked.items()), ""]
        _write_private(file, "\n".join(lines))
    except OSError as error:
        raise RecordsError(f"{file}: cannot be written: {error.strerror or error}") from error
    return file


def warn_of(settings: Settings) -> list[str]:
    """Return what whoever starts the page should know, each a sentence."""
    told = []
    if not is_this_machine(settings.page.host) and not settings.sign_in.configured:
        told.append("nobody has to sign in: whoever reaches this page reads, changes and deletes every record")
    address = urlsplit(settings.page.public_url or "")
    if settings.sign_in.configured and address.scheme == "http" and not is_this_machine(address.hostname):
        told.append(f"{settings.page.public_url} is not encrypted; put a proxy with TLS before the page (https)")
    return told


def _told_twice(settings: Settings) -> bool:
    return settings.page.without_sign_in and settings.page.anyone_can_read


def _identifier(claims: Mapping[str, Any], known: SignInSettings) -> str:
    who = _text(claims.get(known.identify_by))
    if not who:
        raise NotAllowedError(
            f"the sign-in did not tell {known.identify_by!r}, by which people are known here; "
            "set sign_in.scope or sign_in.identify_by"
        )
    # A provider at which anybody may claim any address says that it was not verified.
    if known.identify_by == "email" and claims.get("email_verified") in (False, "false"):
        raise NotAllowedError(f"the sign-in has not verified the e-mail address {who}; verify it there, then come back")
    return person_id(who, known.identify_by)


def _text(claim: Any) -> str:
    """Return a claim as one line without control characters."""
    return "".join(letter for letter in str(claim or "") if letter.isprintable()).strip()[:_MOST_NAME]


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container's user may have no name.
        return "Local user"


def _kept_secret(file: Path) -> str:
    """Return the secret that was made at the first start: people stay signed in over a restart."""
    if not file.is_file():
        _write_private(file, secrets.token_hex(32))
    return file.read_text(encoding="ascii").strip()


def _write_private(file: Path, text: str) -> None:
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    temporary.replace(file)


def _quoted(value: str | None) -> str:
    # Every JSON string is a TOML string, but for DEL, which no secret has.
    return json.dumps(value or "", ensure_ascii=False)
