"""The guides lead nowhere that is not there, and say what holds."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = ("clinician.md", "administrator.md")
PICTURES = DOCS / "pictures"


def links(guide):
    found = re.findall(r"\]\(([^)#\s]+)\)", (DOCS / guide).read_text(encoding="utf-8"))
    return [link for link in found if not link.startswith(("https:", "http:"))]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_and_picture_is_there(guide):
    assert [link for link in links(guide) if not (DOCS / link).is_file()] == []


def test_every_picture_is_shown():
    shown = {Path(link).name for guide in GUIDES for link in links(guide)}
    assert {path.name for path in PICTURES.iterdir()} <= shown


@pytest.mark.parametrize("guide", GUIDES)
def test_every_picture_says_what_it_shows(guide):
    told = re.findall(r"!\[([^\]]*)\]\(", (DOCS / guide).read_text(encoding="utf-8"))
    assert told
    assert min(map(len, told)) > 10


def test_the_table_of_settings_is_that_of_the_program():
    pytest.importorskip("pydantic_settings")
    from resp.records.settings_sources import describe_settings

    rows = re.findall(
        r"^\| `([\w.]+)` \| (.+?) \| (.+) \|$", (DOCS / "administrator.md").read_text("utf-8"), re.MULTILINE
    )
    told = {name: (value.strip("`"), description) for name, value, description in rows}
    # The folder is this account's own.
    known = {row.name: (row.value, row.description) for row in describe_settings()}
    known["folder"] = ("~/.local/share/resp", known["folder"][1])
    assert {name: told.get(name) for name in known} == known


def test_keys_of_the_guide_are_those_of_the_page():
    from resp.words import words

    told = (DOCS / "clinician.md").read_text(encoding="utf-8")
    for key, message in words("en").section("listen").items():
        name = str(message).split(" | ")[0]
        if key.startswith("key_") and len(name) <= 5 and key not in ("key_add", "key_remove", "key_escape"):
            assert f"| {name} |" in told, key
