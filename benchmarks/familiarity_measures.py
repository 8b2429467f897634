"""Measures of distance that ``familiarity.py`` compares, and how well one tells sounds apart."""

from collections.abc import Callable, Sequence

import numpy as np
from familiarity_sounds import Sounds, lungs, taught

from resp.evaluate.bootstrap import draw_patients, percentile_interval
from resp.evaluate.ranking import auroc
from resp.train.familiarity.hearing import Ear
from resp.train.familiarity.statistics import Floats, fit_distance, patient_folds

RESAMPLES = 2000
NEIGHBOURS = 5


def neighbours(known: Floats) -> Callable[[Floats], Floats]:
    """Return the distance to the fifth nearest lung sound, of standardised features (Sun et al., ICML 2022)."""
    mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-9
    cloud = (known - mean) / deviation

    def of(features: Floats) -> Floats:
        squared = (((features - mean) / deviation)[:, None] - cloud[None]) ** 2
        return np.asarray(np.sort(squared.sum(axis=2), axis=1)[:, NEIGHBOURS - 1])

    return of


def shrunk(known: Floats) -> Callable[[Floats], Floats]:
    """Return the Mahalanobis distance under the covariance shrunk as Ledoit and Wolf do."""
    from sklearn.covariance import LedoitWolf

    mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-9
    fitted = LedoitWolf().fit((known - mean) / deviation)
    return lambda features: np.asarray(fitted.mahalanobis((features - mean) / deviation))


METHODS: dict[str, Callable[[Floats], Callable[[Floats], Floats]]] = {
    **{f"probabilistic PCA, {n} axes": (lambda known, n=n: fit_distance(known, n).of) for n in (8, 16, 32, 64)},
    "Mahalanobis, Ledoit-Wolf": shrunk,
    f"{NEIGHBOURS} nearest neighbours": neighbours,
}


def compare_methods(sounds: dict[str, Sounds], ear: Ear) -> list[list[str]]:
    """Return a row a method: AUROC of what is taught against held-out lungs, and against changed ones."""
    import torch

    lung, other = lungs(sounds), np.concatenate(list(taught(sounds).values()))

    def energy(_: Floats) -> Callable[[Floats], Floats]:
        # Liu et al., NeurIPS 2020; of the mean feature, as a recording is judged.
        def of(features: Floats) -> Floats:
            with torch.inference_mode():
                logits = ear.network.run(torch.from_numpy(features).float(), start="feature")
            return -torch.logsumexp(logits, dim=-1).numpy()

        return of

    methods = {**METHODS, **({"energy of the logits": energy} if ear.stage == "feature" else {})}
    rows = []
    folds = patient_folds(lung.patients, 5)
    for name, method in methods.items():
        areas = []
        for fold in folds:
            of = method(lung.part(np.setdiff1d(np.arange(len(lung.patients)), fold)).heard.features)
            tried = lung.part(fold)
            values = of(other)
            areas.append([area(of(one.features), values) for one in (tried.heard, tried.changed)])
        rows.append([f"{name} of `{ear.stage}`", *(f"{value:.3f}" for value in np.mean(areas, axis=0))])
    return rows


def area(inside: Floats, outside: Floats) -> float:
    """Return how often a sound from outside is farther than a lung sound."""
    return float(auroc(np.repeat([0, 1], [len(inside), len(outside)]), np.concatenate([inside, outside])))


def area_with_interval(inside: Floats, patients: Sequence[str], outside: Floats, sources: Sequence[str]) -> str:
    """Return the AUROC with its interval over patients and sources."""
    keys = [f"patient {one}" for one in patients] + [f"source {one}" for one in sources]
    truth, values = np.repeat([0, 1], [len(inside), len(outside)]), np.concatenate([inside, outside])
    names, cluster = np.unique(keys, return_inverse=True)
    drawn = draw_patients(len(names), RESAMPLES)[:, cluster].astype(np.float64)
    found = percentile_interval(area(inside, outside), auroc(truth, values, drawn), patients=len(names))
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
