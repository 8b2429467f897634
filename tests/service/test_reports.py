"""What a report answers: that of the command, with what was said of the sound."""

import jsonschema
import numpy as np
import pytest

from resp.audio import Recording, to_wav_bytes
from service_answers import SCHEMA, alike


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


def test_silence_is_abstained_on(serve, post):
    answer = post(serve(), to_wav_bytes(Recording(np.zeros(8000), 4000)))
    assert (answer.status_code, answer.json()["status"]) == (200, "abstained")


def test_several_models(serve, post, sound, gate, make_scorer):
    client = serve(scorers=[make_scorer(gate, "one"), make_scorer(gate, "two", licence="MIT")])
    listed = client.get("/v1/models").json()
    assert [(one["name"], one["default"]) for one in listed] == [("one", True), ("two", False)]
    assert (listed[1]["licence"], listed[1]["engine"]) == ("MIT", "torch fp32")
    assert post(client, sound()).json()["model"]["name"] == "one"
    assert post(client, sound(), model="two").json()["model"]["name"] == "two"
