"""What cannot be answered is a problem in one sentence, whatever was sent."""

import numpy as np
import pytest

from service_answers import problem


@pytest.mark.parametrize("wait", [None, 0])
def test_what_is_no_sound_is_refused_with_the_reason(serve, post, wait):
    client = serve()
    answer = post(client, b"a letter, not a sound" * 9, "letter.wav", wait=wait)
    if wait == 0:
        answer = client.get(answer.headers["location"], params={"wait": 10})
    told = problem(answer, 422, "recording")
    assert told.startswith("letter.wav: not an audio file")


def test_a_sound_that_is_too_long_is_refused(serve, post, sound):
    told = problem(post(serve(max_duration_s=2.0), sound(2.5)), 422, "recording")
    assert "at most 2 s" in told


def test_a_failure_of_ours_is_told_apart_and_says_nothing(serve, post, sound, gate, monkeypatch, caplog):
    client = serve()
    monkeypatch.setattr(gate, "forward", lambda waveform: 1 / 0)
    answer = post(client, sound(), "Jane.wav")
    told = problem(answer, 500, "internal")
    assert "division" not in told
    assert "ZeroDivisionError" in caplog.text
    assert "Jane" not in caplog.text


FUZZ = [
    ("GET", "/v1/reports/%00"),
    ("GET", "/v1/reports/" + "x" * 5000),
    ("GET", "/v1/reports/a?wait=nan"),
    ("GET", "/v1/reports/a?wait=inf"),
    ("GET", "/v1/reports/a?wait=-1"),
    ("POST", "/v1/reports?wait=many"),
    ("POST", "/v1/reports?wait=61"),
    ("DELETE", "/v1/reports/a"),
    ("PUT", "/v1/reports"),
    ("POST", "/healthz"),
    ("GET", "//"),
    ("GET", "/docs"),
]


@pytest.mark.parametrize(("method", "address"), FUZZ)
def test_odd_requests_are_answered_with_a_problem(serve, method, address):
    answer = serve().request(method, address)
    assert 400 <= answer.status_code < 500
    problem(answer, answer.status_code, answer.json()["type"].removeprefix("urn:resp:"))


def test_random_forms_are_never_our_failure(serve, sound):
    client = serve(requests_per_min=1e6, burst=10_000)
    rng = np.random.default_rng(0)
    whole = sound()
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    for _ in range(60):
        content = bytearray(whole[: rng.integers(0, len(whole))])
        for place in rng.integers(0, max(1, len(content)), size=4):
            content[place : place + 1] = rng.bytes(1)
        body = bytearray(head + content + b"\r\n--x--\r\n")
        if rng.random() < 0.5:
            place = int(rng.integers(0, len(body)))
            body[place : place + int(rng.integers(0, 9))] = rng.bytes(int(rng.integers(0, 9)))
        answer = client.post(
            "/v1/reports", content=bytes(body), headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert answer.status_code in (200, 400, 422), answer.text
