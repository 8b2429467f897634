"""Requests that share batches get what they would get alone, and none waits for ever."""

import time

from prometheus_client.parser import text_string_to_metric_families

from resp.audio import load_recording, synthesise_breathing, to_wav_bytes
from resp.score import Report, Scorer
from service_answers import alike


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
