"""From features to what a model stores."""

import numpy as np
import pytest

from resp.train import TrainError
from resp.train.familiarity.statistics import (
    EDGES_HZ,
    fit_distance,
    fit_kinds,
    fit_spectrum,
    patient_folds,
    patient_quantile,
)


def cloud(count: int = 200, channels: int = 8, seed: int = 0) -> np.ndarray:
    """Return features that differ mostly in two directions, every channel on a scale of its own."""
    random = np.random.default_rng(seed)
    low = random.standard_normal((count, 2)) @ np.random.default_rng(9).standard_normal((2, channels)) * 3
    return (low + 0.3 * random.standard_normal((count, channels))) * np.linspace(0.1, 5, channels) + 7


def test_the_distance_is_that_of_scikit_learns_probabilistic_pca() -> None:
    from sklearn.decomposition import PCA

    known, tried = cloud(), cloud(20, seed=1) + 1
    distance = fit_distance(known, axes=3)
    mean, deviation = known.mean(axis=0), known.std(axis=0)
    # PCA's precision is that of Tipping & Bishop's model; its covariance divides by n - 1.
    precision = (
        PCA(3, svd_solver="full").fit((known - mean) / deviation).get_precision() * len(known) / (len(known) - 1)
    )
    off = (tried - mean) / deviation
    expected = np.sqrt(np.einsum("ni,ij,nj->n", off, precision, off) / known.shape[1])
    np.testing.assert_allclose(distance.of(tried), expected, rtol=1e-3)


def test_known_features_are_about_one_away_and_others_farther() -> None:
    distance = fit_distance(cloud(), axes=2)
    assert np.sqrt((distance.of(cloud()) ** 2).mean()) == pytest.approx(1, abs=0.02)
    strange = cloud(20, seed=3)
    strange[:, 0] += 10 * cloud().std(axis=0)[0]
    assert distance.of(strange).min() > distance.of(cloud(20, seed=3)).max()


def test_more_axes_than_recordings_can_fill_are_left_out() -> None:
    distance = fit_distance(cloud(5), axes=32)
    assert distance.axes.shape[0] < 5
    assert np.isfinite(distance.of(cloud(3))).all()


def test_a_channel_that_never_changes_divides_nothing_by_zero() -> None:
    known = cloud()
    known[:, 2] = 1.0
    assert np.isfinite(fit_distance(known, 2).of(known)).all()


@pytest.mark.parametrize("features", [np.ones((2, 8)), np.ones((9, 8)), np.ones((9, 1))])
def test_features_that_say_nothing_are_refused(features: np.ndarray) -> None:
    with pytest.raises(TrainError, match="recordings"):
        fit_distance(features, 2)


@pytest.mark.parametrize("others", [("speech",), ("speech", "music")])
def test_kinds_are_told_apart_whatever_the_scale_of_their_channels(others: tuple[str, ...]) -> None:
    kinds = {"lung": cloud()}
    for place, name in enumerate(others, start=1):
        kinds[name] = cloud(40, seed=place)
        kinds[name][:, -place] += 6 * cloud().std(axis=0)[-place]
    fitted = fit_kinds(kinds)
    assert fitted.names == ("lung", *sorted(others))
    for name, features in kinds.items():
        own = fitted.probabilities(features)[:, fitted.names.index(name)]
        assert np.median(own) > 0.5


def test_kinds_need_lungs_and_something_else() -> None:
    for wrong in ({"lung": cloud()}, {"speech": cloud(), "music": cloud()}):
        with pytest.raises(TrainError, match="expected 'lung' and other kinds"):
            fit_kinds(wrong)


def test_the_spectrum_is_compared_by_its_shrunk_covariance() -> None:
    from sklearn.covariance import LedoitWolf

    levels = np.random.default_rng(0).standard_normal((30, len(EDGES_HZ) - 1)) * 3
    shape, reference = fit_spectrum(levels), LedoitWolf().fit(levels)
    assert shape.distance(levels[0]) == pytest.approx(np.sqrt(reference.mahalanobis(levels[:1])[0] / 11), rel=1e-4)


def test_every_patient_weighs_alike_in_a_limit() -> None:
    # One patient with many far recordings must not move the limit of the others.
    values = np.concatenate([np.arange(10.0), np.full(90, 100.0)])
    patients = [f"p{number}" for number in range(10)] + ["many"] * 90
    assert patient_quantile(values, patients, 10 / 11) == 9
    assert patient_quantile(values, patients, 0.95) == 100


def test_no_patient_is_in_two_folds() -> None:
    patients = [f"p{number % 7}" for number in range(40)]
    folds = patient_folds(patients, 3)
    assert sorted(np.concatenate(folds).tolist()) == list(range(40))
    owners = [{patients[place] for place in fold} for fold in folds]
    assert sum(map(len, owners)) == 7
    assert max(map(len, folds)) - min(map(len, folds)) <= 6
