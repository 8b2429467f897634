"""The queue: who waits and who gets a place, who is gone, and when it is full."""

import pytest

from resp.score import Report
from service_answers import problem


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
