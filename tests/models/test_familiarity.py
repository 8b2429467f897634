"""What a model stores to know the sounds that it does not know."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from resp.audio.measures import Spectrum
from resp.models.config import ModelConfig
from resp.models.familiarity import Familiarity, FeatureDistance, SoundKinds, SpectrumShape
from resp.models.packed import PackedArray

CHANNELS, AXES = 6, 2
pack = PackedArray.pack


def made_distance(seed: int = 0) -> FeatureDistance:
    random = np.random.default_rng(seed)
    directions = np.linalg.qr(random.standard_normal((CHANNELS, CHANNELS)))[0].T
    return FeatureDistance(
        mean=pack(random.standard_normal(CHANNELS)),
        deviation=pack(random.uniform(0.5, 2, CHANNELS)),
        axes=pack(directions[:AXES]),
        variances=pack([3.0, 1.5]),
        rest=0.4,
    )


def made_kinds(**changes: object) -> SoundKinds:
    values = {
        "names": ("lung", "music", "speech"),
        "weights": pack([[0.0] * CHANNELS, [5.0] + [0.0] * (CHANNELS - 1), [-5.0] + [0.0] * (CHANNELS - 1)]),
        "offsets": pack([2.0, 0.0, 0.0]),
    }
    return SoundKinds.model_validate(values | changes)


def made_familiarity(**changes: object) -> Familiarity:
    values = {
        "stage": "feature",
        "distance": made_distance(),
        "limit": 2.0,
        "far_limit": 4.0,
        "kinds": None,
        "keep": 0.95,
        "fitted_on": "a test",
    }
    return Familiarity.model_validate(values | changes)


def at_distance(fitted: Familiarity, distance: float, first: float = 0.0) -> np.ndarray:
    """Return a feature that lies so far from the mean, towards the positive or negative end of channel 0."""
    mean, step = fitted.distance.mean.array(), np.zeros(CHANNELS)
    step[0] = first or 1.0
    unit = fitted.distance.of((mean + step)[None])[0]
    return mean + step * distance / unit


def test_the_distance_is_mahalanobis_under_the_covariance_of_probabilistic_pca() -> None:
    distance, random = made_distance(), np.random.default_rng(1)
    axes = distance.axes.array()
    covariance = axes.T @ np.diag(distance.variances.array()) @ axes
    covariance += distance.rest * (np.eye(CHANNELS) - axes.T @ axes)
    features = random.standard_normal((5, CHANNELS))
    off = (features - distance.mean.array()) / distance.deviation.array()
    expected = np.sqrt(np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off) / CHANNELS)
    np.testing.assert_allclose(distance.of(features), expected, rtol=1e-5)


def test_kinds_are_a_softmax() -> None:
    kinds, features = made_kinds(), np.random.default_rng(0).standard_normal((4, CHANNELS))
    logits = features @ kinds.weights.array().T + kinds.offsets.array()
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(kinds.probabilities(features), expected)
    assert np.isfinite(kinds.probabilities(1e6 * features)).all()


@pytest.mark.parametrize(
    ("distance", "towards", "verdict"),
    [
        (1.0, 1.0, "familiar"),  # whatever it sounds like
        (3.0, 1.0, "not_lung"),  # off, and it sounds like music
        (5.0, 1.0, "not_lung"),
    ],
)
def test_what_sounds_like_another_kind_is_refused_beyond_the_limit(
    distance: float, towards: float, verdict: str
) -> None:
    fitted = made_familiarity(kinds=made_kinds(offsets=pack([-50.0, 0.0, 0.0])))
    assert fitted.judge(at_distance(fitted, distance, towards)).verdict == verdict


@pytest.mark.parametrize(("distance", "verdict"), [(1.0, "familiar"), (3.0, "unfamiliar"), (5.0, "not_lung")])
@pytest.mark.parametrize("kinds", [None, made_kinds(offsets=pack([99.0, 0.0, 0.0]))])
def test_what_sounds_like_a_lung_is_refused_only_beyond_the_far_limit(
    distance: float, verdict: str, kinds: SoundKinds | None
) -> None:
    fitted = made_familiarity(kinds=kinds)
    judged = fitted.judge(at_distance(fitted, distance))
    assert judged.verdict == verdict
    assert judged.distance == pytest.approx(distance, rel=1e-5)
    assert judged.kind == (None if kinds is None else "lung")


def made_spectrum(levels_db: np.ndarray) -> Spectrum:
    frequency_hz = np.arange(0, 2001, 20.0)
    density = np.full(frequency_hz.size, 1e-12)
    for level, low_hz, high_hz in zip(levels_db, (100, 400, 800), (400, 800, 1600), strict=True):
        density[(frequency_hz >= low_hz) & (frequency_hz < high_hz)] = 10 ** (level / 10)
    return Spectrum(frequency_hz, density, np.ones(1))


def made_shape() -> SpectrumShape:
    return SpectrumShape(
        edges_hz=(100, 400, 800, 1600),
        mean_db=pack([10.0, 0.0, -10.0]),
        precision=pack(np.eye(3) / 4),
        deviation_db=pack([2.0, 2.0, 2.0]),
        limit=1.5,
    )


def test_a_spectrum_is_compared_without_its_level() -> None:
    shape = made_shape()
    for level in (-60.0, 0.0):
        assert shape.distance(shape.levels(made_spectrum(np.array([10, 0, -10]) + level))) == pytest.approx(0, abs=1e-6)
    off = shape.levels(made_spectrum(np.array([10.0, 9.0, -10.0])))
    np.testing.assert_allclose(off, [7, 6, -13], atol=1e-6)
    assert shape.distance(off) == pytest.approx(np.sqrt((9 + 36 + 9) / 4 / 3), rel=1e-5)
    assert shape.differences(off) == "+6 dB at 400–800 Hz"
    assert shape.differences(shape.mean_db.array()) == ""


def test_a_stored_familiarity_comes_back_equal() -> None:
    fitted = made_familiarity(kinds=made_kinds(), spectrum=made_shape())
    config = ModelConfig(name="m", network="mlp", classes=("normal", "crackle"), familiarity=fitted)
    read = ModelConfig.model_validate_json(json.dumps(config.model_dump(mode="json")))
    assert read == config
    feature = np.ones(CHANNELS)
    assert read.familiarity is not None
    assert read.familiarity.judge(feature) == fitted.judge(feature)


def test_a_packed_array_comes_back() -> None:
    array = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    np.testing.assert_array_equal(pack(array).array(), array)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: pack([1.0, np.inf]), "not finite"),
        (lambda: PackedArray(shape=(2,), float32="AAAA"), "holds 3 bytes; an array of shape .2. has 8"),
        (lambda: PackedArray(shape=(1,), float32="!"), "no base64"),
        (lambda: made_kinds(names=("speech", "lung", "music")), "expected 'lung'"),
        (lambda: made_kinds(offsets=pack([1.0, 2.0])), "of 3 kinds"),
        (lambda: made_familiarity(limit=5.0), "far_limit 4 is below limit 5"),
        (lambda: made_familiarity(kinds=made_kinds(weights=pack(np.ones((3, 2))))), "kinds of 2 channels"),
        (lambda: FeatureDistance(**{**dict(made_distance()), "mean": pack([1.0])}), "do not belong"),
        (lambda: SpectrumShape(**{**dict(made_shape()), "edges_hz": (1.0, 2.0)}), "than 1 bands have"),
    ],
)
def test_what_does_not_fit_together_is_refused(make: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make()  # type: ignore[operator]
