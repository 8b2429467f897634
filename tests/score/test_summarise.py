import numpy as np
import pytest
from scipy.special import expit, softmax

from resp.models.config import Calibration, ClipSettings, ModelConfig
from resp.score import RecordingIdentity, Report, Segment, Summary, summarise_sites
from resp.score.summarise import summarise

CLASSES = ("normal", "crackle", "wheeze", "both")
LOGITS = np.array([[2.0, 0.0, 0.0, -1.0], [0.0, 3.0, 0.5, 0.0], [0.1, 0.2, 0.3, 0.0]])


def config(classes=CLASSES, summary="mean", **calibration):
    return ModelConfig(
        name="m",
        network="ast",
        classes=classes,
        clip=ClipSettings(summary=summary),
        calibration=Calibration(**calibration),
    )


def segments(labels=("normal", "crackle", None), lengths=(1.0, 2.0, 5.0)):
    return [
        Segment(
            kind="cycle",
            start_s=0,
            end_s=length,
            probabilities={},
            label=label,
            abstained=None if label else "too unsure",
        )
        for label, length in zip(labels, lengths, strict=True)
    ]


def test_mean_is_weighted_by_duration():
    summary, reason = summarise(segments(), LOGITS, config(), 20.0, (18.5, 22.0))
    expected = (np.array([1, 2, 5]) / 8) @ softmax(LOGITS, axis=1)
    np.testing.assert_allclose(list(summary.probabilities.values()), expected)
    assert list(summary.probabilities) == list(CLASSES)
    assert summary.p_abnormal == pytest.approx(1 - expected[0])
    assert summary.label == CLASSES[expected.argmax()]
    assert summary.segment_counts == {"normal": 1, "crackle": 1, "wheeze": 0, "both": 0, "abstained": 1}
    assert summary.breaths_per_min == 20.0
    assert summary.breaths_interval == (18.5, 22.0)
    assert reason is None


def test_mean_of_logits_when_the_model_says_so():
    summary, _ = summarise(segments(), LOGITS, config(summary="mean_logit", temperature=2.0))
    expected = softmax((np.array([1, 2, 5]) / 8) @ LOGITS / 2.0)
    np.testing.assert_allclose(list(summary.probabilities.values()), expected)


def test_the_temperature_is_that_of_the_joined_segments_and_of_the_device():
    mean = (np.array([1, 2, 5]) / 8) @ softmax(LOGITS, axis=1)
    calibration = {"temperature": 2.0, "device_temperatures": {"Meditron": 4.0}}
    for device, temperature in ((None, 2.0), ("meditron", 4.0)):
        summary, _ = summarise(segments(), LOGITS, config(**calibration), device=device)
        expected = softmax(np.log(mean) / temperature)
        np.testing.assert_allclose(list(summary.probabilities.values()), expected)


@pytest.mark.parametrize("summary", ["mean", "mean_logit"])
def test_several_labels_at_once_need_not_sum_to_one(summary):
    told, _ = summarise(segments(), LOGITS, config(summary=summary).model_copy(update={"task": "multi_label"}))
    weights = np.array([1, 2, 5]) / 8
    expected = weights @ expit(LOGITS) if summary == "mean" else expit(weights @ LOGITS)
    np.testing.assert_allclose(list(told.probabilities.values()), expected)
    assert sum(told.probabilities.values()) > 1.5
    assert told.label == CLASSES[expected.argmax()]


def test_too_unsure_gives_no_label_but_keeps_the_numbers():
    summary, reason = summarise(segments(), LOGITS, config(abstain_below=0.99, set_threshold=0.2))
    assert summary.label is None
    assert reason is not None
    assert sum(summary.probabilities.values()) == pytest.approx(1)
    assert summary.prediction_set[0] == max(summary.probabilities, key=summary.probabilities.__getitem__)


def test_a_model_without_normal_has_no_abnormal():
    summary, _ = summarise(segments(("a", "b", "a")), LOGITS, config(classes=("a", "b", "c", "d")))
    assert summary.p_abnormal is None


def report(patient, site, normal, duration_s=10.0, status="scored"):
    if status == "failed":
        return Report.failure("x.wav", "broken", patient_key=patient, body_site=site)
    probabilities = {"normal": normal, "crackle": 1 - normal}
    return Report(
        status=status,
        recording=RecordingIdentity(file="x.wav", patient_key=patient, body_site=site, duration_s=duration_s),
        summary=Summary(
            label="normal", probabilities=probabilities, p_abnormal=1 - normal, segment_counts={"normal": 1}
        ),
    )


def test_sites_of_patients():
    reports = [
        report("7", "Al", 0.9, 10),
        report("8", "Tc", 0.2),
        report("7", "Al", 0.3, 30),
        report("7", "Ar", 0.4, status="abstained"),
        report("7", "Al", 0.0, status="failed"),
        report(None, None, 0.5, duration_s=None),
    ]
    patients = summarise_sites(reports)
    assert [patient.patient_key for patient in patients] == ["7", "8", None]
    left, right = patients[0].sites
    assert (left.body_site, left.recordings, left.scored) == ("Al", 3, 2)
    assert left.probabilities["normal"] == pytest.approx(0.25 * 0.9 + 0.75 * 0.3)
    assert left.label == "crackle"
    assert left.p_abnormal == pytest.approx(1 - 0.45)
    assert (right.recordings, right.scored, right.label, right.p_abnormal) == (1, 0, None, None)
    assert right.probabilities == {}
    assert patients[2].sites[0].probabilities["normal"] == pytest.approx(0.5)


def test_no_reports_no_patients():
    assert summarise_sites([]) == ()
