"""The access log and the metrics: what is counted, and nothing of a patient."""

import json
import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families

from resp.service.access_log import JsonLines


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
