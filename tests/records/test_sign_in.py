"""Who somebody is: the provider's answer becomes a user; without one the page keeps to this machine."""

import stat
import tomllib

import pytest

pytest.importorskip("sqlmodel")
from resp.loopback import is_this_machine
from resp.records import NotAllowedError, RecordsError, User, open_records
from resp.records.settings import Settings
from resp.records.sign_in import (
    check_address,
    check_request,
    local_user,
    machine_user,
    make_user,
    signed_in_user,
    warn_of,
    write_streamlit_secrets,
)

SIGN_IN = {
    "metadata_url": "https://id.example.org/.well-known/openid-configuration",
    "client_id": "resp",
    "client_secret": 'quiet "and" \\ odd',
    "people": {
        "Ada@Example.org": {"role": "clinician", "clinic": "west", "name": "Dr Ada"},
        "bob@example.org": {"role": "reader"},
    },
}


def settings(*, page=None, sign_in=None, **others) -> Settings:
    page = {"public_url": "https://lungs.example.org", **(page or {})}
    return Settings(page=page, sign_in=SIGN_IN | (sign_in or {}), **others)


@pytest.fixture
def users(tmp_path):
    with open_records(folder=tmp_path) as records:
        yield records.users


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        (None, False),
        ("192.168.1.4", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_what_is_this_machine(host, own):
    assert is_this_machine(host) is own


@pytest.mark.parametrize("page", [{}, {"without_sign_in": True}, {"anyone_can_read": True}])
def test_serving_further_without_sign_in_has_to_be_told_twice(page):
    with pytest.raises(RecordsError, match="beyond this machine") as refused:
        check_address(Settings(page={"host": "0.0.0.0", **page}))
    assert "--without-sign-in --i-understand-that-anyone-can-read-it" in str(refused.value)
    assert ("one of the two was said" in str(refused.value)) is bool(page)


def test_serving_further_is_let_through_with_sign_in_or_told_twice():
    check_address(settings(page={"host": "0.0.0.0"}))
    both = Settings(page={"host": "0.0.0.0", "without_sign_in": True, "anyone_can_read": True})
    check_address(both)
    assert "nobody has to sign in" in warn_of(both)[0]


def test_the_local_user_is_the_administrator_of_this_machine_alone():
    user = local_user(Settings(page={"local_name": "Ward 7"}))
    assert user == User("local", "Ward 7", "admin", "default")
    assert local_user(Settings()).name
    with pytest.raises(RecordsError, match="beyond this machine"):
        local_user(Settings(), "0.0.0.0")
    with pytest.raises(RecordsError, match="signing in is set up"):
        local_user(settings())


def test_a_public_address_is_beyond_this_machine_too():
    with pytest.raises(RecordsError, match=r"served as https://lungs\.example\.org, beyond this machine"):
        check_address(Settings(page={"public_url": "https://lungs.example.org"}))
    check_address(Settings(page={"public_url": "http://localhost:8501"}))
    check_address(settings())


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Host": "evil.example.org:8501"}, "as evil.example.org"),
        ({"host": "192.168.1.4"}, "as 192.168.1.4"),
        ({"Host": "localhost:8501", "X-Forwarded-For": "192.168.1.9"}, "through a proxy"),
        ({"Host": "localhost", "Forwarded": "for=192.168.1.9"}, "through a proxy"),
    ],
)
def test_a_request_from_beyond_this_machine_is_refused_where_nobody_signs_in(headers, told):
    with pytest.raises(RecordsError, match=told):
        local_user(Settings(), None, headers)
    both = Settings(page={"without_sign_in": True, "anyone_can_read": True})
    assert local_user(both, "0.0.0.0", headers).role == "admin"
    check_request(settings(), headers)


@pytest.mark.parametrize("name", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST", ""])
def test_a_request_of_this_machine_is_let_in(name):
    local_user(Settings(), None, {"Host": name})


def test_people_of_the_settings(users):
    found = signed_in_user({"email": " ADA@example.org", "email_verified": True, "name": "x"}, settings(), users)
    assert found == User("ada@example.org", "Dr Ada", "clinician", "west")
    found = signed_in_user({"email": "bob@example.org", "name": "Bob\n\x1b[0m B."}, settings(), users)
    assert found == User("bob@example.org", "Bob[0m B.", "reader", "default")


def test_the_users_table_comes_first(users):
    users.save(make_user("ADA@example.org ", "reader", name=None, clinic="east", settings=settings()))
    found = signed_in_user({"email": "ada@example.org"}, settings(), users)
    assert found == User("ada@example.org", "ada@example.org", "reader", "east")
    users.remove("ada@example.org")
    assert signed_in_user({"email": "ada@example.org"}, settings(), users).clinic == "west"


def test_others_may_not_enter_unless_the_settings_say_so(users):
    with pytest.raises(NotAllowedError, match=r"resp records users add eve@example\.org"):
        signed_in_user({"email": "eve@example.org"}, settings(), users)
    open_to_all = settings(sign_in={"others_role": "reader", "others_clinic": "guests"})
    assert signed_in_user({"email": "eve@example.org", "name": "Eve"}, open_to_all, users) == User(
        "eve@example.org", "Eve", "reader", "guests"
    )


@pytest.mark.parametrize("verified", [False, "false"])
def test_an_address_that_was_not_verified_is_nobodys(users, verified):
    with pytest.raises(NotAllowedError, match="has not verified"):
        signed_in_user({"email": "ada@example.org", "email_verified": verified}, settings(), users)


def test_a_sign_in_that_does_not_say_who(users):
    for claims in ({}, {"email": ""}, {"email": None, "sub": "1"}):
        with pytest.raises(NotAllowedError, match="did not tell 'email'"):
            signed_in_user(claims, settings(), users)


def test_people_by_subject(users):
    by_subject = settings(sign_in={"identify_by": "sub", "people": {"Ab|1": {"role": "admin"}}})
    assert signed_in_user({"sub": "Ab|1", "email": "x@example.org"}, by_subject, users).role == "admin"
    with pytest.raises(NotAllowedError):
        signed_in_user({"sub": "ab|1"}, by_subject, users)
    assert make_user("Ab|1", "admin", name="A", clinic="w", settings=by_subject) == User("Ab|1", "A", "admin", "w")


def test_a_role_that_is_none():
    with pytest.raises(RecordsError, match="king"):
        make_user("a@example.org", "king", name=None, clinic="w", settings=Settings())


def test_commands_are_given_by_an_administrator_of_the_machine():
    assert machine_user("west").role == "admin"
    assert machine_user("west").clinic == "west"


def test_streamlit_is_told_in_a_file_of_the_owner_alone(tmp_path):
    chosen = settings(folder=tmp_path, sign_in={"prompt": "login"})
    file = write_streamlit_secrets(chosen)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = tomllib.loads(file.read_text())["auth"]
    assert written["redirect_uri"] == "https://lungs.example.org/oauth2callback"
    assert written["client_secret"] == 'quiet "and" \\ odd'
    assert written["server_metadata_url"] == SIGN_IN["metadata_url"]
    assert written["client_kwargs"] == {"scope": "openid email profile", "prompt": "login"}
    assert len(written["cookie_secret"]) == 64
    again = tomllib.loads(write_streamlit_secrets(chosen).read_text())["auth"]
    assert again["cookie_secret"] == written["cookie_secret"], "people stay signed in over a restart"
    given = settings(folder=tmp_path, sign_in={"cookie_secret": "c" * 40})
    assert tomllib.loads(write_streamlit_secrets(given).read_text())["auth"]["cookie_secret"] == "c" * 40
    assert write_streamlit_secrets(Settings(folder=tmp_path)) is None
    assert not file.exists(), "a secret that is not used is not kept"


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "page").touch()
    with pytest.raises(RecordsError, match="cannot be written"):
        write_streamlit_secrets(settings(folder=tmp_path))


def test_a_public_address_without_tls_is_warned_of():
    assert "not encrypted" in warn_of(settings(page={"host": "0.0.0.0", "public_url": "http://lungs.example.org"}))[0]
    assert warn_of(settings(page={"host": "0.0.0.0"})) == []
    assert warn_of(settings(page={"public_url": "http://localhost:8501"})) == []
    assert warn_of(Settings()) == []
