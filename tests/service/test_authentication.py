"""Keys at the addresses: who may ask, for what, and how often."""

from service_answers import bearer, problem


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
