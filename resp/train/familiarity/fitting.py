"""Fitting what a model stores to know the sounds that it does not know."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from resp.audio.recording import Recording
from resp.datasets.clips import SOUND_ENDINGS
from resp.datasets.folders import walk
from resp.models.config import ClipSettings
from resp.models.familiarity import LUNG, Familiarity
from resp.models.folder import read_config, write_config
from resp.models.network import FEATURE, Network
from resp.train.errors import TrainError
from resp.train.familiarity.hearing import (
    Ear,
    Heard,
    beside_voices,
    other_device,
    read,
    stretches,
    synthetic_sounds,
)
from resp.train.familiarity.settings import FamiliaritySettings
from resp.train.familiarity.statistics import (
    Floats,
    fit_distance,
    fit_kinds,
    fit_spectrum,
    patient_folds,
    patient_quantile,
)

Thing = TypeVar("Thing")

SPEECH = "speech"
LEAST_RECORDINGS, LEAST_PATIENTS = 20, 5
_FOLDS = 5
# Synthetic sounds of a kind: more of them tell the regression nothing new.
_MADE = 60


class LungSounds(NamedTuple):
    """Lung recordings as a network hears them.

    Parameters
    ----------
    heard
        As they are.
    changed
        As other devices would have recorded them (`other_device`).
    patients
        [recordings] whose they are.
    spoken_over
        Beside voices (`beside_voices`): what is to be refused as speech. Empty where nothing is learned from it.
    """

    heard: Heard
    changed: Heard
    patients: tuple[str, ...]
    spoken_over: tuple[Heard, ...] = ()

    def part(self, places: NDArray[np.intp]) -> "LungSounds":
        """Return some of the recordings."""
        parts = (self.heard, self.changed, *self.spoken_over)
        heard, changed, *spoken_over = (Heard(one.features[places], one.levels[places]) for one in parts)
        return LungSounds(heard, changed, tuple(self.patients[place] for place in places), tuple(spoken_over))


def fit_familiarity(
    network: Network,
    clip: ClipSettings,
    lung: Mapping[Path, str],
    *,
    held_out: Mapping[Path, str] | None = None,
    outside: Mapping[str, Sequence[Path]] | None = None,
    settings: FamiliaritySettings | None = None,
    device: str | None = None,
) -> Familiarity:
    """Fit what `resp.models.config.ModelConfig.familiarity` holds.

    Parameters
    ----------
    network, clip
        Of the model.
    lung
        Sound file → patient: the recordings that the model learned from.
    held_out
        The same of patients that it did not learn from, for the limits; None, or too few of them that can be
        heard, takes those of `lung` in turns, each fifth of the patients judged by the others.
    outside
        Kind of sound → files, in place of ``settings.outside``. Synthetic heart sounds and noises are added.
    settings
        None for the default ones.
    device
        Where the network runs; None leaves it where it is.

    Raises
    ------
    TrainError
        Too few recordings or patients, or a kind without a sound.
    RespError
        Sounds that cannot be read.
    """
    settings = settings or FamiliaritySettings()
    ear = Ear(network, clip, settings.stage or compared_stage(network), device)
    given = outside_sounds(settings.outside) if outside is None and settings.outside else dict(outside or {})
    known = hear_lungs(ear, lung, settings)
    if _few_heard(known):
        raise TrainError(
            f"of {len(lung)} lung recordings, {len(known.patients)} of {len(set(known.patients))} patients can be "
            f"heard; expected {LEAST_PATIENTS} patients or more: set familiarity=null, or give others"
        )
    tried = hear_lungs(ear, held_out, settings) if held_out and enough(held_out) else None
    if tried is not None and _few_heard(tried):
        tried = None
    return fit_heard(known, hear_outside(ear, given, settings), ear.stage, settings, held_out=tried)


def store_familiarity(folder: str | os.PathLike[str], familiarity: Familiarity) -> None:
    """Write what was fitted into a model folder's ``config.json``; `ModelError` where that cannot be done.

    The model's checksum changes with it: make the card again (`resp.train.card`).
    """
    write_config(folder, read_config(folder).model_copy(update={"familiarity": familiarity}))


def compared_stage(network: Network) -> str:
    """Return the last site with channels among the frozen stages, which no class has bent, or else ``feature``."""
    frozen = [name for name in network.hidden_sites if name in network.frozen]
    return frozen[-1] if frozen else FEATURE


def outside_sounds(folder: str | os.PathLike[str]) -> dict[str, list[Path]]:
    """Return kind of sound → files: a folder's folders are the kinds, files in theirs are searched.

    Raises
    ------
    TrainError
        No folder in it, or one without a sound file.
    """
    root = Path(folder)
    kinds = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    if not kinds:
        raise TrainError(f"{root}: no folder of kinds of sound; expected folders such as speech/ and music/ in it")
    found = {kind.name: sorted(p for p in walk(kind) if p.suffix.lower() in SOUND_ENDINGS) for kind in kinds}
    if empty := [name for name, files in found.items() if not files]:
        raise TrainError(f"{root}: no sound file in {', '.join(empty)}; expected {', '.join(sorted(SOUND_ENDINGS))}")
    return found


def enough(recordings: Mapping[Path, str]) -> bool:
    """Say whether there are recordings and patients enough to choose limits by."""
    return len(recordings) >= LEAST_RECORDINGS and len(set(recordings.values())) >= LEAST_PATIENTS


def _few_heard(lung: LungSounds) -> bool:
    """Whether unusable sound, which nothing is learned from, left too few patients."""
    return len(set(lung.patients)) < LEAST_PATIENTS


def hear_lungs(ear: Ear, recordings: Mapping[Path, str], settings: FamiliaritySettings) -> LungSounds:
    """Hear lung recordings, also changed and spoken over, but for unusable ones; `TrainError` for too few."""
    if not enough(recordings):
        raise TrainError(
            f"{len(recordings)} lung recordings of {len(set(recordings.values()))} patients; "
            f"expected at least {LEAST_RECORDINGS} of {LEAST_PATIENTS}: set familiarity=null, or give more"
        )
    paths = spread(list(recordings), settings.most)
    patients: list[str] = []

    def heard_ones() -> Iterator[Recording]:
        for path, recording in read(paths):
            patients.append(recordings[path])
            yield recording

    how = (ear.network.rate_hz, ear.clip.level, settings.seed)
    heard, changed, *spoken_over = ear.hear(heard_ones(), (None, other_device(*how), *beside_voices(*how)))
    return LungSounds(heard, changed, tuple(patients), tuple(spoken_over))


def hear_outside(ear: Ear, outside: Mapping[str, Sequence[Path]], settings: FamiliaritySettings) -> dict[str, Floats]:
    """Return kind → features [sounds, channels] of given and synthetic sounds; `TrainError` for a kind without any."""
    made = synthetic_sounds(min(_MADE, settings.most), settings.seed)
    sounds: dict[str, list[Iterable[Recording]]] = {kind: [recordings] for kind, recordings in made.items()}
    for kind, paths in outside.items():
        if kind == LUNG:
            raise TrainError(f"a kind of sound called {kind!r}; it is kept for lungs: choose another name")
        sounds[kind] = [_stretches_of(paths, settings.most), *sounds.get(kind, ())]
    features = {kind: ear.hear(chain(*parts))[0].features for kind, parts in sounds.items()}
    if silent := [kind for kind, heard in features.items() if not len(heard)]:
        raise TrainError(f"no sound of the kind {', '.join(silent)} that can be heard; give others, or leave it out")
    return features


def _stretches_of(paths: Sequence[Path], most: int) -> Iterator[Recording]:
    some = spread(paths, most)
    for _, recording in read(some):
        yield from stretches(recording, most // len(some))


def spread(things: Sequence[Thing], most: int) -> list[Thing]:
    """Return at most so many things, evenly spread over all, in their order."""
    if len(things) <= most:
        return list(things)
    return [things[place] for place in np.linspace(0, len(things) - 1, most).round().astype(int)]


def fit_heard(
    lung: LungSounds,
    outside: Mapping[str, Floats],
    stage: str,
    settings: FamiliaritySettings,
    *,
    held_out: LungSounds | None = None,
) -> Familiarity:
    """Fit from what was heard.

    Parameters
    ----------
    lung
        What the model learned from.
    outside
        Kind → features [sounds, channels] of other sounds; empty for none.
    stage
        Whose features they are.
    settings
        Share within the limits, and axes.
    held_out
        Of other patients, for the limits; None takes `lung` in turns.
    """
    distances, far, shapes, patients = _held_out(lung, held_out, settings.axes)
    limit = patient_quantile(distances, patients, settings.keep)
    kinds = None
    if outside:
        both = np.concatenate([lung.heard.features, lung.changed.features])
        voices = [outside[SPEECH]] if SPEECH in outside else []
        voices += [heard.features for heard in lung.spoken_over]
        kinds = fit_kinds({LUNG: both, **outside, **({SPEECH: np.concatenate(voices)} if voices else {})})
    words = [f"{len(lung.patients)} recordings of {len(set(lung.patients))} patients"]
    words.append(
        f"limits from {len(patients)} recordings of {len(set(patients))} "
        + ("held-out patients" if held_out else "patients, each judged by the others")
    )
    if outside:
        words.append("outside: " + ", ".join(f"{kind} {len(heard)}" for kind, heard in sorted(outside.items())))
        if lung.spoken_over:
            words.append("speech, too, are these lungs beside voices 0 to 20 dB below them")
    return Familiarity(
        stage=stage,
        distance=fit_distance(lung.heard.features, settings.axes),
        limit=limit,
        far_limit=max(limit, patient_quantile(far, patients, settings.keep)),
        kinds=kinds,
        spectrum=fit_spectrum(lung.heard.levels, patient_quantile(shapes, patients, settings.keep)),
        keep=settings.keep,
        fitted_on="; ".join(words),
    )


def _held_out(
    lung: LungSounds, held_out: LungSounds | None, axes: int
) -> tuple[Floats, Floats, Floats, tuple[str, ...]]:
    """Return distances, those of changed recordings, those of spectra, and patients, all of held-out recordings."""
    if held_out is not None:
        turns = [(lung, held_out)]
    else:
        everything = np.arange(len(lung.patients))
        folds = patient_folds(lung.patients, _FOLDS)
        turns = [(lung.part(np.setdiff1d(everything, fold)), lung.part(fold)) for fold in folds]
    distances, far, shapes = [], [], []
    patients: list[str] = []
    for known, tried in turns:
        distance = fit_distance(known.heard.features, axes)
        shape = fit_spectrum(known.heard.levels)
        distances.append(distance.of(tried.heard.features))
        far.append(distance.of(tried.changed.features))
        shapes.append(np.array([shape.distance(levels) for levels in tried.heard.levels]))
        patients.extend(tried.patients)
    return np.concatenate(distances), np.concatenate(far), np.concatenate(shapes), tuple(patients)
