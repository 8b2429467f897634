"""The sounds of ``familiarity.py``: lungs, everything else, what a model hears of them, and what it is taught."""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from resp.audio import Recording
from resp.datasets import open_dataset
from resp.datasets.clips import SOUND_ENDINGS
from resp.datasets.folders import walk
from resp.datasets.settings import DataSettings
from resp.evaluate.conditions.added import AddedSound
from resp.train.familiarity.fitting import LungSounds, spread
from resp.train.familiarity.hearing import Ear, Heard, beside_voices, other_device, read, stretches, synthetic_sounds
from resp.train.familiarity.statistics import Floats

CLIPS_A_SPEAKER, LEAST_SPEECH_BYTES = 40, 40_000
STRETCHES_A_TRACK = 10
MADE = 40
BESIDE_DB = (20.0, 10.0)


class Sounds(NamedTuple):
    """Sounds of one kind: what was heard of them, and the source of each, which no resample divides."""

    heard: Heard
    sources: NDArray[np.str_]

    def part(self, chosen: NDArray[np.bool_]) -> "Sounds":
        """Return some of them."""
        return Sounds(Heard(self.heard.features[chosen], self.heard.levels[chosen]), self.sources[chosen])


def joined(parts: Iterable[Sounds]) -> Sounds:
    """Return several as one."""
    heard, sources = zip(*parts, strict=True)
    features, levels = (np.concatenate(one) for one in zip(*heard, strict=True))
    return Sounds(Heard(features, levels), np.concatenate(sources))


def sound_files(folder: Path, least_bytes: int = 0) -> list[Path]:
    """Return the sound files below a folder, the very short ones left out."""
    files = (path for path in walk(folder) if path.suffix.lower() in SOUND_ENDINGS)
    return sorted(path for path in files if path.stat().st_size >= least_bytes)


def hear_all(given: argparse.Namespace, ear: Ear) -> dict[str, Sounds]:
    """Hear every sound; ``kauh*`` is as other devices would have recorded it, ``kind/part`` the others.

    ``kauh, …`` is KAUH with something added: what is learned from (``voices``, ``voices*``), and what is judged.
    """

    def of(pairs: Iterable[tuple[Recording, str]]) -> Sounds:
        recordings, sources = zip(*pairs, strict=True)
        return Sounds(ear.hear(recordings)[0], np.array(sources))

    sounds: dict[str, Sounds] = {}
    for name, root in (("kauh", given.kauh), ("icbhi", given.icbhi)):
        items = open_dataset(DataSettings(dataset=name, root=str(root), folds=5)).items
        who = {item.path: f"{item.patient}|{item.device}" for item in items}
        kept = [(recording, who[path]) for path, recording in read(dict.fromkeys(who))]
        sounds[name] = of(kept)
        if name == "kauh":
            sounds |= hear_changed(given, ear, kept)
        print(name, len(kept), flush=True)
    for kind, folders in (("speech", given.speech), ("music", given.music)):
        for number, folder in enumerate(folders):
            files = sound_files(folder, LEAST_SPEECH_BYTES)
            files = spread(files, CLIPS_A_SPEAKER) if kind == "speech" else files
            source: Callable[[Path], str] = lambda path: folder.name if kind == "speech" else path.stem  # noqa: E731, B023
            pairs = [(part, source(p)) for p, one in read(files) for part in stretches(one, STRETCHES_A_TRACK)]
            sounds[f"{kind}/{'fit' if not number else folder.name}"] = of(pairs)
            print(kind, folder.name, len(pairs), flush=True)
    for folder in sorted(path for path in given.esc10.iterdir() if path.is_dir()):
        for part, folds in (("fit", "12"), ("judged", "345")):
            files = [path for path in sound_files(folder) if path.name[0] in folds]
            name = folder.name.partition(" - ")[2].lower()
            sounds[f"{name}/{part}"] = of((one, path.stem.rsplit("-", 1)[0]) for path, one in read(files))
        print(folder.name, flush=True)
    for part, seed in (("fit", 0), ("judged", 1)):
        for kind, recordings in synthetic_sounds(MADE, seed).items():
            sounds[f"{kind} (synthetic)/{part}"] = of((one, str(n)) for n, one in enumerate(recordings))
    return sounds


def hear_changed(given: argparse.Namespace, ear: Ear, kept: list[tuple[Recording, str]]) -> dict[str, Sounds]:
    """Hear KAUH through other devices and beside voices, learned and never learned ones."""
    how, sources = (ear.network.rate_hz, ear.clip.level, 0), np.array([source for _, source in kept])
    changes = {"kauh*": other_device(*how)}
    changes |= dict(zip(("kauh, voices", "kauh, voices*"), beside_voices(*how), strict=True))
    found = ear.hear((one for one, _ in kept), tuple(changes.values()))
    heard = {name: Sounds(one, sources) for name, one in zip(changes, found, strict=True)}
    with TemporaryDirectory() as links:
        voices = [long_enough(folder, Path(links)) for folder in given.speech[1:]]
        for snr_db in BESIDE_DB:
            added = {"a synthetic heart": AddedSound("heart", snr_db), "synthetic voices": AddedSound("babble", snr_db)}
            added |= {f"recorded voices ({one.name})": AddedSound("babble", snr_db, one) for one in voices}
            for name, condition in added.items():
                features = ear.hear(condition.change(one, 0) for one, _ in kept)[0]
                heard[f"kauh, {name}, {snr_db:g} dB below"] = Sounds(features, sources)
            print("kauh beside others", snr_db, flush=True)
    return heard


def long_enough(speaker: Path, links: Path) -> Path:
    """Return a folder of links to a speaker's prompts, the very short ones left out."""
    folder = links / speaker.name
    folder.mkdir()
    for number, path in enumerate(sound_files(speaker, LEAST_SPEECH_BYTES)):
        (folder / f"{number}{path.suffix}").symlink_to(path.resolve())
    return folder


def taught_as(name: str) -> str:
    """Return the kind that a sound is taught as: ESC-10's classes are animals or the environment."""
    kind = name.partition("/")[0].removesuffix(" (synthetic)")
    if kind in ("dog bark", "rooster"):
        return "animal"
    return kind if kind in ("speech", "music", "heart", "noise") else "environment"


def lungs(sounds: dict[str, Sounds]) -> LungSounds:
    """Return KAUH."""
    patients = tuple(source.partition("|")[0] for source in sounds["kauh"].sources.tolist())
    beside = (sounds["kauh, voices"].heard, sounds["kauh, voices*"].heard)
    return LungSounds(sounds["kauh"].heard, sounds["kauh*"].heard, patients, beside)


def taught(sounds: dict[str, Sounds], without: str | None = None) -> dict[str, Floats]:
    """Return what is taught besides lungs: kind → features, all but one kind."""
    parts: dict[str, list[Floats]] = {}
    for name, one in sounds.items():
        if name.endswith("/fit") and (kind := taught_as(name)) != without:
            parts.setdefault(kind, []).append(one.heard.features)
    return {kind: np.concatenate(features) for kind, features in parts.items()}


def cached(path: Path | None, given: argparse.Namespace, ear: Ear) -> dict[str, Sounds]:
    """Hear everything, or read what was heard before."""
    if path is None or not path.is_file():
        sounds = hear_all(given, ear)
        if path is not None:
            flat = {f"{name}#{key}": array for name, one in sounds.items() for key, array in arrays(one).items()}
            np.savez(path, **flat)
        return sounds
    kept = np.load(path)
    names = dict.fromkeys(key.rpartition("#")[0] for key in kept)
    return {
        name: Sounds(Heard(kept[f"{name}#features"], kept[f"{name}#levels"]), kept[f"{name}#sources"]) for name in names
    }


def arrays(sounds: Sounds) -> dict[str, NDArray[np.generic]]:
    """Return what a file keeps."""
    return {"features": sounds.heard.features, "levels": sounds.heard.levels, "sources": sounds.sources}
