"""What the addresses answer, through the whole application but the socket."""

import json
import logging
import os
import re
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from resp.audio import Recording, load_recording, synthesise_breathing, to_wav_bytes
from resp.score import Report, Scorer
from resp.service import Keys, make_key
from resp.service.access_log import JsonLines

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))


def problem(answer, status, kind):
    """Check that an answer is a problem in one sentence, and return the sentence."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "request_id"}
    assert (told["type"], told["status"]) == (f"urn:resp:{kind}", status)
    assert told["request_id"] == answer.headers["x-request-id"]
    assert re.fullmatch(r"[^\n]{10,250}[.…]", told["detail"])
    return told["detail"]


def alike(one, two):
    """Compare reports: numbers to the tolerance of another batch, all else to the letter."""
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        for name in one:
            alike(one[name], two[name])
    elif isinstance(one, list):
        assert len(one) == len(two)
        for mine, other in zip(one, two, strict=True):
            alike(mine, other)
    elif isinstance(one, float):
        assert one == pytest.approx(two, rel=1e-4, abs=1e-5)
    else:
        assert one == two


@pytest.mark.parametrize("seconds", [0.7, 3.3])
def test_a_report_is_that_of_the_command(serve, post, scorer, sound, tmp_path, seconds):
    path = tmp_path / "breath.wav"
    path.write_bytes(sound(seconds))
    answer = post(serve(), path.read_bytes())
    assert answer.status_code == 200
    jsonschema.validate(answer.json(), SCHEMA)
    expected = scorer.score_file(path).to_dict()
    expected["recording"]["file"] = "breath.wav"
    alike(answer.json(), expected)


def sample(client, name):
    """Return a number of the metrics."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return sum(one.value for family in families for one in family.samples if one.name == name)


def test_requests_that_share_batches_get_what_they_would_get_alone(serve, post, scorer, sound, gate, until):
    client = serve(workers=8)
    gate.open.clear()
    gate.entered.clear()
    sounds = [sound(seconds, seed=seed) for seed, seconds in enumerate((1.0, 2.2, 1.0, 3.7, 1.4, 1.2))]
    places = [post(client, sounds[0], wait=0).headers["location"]]
    until(gate.entered.is_set)
    places += [post(client, content, wait=0).headers["location"] for content in sounds[1:]]
    waiting = client.service.models.get(None)._engine._batcher._waiting
    until(lambda: len(waiting) == len(sounds) - 1)
    gate.open.set()
    answers = [client.get(place, params={"wait": 10}) for place in places]
    assert max(gate.batches) == scorer.at_once
    assert sample(client, "resp_batch_requests_sum") > sample(client, "resp_batch_requests_count")
    for answer, content in zip(answers, sounds, strict=True):
        alike(answer.json(), scorer.score(load_recording(content, name="breath.wav")).to_dict())


def test_the_model_that_ships_says_the_same_to_requests_that_come_together(serve, post):
    shipped = Scorer.load()
    sounds = []
    for seed in range(3):
        made = synthesise_breathing(
            duration_s=9, rate_hz=4000, breaths_per_min=20, crackles="coarse", wheeze=False, noise_db=-50, seed=seed
        )
        sounds.append(to_wav_bytes(made.recording))
    client = serve(scorers=[shipped])
    places = [post(client, content, wait=0).headers["location"] for content in sounds]
    for place, content in zip(places, sounds, strict=True):
        expected = shipped.score(load_recording(content, name="breath.wav"))
        assert expected.familiarity is not None
        answer = client.get(place, params={"wait": 60})
        assert Report.model_validate(answer.json()).segments
        alike(answer.json(), expected.to_dict())


def test_a_long_recording_does_not_hold_up_short_ones_for_ever(serve, post, sound, gate, until):
    client = serve(workers=8)
    gate.open.clear()
    gate.entered.clear()
    # 79 windows, of which the first 16 go before all that comes later.
    long = post(client, sound(40.0), wait=0).headers["location"]
    until(gate.entered.is_set)
    short = [post(client, sound(), wait=0).headers["location"] for _ in range(4)]
    waiting = client.service.models.get(None)._engine._batcher._waiting
    until(lambda: len(waiting) == len(short))
    gate.batches.clear()
    done_after = {}
    held = gate.forward

    def watched(waveform):
        for place in short:
            if client.service.jobs.find("anyone", place.rpartition("/")[2]).done.done():
                done_after.setdefault(place, len(gate.batches))
        # As long as a network takes: a report that has its last batch is finished by another thread meanwhile.
        time.sleep(0.05)
        return held(waveform)

    gate.forward = watched
    gate.open.set()
    assert client.get(long, params={"wait": 20}).status_code == 200
    # All short ones were answered long before the 20 batches of the long one had gone by.
    assert len(done_after) == 4
    assert max(done_after.values()) <= 12


def test_what_was_said_of_a_sound_is_in_its_report(serve, post, sound):
    known = {"body_site": "Trachea", "device": "Meditron", "patient_key": "p-1"}
    recording = post(serve(), sound(), **known).json()["recording"]
    assert {name: recording[name] for name in known} == known


def test_fields_go_before_what_the_file_name_says(serve, post, sound):
    name = "101_1b1_Al_sc_Meditron.wav"
    client = serve()
    assert post(client, sound(), name).json()["recording"]["patient_key"] == "icbhi-101"
    told = post(client, sound(), name, patient_key="p-1").json()["recording"]
    assert (told["patient_key"], told["device"]) == ("p-1", "Meditron")


def test_a_request_that_does_not_wait_gets_a_place(serve, post, sound, gate, until):
    client = serve()
    gate.open.clear()
    answer = post(client, sound(), wait=0)
    assert answer.status_code == 202
    assert answer.headers["location"] == answer.json()["location"]
    assert answer.headers["retry-after"] == "1"
    place = answer.headers["location"]
    until(lambda: client.get(place).json()["state"] == "working")
    assert client.get(place).status_code == 202
    gate.open.set()
    done = client.get(place, params={"wait": 10})
    assert done.status_code == 200
    assert Report.model_validate(done.json()).status == "scored"
    assert client.get(place).content == done.content


def test_a_request_that_has_waited_long_enough_gets_a_place(serve, post, sound, gate):
    client = serve()
    gate.open.clear()
    answer = post(client, sound(), wait=0.05)
    assert answer.status_code == 202
    gate.open.set()
    assert client.get(answer.headers["location"], params={"wait": 10}).status_code == 200


def test_behind_a_long_queue_nobody_is_kept_waiting(serve, post, sound, gate, until):
    client = serve(workers=1, wait_queue=1)
    gate.open.clear()
    post(client, sound(), wait=0)
    until(lambda: client.service.jobs.waiting == 0)
    for _ in range(2):
        post(client, sound(), wait=0)
    answer = post(client, sound(), wait=60)
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


@pytest.fixture
def vanish():
    """Send a form over a connection that closes once its sound is in the queue."""

    async def ask(app, body):
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        jobs, answers = app.state.service.jobs, []
        before = jobs.accepted

        async def receive():
            if messages:
                return messages.pop()
            assert jobs.accepted == before + 1
            return {"type": "http.disconnect"}

        async def send(message):
            answers.append(message)

        headers = [(b"content-type", b"multipart/form-data; boundary=x")]
        scope = {"type": "http", "method": "POST", "path": "/v1/reports", "query_string": b"", "headers": headers}
        await app(scope, receive, send)
        return answers[0]["status"]

    def send(client, content):
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        return client.portal.call(ask, client.app, head + content + b"\r\n--x--\r\n")

    return send


def test_a_sound_whose_sender_is_gone_is_not_scored(serve, post, sound, gate, until, vanish):
    client = serve(workers=1)
    gate.open.clear()
    gate.entered.clear()
    place = post(client, sound(), wait=0).headers["location"]
    until(gate.entered.is_set)
    gate.batches.clear()
    assert vanish(client, sound(3.0)) == 499
    until(lambda: client.service.jobs.accepted == 1)
    gate.open.set()
    assert client.get(place, params={"wait": 10}).status_code == 200
    assert post(client, sound()).status_code == 200
    # One second is one window: the three seconds never came to the network.
    assert gate.batches == [1]
    assert client.service.jobs.held == 2


def test_a_sound_that_was_begun_is_finished_and_not_held(serve, sound, gate, until, vanish):
    client = serve()
    assert vanish(client, sound()) == 499
    until(lambda: client.service.jobs.accepted == 0)
    assert client.service.jobs.held == 0
    assert client.service.jobs.owed == 0


def test_a_full_queue_refuses_and_has_room_again(serve, post, sound, gate):
    client = serve(queue_length=2)
    gate.open.clear()
    places = [post(client, sound(), wait=0).headers["location"] for _ in range(2)]
    full = post(client, sound(), wait=0)
    assert "queue is full" in problem(full, 503, "queue-full")
    assert 1 <= int(full.headers["retry-after"]) <= 60
    gate.open.set()
    assert [client.get(place, params={"wait": 10}).status_code for place in places] == [200, 200]
    assert post(client, sound()).status_code == 200


@pytest.mark.parametrize("broken", ["too-large", "field", "model", "recording"])
def test_a_request_that_is_refused_leaves_its_place_to_others(serve, post, sound, broken):
    client = serve(queue_length=1, max_upload_bytes=20_000)
    for _ in range(3):
        match broken:
            case "too-large":
                problem(post(client, bytes(30_000)), 413, broken)
            case "field":
                problem(post(client, sound(), name_of_patient="Jane"), 422, broken)
            case "model":
                assert "loudness" in problem(post(client, sound(), model="other"), 422, broken)
            case _:
                problem(post(client, b"a letter"), 422, broken)
    assert post(client, sound()).status_code == 200


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


def test_silence_is_abstained_on(serve, post):
    answer = post(serve(), to_wav_bytes(Recording(np.zeros(8000), 4000)))
    assert (answer.status_code, answer.json()["status"]) == (200, "abstained")


def test_a_failure_of_ours_is_told_apart_and_says_nothing(serve, post, sound, gate, monkeypatch, caplog):
    client = serve()
    monkeypatch.setattr(gate, "forward", lambda waveform: 1 / 0)
    answer = post(client, sound(), "Jane.wav")
    told = problem(answer, 500, "internal")
    assert "division" not in told
    assert "ZeroDivisionError" in caplog.text
    assert "Jane" not in caplog.text


def test_several_models(serve, post, sound, gate, make_scorer):
    client = serve(scorers=[make_scorer(gate, "one"), make_scorer(gate, "two", licence="MIT")])
    listed = client.get("/v1/models").json()
    assert [(one["name"], one["default"]) for one in listed] == [("one", True), ("two", False)]
    assert (listed[1]["licence"], listed[1]["engine"]) == ("MIT", "torch fp32")
    assert post(client, sound()).json()["model"]["name"] == "one"
    assert post(client, sound(), model="two").json()["model"]["name"] == "two"


@pytest.fixture
def two_keys():
    made = [make_key(name) for name in ("clinic-a", "clinic-b")]
    return Keys.load(None, " ".join(line for _, line in made)), *(key for key, _ in made)


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def test_keys(serve, post, sound, two_keys):
    keys, one, other = two_keys
    client = serve(keys)
    assert problem(post(client, sound()), 401, "key").startswith("The request shows no key;")
    for headers in (bearer("wrong"), {"Authorization": f"Basic {one}"}, bearer("")):
        answer = client.get("/v1/models", headers=headers)
        problem(answer, 401, "key")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/metrics").status_code == 401
    made = post(client, sound(), key=one)
    assert made.status_code == 200
    place = made.headers["location"]
    assert client.get(place, headers=bearer(one)).status_code == 200
    # What another key has sent is not even there.
    problem(client.get(place, headers=bearer(other)), 404, "not-found")
    for open_to_all in ("/healthz", "/readyz", "/openapi.json"):
        assert client.get(open_to_all).status_code == 200


def test_a_key_that_asks_too_often_is_held_back_alone(serve, post, sound, two_keys):
    keys, one, other = two_keys
    client = serve(keys, requests_per_min=6, burst=2)
    assert [post(client, sound(), key=one).status_code for _ in range(2)] == [200, 200]
    answer = post(client, sound(), key=one)
    problem(answer, 429, "rate")
    assert answer.headers["retry-after"] == "10"
    assert post(client, sound(), key=other).status_code == 200


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


def test_the_log_says_nothing_of_a_patient(serve, post, sound, caplog):
    client = serve()
    caplog.set_level(logging.DEBUG)
    for content in (sound(), b"a letter"):
        post(client, content, "Jane_Doe.wav", patient_key="jane-1971", body_site="back-of-jane")
    client.get("/v1/reports/jane", params={"name": "jane"})
    client.get("/jane")
    client.post("/v1/reports", headers={"X-Request-ID": "jane"})
    lines = [JsonLines().format(record) for record in caplog.records if record.name.startswith("resp")]
    logged = [json.loads(line) for line in lines if json.loads(line)["event"] == "request"]
    assert not any("jane" in line.lower() for line in lines)
    asked = [(line["method"], line["route"], line["status"]) for line in logged if line["route"] != "/readyz"]
    assert asked == [
        ("POST", "/v1/reports", 200),
        ("POST", "/v1/reports", 422),
        ("GET", "/v1/reports/{report_id}", 404),
        ("GET", "none", 404),
        ("POST", "/v1/reports", 415),
    ]
    assert all(set(line) >= {"time", "request", "ms", "bytes_in", "key", "report"} for line in logged)


def test_the_metrics_are_read_by_prometheus(serve, post, sound):
    client = serve()
    post(client, sound(2.0))
    post(client, b"a letter")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["resp_reports_total", "loudness", "scored"] == 1
    assert found["resp_reports_total", "failed", "loudness"] == 1
    assert found["resp_http_requests_total", "/v1/reports", "200", "POST"] == 1
    assert found["resp_audio_seconds_total", "loudness"] == pytest.approx(2.0)
    assert found["resp_refused_total", "recording"] == 1
    assert found["resp_ready",] == 1
    assert found["resp_accepted",] == 0
    assert found["resp_kept_reports",] == 2
    # Three windows, and the one with which the network was warmed up.
    assert found["resp_batch_segments_sum",] == 4


def test_a_method_of_ones_own_is_counted_as_another(serve):
    client = serve()
    assert client.request("JANE", "/v1/models").status_code == 405
    assert "JANE" not in client.get("/metrics").text


def test_it_is_alive_before_it_is_ready(serve, post, sound, gate, until):
    gate.open.clear()
    client = serve(ready=False)
    assert client.get("/healthz").json() == {"status": "alive"}
    # As load balancers ask.
    assert [client.head(place).status_code for place in ("/healthz", "/readyz")] == [200, 503]
    problem(client.get("/readyz"), 503, "not-ready")
    assert post(client, sound()).headers["retry-after"] == "2"
    gate.open.set()
    until(lambda: client.get("/readyz").status_code == 200)


def test_an_end_while_it_loads_waits_for_the_load(serve, gate, until):
    gate.open.clear()
    client = serve(ready=False)
    until(lambda: len(gate.batches) == 1)
    ending = client.portal.start_task_soon(client.service.close)
    time.sleep(0.05)
    assert not ending.done()
    gate.open.set()
    ending.result(10)
    assert client.service.models is not None
    assert not client.service.ready


def test_while_it_ends_it_takes_nothing_new_and_answers_for_the_old(serve, post, sound, gate):
    client = serve()
    gate.open.clear()
    place = post(client, sound(), wait=0).headers["location"]
    client.service.stopping = True
    problem(client.get("/readyz"), 503, "stopping")
    problem(post(client, sound()), 503, "stopping")
    assert client.get("/healthz").status_code == 200
    gate.open.set()
    assert client.get(place, params={"wait": 10}).status_code == 200


@pytest.mark.parametrize("kept", [False, True])
def test_the_end_waits_for_a_promised_report_but_not_for_ever(serve, post, sound, until, tmp_path, kept):
    client = serve(stop_s=0.3, keep=tmp_path if kept else None)
    place = post(client, sound(), wait=0).headers["location"]
    assert post(client, sound()).status_code == 200
    until(lambda: client.service.jobs.accepted == 0)
    # What was answered is owed to nobody, nor is what is on the disk.
    assert client.portal.call(client.service.jobs.settle, 0.3) == (0 if kept else 1)
    assert client.get(place).status_code == 200
    assert client.portal.call(client.service.jobs.settle, 10) == 0


def test_the_description_is_valid_and_names_the_report_and_the_problems(serve):
    document = serve().get("/openapi.json").json()
    validate(document)
    assert document["info"]["title"] == "resp"
    operations = [(path, method) for path, methods in document["paths"].items() for method in methods]
    assert set(operations) == {
        ("/v1/reports", "post"),
        ("/v1/reports/{report_id}", "get"),
        ("/v1/models", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    }
    create = document["paths"]["/v1/reports"]["post"]
    form = create["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert set(form) == {"file", "body_site", "device", "patient_key", "model"}
    assert create["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Report"
    }
    for path, method in operations:
        for status, response in document["paths"][path][method]["responses"].items():
            if status >= "400":
                assert response["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
                }


def test_the_report_described_is_the_published_one(serve):
    parts = serve().get("/openapi.json").json()["components"]["schemas"]

    def moved(value):
        if isinstance(value, dict):
            return {name: moved(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [moved(inner) for inner in value]
        return value.replace("#/$defs/", "#/components/schemas/") if isinstance(value, str) else value

    published = dict(SCHEMA)
    for name, definition in {**published.pop("$defs"), "Report": published}.items():
        assert parts[name] == moved(definition)


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
