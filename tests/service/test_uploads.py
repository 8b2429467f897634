"""Forms are read as they come in; encoded here by another library than reads them."""

import asyncio

import httpx2
import pytest
from starlette.requests import ClientDisconnect, Request

from resp.service import uploads
from resp.service.problems import RequestError
from resp.service.uploads import read_upload

CONTENT = bytes(range(256)) * 8 + b"\r\n--\r\n-"


def encoded(files=None, data=None):
    made = httpx2.Request("POST", "http://x/", files=files or {"file": ("a.wav", CONTENT)}, data=data)
    return made.read(), made.headers["content-type"]


def read(body, kind, piece=None, most=10_000, seconds=5.0, hold=False, **headers):
    """Feed a body to `read_upload`, some bytes at a time."""
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)] if piece else [body]
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in pieces]
    if not hold:
        messages[-1]["more_body"] = False

    async def receive():
        if messages:
            return messages.pop(0)
        if hold == "gone":
            return {"type": "http.disconnect"}
        await asyncio.sleep(60)
        raise AssertionError

    named = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in named.items()]}
    return asyncio.run(read_upload(Request(scope, receive), most, seconds))


@pytest.mark.parametrize("piece", [None, 1, 7, 64, 1000])
def test_a_form_is_read_however_it_is_cut(piece):
    data = {"body_site": "Trachea", "patient_key": " p-1 ", "device": "", "model": "lungs"}
    upload = read(*encoded(data=data), piece=piece)
    assert upload.content.getvalue() == CONTENT
    assert (upload.name, upload.model) == ("a.wav", "lungs")
    assert upload.known == {"body_site": "Trachea", "patient_key": "p-1"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [("C:\\sounds\\a.wav", "a.wav"), ("../../etc/a.wav", "a.wav"), ("ä b.wav", "ä b.wav"), ("x" * 300, "x" * 255)],
)
def test_a_file_name_is_a_name_alone(given, expected):
    assert read(*encoded(files={"file": (given, b"1")})).name == expected


def test_a_part_without_a_file_name_has_one():
    body = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nsound\r\n--x--\r\n'
    upload = read(body, "multipart/form-data; boundary=x")
    assert (upload.name, upload.content.getvalue()) == ("upload", b"sound")


def refused(*arguments, **settings):
    with pytest.raises(RequestError) as caught:
        read(*arguments, **settings)
    assert caught.value.detail.endswith(".") or caught.value.detail.endswith("…")
    return caught.value.status, caught.value.kind


@pytest.mark.parametrize("kind", ["audio/wav", "", "application/x-www-form-urlencoded"])
def test_what_is_no_form_is_refused(kind):
    assert refused(b"sound", kind) == (415, "media-type")


@pytest.mark.parametrize(
    ("data", "files"),
    [
        ({"name": "Jane"}, None),
        ({"body_site": "x" * 201}, None),
        ({"body_site": "x" * 5000}, None),
        ({"device": "a\nb"}, None),
        ({"device": ["a", "b"]}, None),
        ({}, [("file", ("a", b"1")), ("file", ("b", b"2"))]),
        ({}, {"model": (None, b"lungs")}),
    ],
)
def test_a_field_that_is_wrong_is_refused(data, files):
    assert refused(*encoded(files, data)) == (422, "field")


@pytest.mark.parametrize("cut", [10, 60, -10])
def test_a_form_that_is_cut_is_refused(cut):
    body, kind = encoded()
    assert refused(body[:cut], kind) == (400, "bad-request")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=other"])
def test_a_form_without_its_boundary_is_refused(kind):
    assert refused(encoded()[0], kind) == (400, "bad-request")


def test_a_file_may_be_as_long_as_the_limit_and_no_longer():
    assert len(read(*encoded(), most=len(CONTENT)).content.getvalue()) == len(CONTENT)
    assert refused(*encoded(), most=len(CONTENT) - 1) == (413, "too-large")


def test_a_file_that_is_too_long_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(uploads, "_FORM_BYTES", 500)
    body, kind = encoded(files={"file": ("a", bytes(1_000_000))})
    read_bytes = 0
    real = Request.stream

    async def counted(self):
        nonlocal read_bytes
        async for piece in real(self):
            read_bytes += len(piece)
            yield piece

    monkeypatch.setattr(Request, "stream", counted)
    assert refused(body, kind, piece=100, most=1000) == (413, "too-large")
    assert read_bytes < 2 * 1500 + 300


@pytest.mark.parametrize(("length", "headers"), [(10**9, {}), (100_000, {"expect": "100-continue"})])
def test_a_file_that_says_that_it_is_too_long_is_not_read_at_all(length, headers):
    assert refused(b"", encoded()[1], most=10_000, content_length=str(length), **headers) == (413, "too-large")


def test_a_sender_that_is_too_slow_is_refused():
    body, kind = encoded()
    assert refused(body[:100], kind, seconds=0.05, hold=True) == (408, "too-slow")


def test_a_sender_that_is_gone_is_no_problem_of_ours():
    body, kind = encoded()
    with pytest.raises(ClientDisconnect):
        read(body[:100], kind, hold="gone")
