"""Who is before the page, without a server: nobody signs in on this machine alone, and nowhere else."""

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("sqlmodel")
from streamlit import config
from streamlit.testing.v1 import AppTest

from resp_page import identity


@pytest.fixture
def page(page_script, tmp_path, monkeypatch):
    import streamlit as st

    monkeypatch.setenv("RESP_HOME", str(tmp_path))
    monkeypatch.setenv("RESP_PAGE_LOCAL_NAME", "Ward 7")
    st.cache_resource.clear()
    yield AppTest.from_file(str(page_script), default_timeout=60)
    st.cache_resource.clear()


def texts(page) -> str:
    kinds = (page.error, page.title, page.caption, page.markdown)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_this_machine_has_one_user(page):
    page.run()
    assert not page.error
    assert "Ward 7" in texts(page)


def test_served_further_nothing_is_shown(page):
    before = config.get_option("server.address")
    try:
        for address in ("0.0.0.0", None):
            config.set_option("server.address", address)
            page.run()
            assert [error.value for error in page.error]
            assert "beyond this machine" in page.error[0].value
            assert not page.title
    finally:
        config.set_option("server.address", before)


def test_told_twice_it_is_shown(page, monkeypatch):
    monkeypatch.setattr(identity.st, "get_option", lambda name: "0.0.0.0")
    monkeypatch.setenv("RESP_PAGE_WITHOUT_SIGN_IN", "true")
    monkeypatch.setenv("RESP_PAGE_ANYONE_CAN_READ", "true")
    page.run()
    assert not page.error


def test_with_sign_in_nothing_is_shown_before(page, monkeypatch):
    for name, value in {
        "PAGE_PUBLIC_URL": "https://lungs.example.org",
        "SIGN_IN_METADATA_URL": "https://id.example.org/.well-known/openid-configuration",
        "SIGN_IN_CLIENT_ID": "resp",
        "SIGN_IN_CLIENT_SECRET": "quiet",
    }.items():
        monkeypatch.setenv(f"RESP_{name}", value)
    page.run()
    assert [title.value for title in page.title] == ["Sign in"]
    assert [button.label for button in page.button] == ["Sign in"]
