"""From the start to the end: alive, ready, stopping, and what is still answered for."""

import time

import pytest

from service_answers import problem


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
