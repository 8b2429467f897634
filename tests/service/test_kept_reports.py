"""How many reports are held and for how long, and what is written to the disk."""

import os
import sys

import numpy as np

from resp.audio import Recording, to_wav_bytes
from service_answers import bearer, problem


def test_so_many_reports_are_held(serve, post, sound):
    client = serve(kept_reports=2)
    places = [post(client, sound()).headers["location"] for _ in range(3)]
    assert [client.get(place).status_code for place in places] == [404, 200, 200]
    problem(client.get("/v1/reports/nothing"), 404, "not-found")


def test_so_long_reports_are_held(serve, post, sound, until):
    client = serve(kept_s=0.2)
    place = post(client, sound()).headers["location"]
    until(lambda: client.get(place).status_code == 404, seconds=5)
    assert client.service.jobs.held == 0


def test_nothing_is_written_unless_asked(serve, post):
    client = serve()
    samples = np.random.default_rng(0).normal(scale=0.05, size=(2, 400_000))
    # Longer than what form readers commonly hold in memory.
    content = to_wav_bytes(Recording(samples, 44_100))
    assert len(content) > 1 << 20
    opened, watching = [], True

    def hook(event, arguments):
        if (
            watching
            and event == "open"
            and not isinstance(arguments[0], int)
            and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        ):
            opened.append(arguments[0])

    sys.addaudithook(hook)
    answer = post(client, content)
    watching = False
    assert answer.status_code == 200
    assert opened == []


def test_kept_reports_outlive_the_service(serve, post, sound, tmp_path, two_keys):
    keys, one, other = two_keys
    folder = tmp_path / "kept"
    client = serve(keys, keep=folder)
    made, failed = post(client, sound(), key=one), post(client, b"a letter", key=one)
    (file,) = folder.glob("clinic-a/" + made.headers["location"].rpartition("/")[2] + ".json")
    assert file.read_bytes() == made.content
    again = serve(keys, keep=folder)
    place = made.headers["location"]
    assert again.get(place, headers=bearer(one)).json() == made.json()
    problem(again.get(place, headers=bearer(other)), 404, "not-found")
    problem(again.get(failed.headers["location"], headers=bearer(one)), 422, "recording")
    for name in ("..%2fclinic-a%2f" + file.stem, "../clinic-a/" + file.stem):
        assert again.get("/v1/reports/" + name, headers=bearer(other)).status_code == 404
