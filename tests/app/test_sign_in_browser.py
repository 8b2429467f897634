"""Signing in with a real OpenID Connect provider on loopback, in a real browser."""

import json
import sys

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("authlib")
pytest.importorskip("sqlmodel")
from openid_provider import CLIENT_ID, CLIENT_SECRET, openid_provider
from page_server import free_port, served
from resp.records import User, open_records

pytestmark = pytest.mark.browser

PATIENCE_MS = 40_000
ADA = {"sub": "1", "email": "ada@example.org", "email_verified": True, "name": "Ada L."}
EVE = {"sub": "2", "email": "eve@example.org", "email_verified": True, "name": "Eve"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A page that asks who it is: its address, its provider and its folder."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    folder = home / "resp"
    # People come by the name of the machine: cookies of localhost are not those of 127.0.0.1.
    public = f"http://localhost:{port}"
    with open_records(folder=folder) as records:
        records.users.save(User("ada@example.org", "Dr Ada", "clinician", "west"))
        records.desk(User("x", "X", "clinician", "west")).add_patient("West-1")
        records.desk(User("x", "X", "clinician", "east")).add_patient("East-1")
    command = [sys.executable, "-c", "from resp.cli import main; main()", "app", "--port", str(port), "--no-browser"]
    with openid_provider(f"{public}/oauth2callback") as provider:
        environment = {
            "RESP_FOLDER": str(folder),
            "RESP_WORKER_PROCESSES": "0",
            "RESP_PAGE_PUBLIC_URL": public,
            "RESP_SIGN_IN_METADATA_URL": provider.metadata_url,
            "RESP_SIGN_IN_CLIENT_ID": CLIENT_ID,
            "RESP_SIGN_IN_CLIENT_SECRET": CLIENT_SECRET,
            "RESP_SIGN_IN_PEOPLE": json.dumps({"eve@example.com": {"role": "reader"}}),
        }
        with served(command, port, home, **environment):
            yield public, provider, folder


@pytest.fixture
def page(browser, site):
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    context.close()


def sign_in(page, public, provider, person) -> None:
    provider.person = person
    page.goto(public)
    page.get_by_role("button", name="Sign in").click()


def test_nobody_sees_anything_before_signing_in(page, site):
    public, _, _ = site
    page.goto(public)
    page.get_by_role("button", name="Sign in").wait_for()
    assert "West-1" not in page.inner_text("body")
    assert page.get_by_text("Today", exact=True).count() == 0


def test_somebody_with_a_role_sees_the_own_clinic_and_can_leave(page, site):
    public, provider, _ = site
    sign_in(page, public, provider, ADA)
    page.get_by_text("Dr Ada", exact=False).first.wait_for()
    assert "clinician" in page.inner_text("body")
    page.get_by_text("Patients", exact=True).first.click()
    page.get_by_text("West-1").first.wait_for()
    assert "East-1" not in page.inner_text("body")
    page.reload()
    page.get_by_text("Dr Ada", exact=False).first.wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    assert "West-1" not in page.inner_text("body")


def test_access_that_is_taken_away_is_gone_at_the_next_look(page, site):
    public, provider, folder = site
    with open_records(folder=folder) as records:
        records.users.save(User("eve@example.org", "Eve", "reader", "west"))
    sign_in(page, public, provider, EVE)
    page.get_by_text("Eve", exact=False).first.wait_for()
    with open_records(folder=folder) as records:
        records.users.remove("eve@example.org")
    page.reload()
    page.get_by_text("may not enter").wait_for()
    assert "West-1" not in page.inner_text("body")


@pytest.mark.parametrize(
    ("person", "told"),
    [(EVE, "may not enter"), ({**ADA, "email_verified": False}, "has not verified"), ({"sub": "3"}, "did not tell")],
)
def test_somebody_without_a_role_is_told_why_and_can_leave(page, site, person, told):
    public, provider, _ = site
    sign_in(page, public, provider, person)
    page.get_by_text(told).wait_for()
    assert page.get_by_text("Today", exact=True).count() == 0
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
