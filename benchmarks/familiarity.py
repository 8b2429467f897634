"""How well a model knows the sounds that it does not know: speech, music, animals, weather, noise, other devices.

Usage: ``python benchmarks/familiarity.py --kauh KAUH --icbhi ICBHI --esc10 ESC10 --speech FIT OTHER [OTHER …]
--music FIT OTHER [OTHER …] [--model MODEL] [--stage map] [--cache FILE.npz]``.

Nothing is downloaded. ``--speech`` takes a folder for every speaker, ``--music`` a folder for every collection; the
first of each is learned from and all others are only judged. Of ESC-10, folds 1 and 2 are learned from and folds 3 to 5
judged. Methods are compared on what is learned from; the final numbers are of what is judged. Writes
``familiarity.md``.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tables import machine

from resp.audio import Recording
from resp.datasets import open_dataset
from resp.datasets.clips import SOUND_ENDINGS
from resp.datasets.folders import walk
from resp.datasets.settings import DataSettings
from resp.evaluate.bootstrap import draw_patients, percentile_interval
from resp.evaluate.conditions.added import AddedSound
from resp.evaluate.ranking import auroc
from resp.models.familiarity import LUNG, Familiarity
from resp.models.folder import load_model
from resp.models.results import markdown_table
from resp.train.familiarity.fitting import LungSounds, fit_heard, spread
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
from resp.train.familiarity.statistics import Floats, fit_distance, patient_folds

CLIPS_A_SPEAKER, LEAST_SPEECH_BYTES = 40, 40_000
STRETCHES_A_TRACK = 10
MADE = 40
RESAMPLES = 2000
NEIGHBOURS = 5
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


class Told(NamedTuple):
    """What was said of sounds: shares, and the distances."""

    refused: float
    warned: float
    device: float
    kind: float
    distances: Floats


def tell(fitted: Familiarity, sounds: Sounds, kind: str = LUNG) -> Told:
    """Judge sounds; ``kind`` is what they are."""
    judged = [fitted.judge(feature) for feature in sounds.heard.features]
    assert fitted.spectrum is not None
    shapes = np.array([fitted.spectrum.distance(levels) for levels in sounds.heard.levels])
    return Told(
        float(np.mean([one.verdict == "not_lung" for one in judged])),
        float(np.mean([one.verdict == "unfamiliar" for one in judged])),
        float(np.mean(shapes > fitted.spectrum.limit)),
        float(np.mean([one.kind == kind for one in judged])),
        np.array([one.distance for one in judged]),
    )


def held_out_lungs(
    lung: LungSounds,
    others: dict[str, Floats],
    ear: Ear,
    settings: FamiliaritySettings,
    beside: Sequence[Heard],
) -> list[Told]:
    """Judge every patient's recordings by what the others taught: as they are, changed, and beside other sounds."""
    everything = np.arange(len(lung.patients))
    judged = (lung.heard, lung.changed, *beside)
    told: list[list[Told]] = [[] for _ in judged]
    sizes, places = [], []
    for fold in patient_folds(lung.patients, 5):
        fitted = fit_heard(lung.part(np.setdiff1d(everything, fold)), others, ear.stage, settings)
        for which, heard in enumerate(judged):
            part = Heard(heard.features[fold], heard.levels[fold])
            told[which].append(tell(fitted, Sounds(part, np.array(lung.patients)[fold])))
        sizes.append(len(fold))
        places.append(fold)
    back = np.argsort(np.concatenate(places))
    return [
        Told(
            *(float(np.average([part[index] for part in parts], weights=sizes)) for index in range(4)),
            np.concatenate([part.distances for part in parts])[back],
        )
        for parts in told
    ]


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{100 * share:.0f} %"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("kauh", "icbhi", "esc10"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--speech", type=Path, nargs="+", required=True)
    parser.add_argument("--music", type=Path, nargs="+", required=True)
    parser.add_argument("--model")
    parser.add_argument("--stage", default="map")
    parser.add_argument("--keep", type=float, default=FamiliaritySettings().keep)
    parser.add_argument("--axes", type=int, default=FamiliaritySettings().axes)
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    model = load_model(given.model)
    settings = FamiliaritySettings(stage=given.stage, keep=given.keep, axes=given.axes)
    ear = Ear(model.network, model.config.clip, given.stage)
    sounds = cached(given.cache, given, ear)
    write(given, model.config.name, settings, compare_methods(sounds, ear), report(sounds, ear, settings))


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


def report(sounds: dict[str, Sounds], ear: Ear, settings: FamiliaritySettings) -> dict[str, list[list[str]]]:
    """Return the rows of the tables on lungs and on other sounds."""
    lung, others = lungs(sounds), taught(sounds)
    fitted = fit_heard(lung, others, ear.stage, settings)
    beside = {name.removeprefix("kauh, "): one for name, one in sounds.items() if name.endswith(" dB below")}
    plain, changed, *added = held_out_lungs(lung, others, ear, settings, [one.heard for one in beside.values()])
    own = [["KAUH, patients held out", plain], ["the same, heard through simulated devices", changed]]
    own += [[f"the same, beside {name}", one] for name, one in zip(beside, added, strict=True)]
    icbhi = sounds["icbhi"]
    devices = np.array([source.partition("|")[2] for source in icbhi.sources.tolist()])
    own.append(["ICBHI, all", tell(fitted, icbhi)])
    own += [[f"ICBHI, {name}", tell(fitted, icbhi.part(devices == name))] for name in sorted(set(devices))]
    counts = (
        [len(lung.patients)] * (2 + len(beside))
        + [len(devices)]
        + [int((devices == name).sum()) for name in sorted(set(devices))]
    )
    lung_rows = [
        [name, str(count), percent(told.refused), percent(told.warned), percent(told.device)]
        for (name, told), count in zip(own, counts, strict=True)
    ]
    abroad = tell(fitted, icbhi).distances
    abroad_patients = [source.partition("|")[0] for source in icbhi.sources.tolist()]
    other_rows = []
    judged = {name: one for name, one in sounds.items() if "/" in name and not name.endswith("/fit")}
    by_kind: dict[str, list[Sounds]] = {}
    for name, one in judged.items():
        by_kind.setdefault(name.partition("/")[0], []).append(one)
    groups = {"all together": list(judged.values()), **by_kind}
    kinds = {taught_as(name) for name in by_kind}
    untaught = {kind: fit_heard(lung, taught(sounds, kind), ear.stage, settings) for kind in kinds}
    for name, parts in groups.items():
        one, whole = joined(parts), name == "all together"
        kind = taught_as(f"{name}/judged")
        told = tell(fitted, one, kind)
        never = "–" if whole else percent(tell(untaught[kind], one).refused)
        other_rows.append(
            [
                name,
                f"{len(one.sources)} of {len(set(one.sources.tolist()))}",
                area_with_interval(plain.distances, lung.patients, told.distances, one.sources.tolist()),
                area_with_interval(abroad, abroad_patients, told.distances, one.sources.tolist()),
                percent(told.refused),
                "–" if whole else percent(told.kind),
                never,
            ]
        )
    return {"lung": lung_rows, "other": other_rows, "limits": [[f"{fitted.limit:.2f}", f"{fitted.far_limit:.2f}"]]}


def write(
    given: argparse.Namespace,
    name: str,
    settings: FamiliaritySettings,
    comparison: list[list[str]],
    rows: dict[str, list[list[str]]],
) -> None:
    """Write the tables."""
    limit, far = rows["limits"][0]
    speech, music = (" ".join(path.name for path in paths) for paths in (given.speech, given.music))
    text = f"""# Is it a lung sound?

`python benchmarks/familiarity.py --kauh KAUH --icbhi ICBHI --esc10 ESC10 --speech {speech}
--music {music} --stage {given.stage} --keep {settings.keep:g} --axes {settings.axes}` on {machine()};
model `{name}`, features of its stage `{given.stage}`.

Lung sounds learned from: KAUH alone (four contradictory patients left out). The first folder of speech and of music is
learned from, as are ESC-10's folds 1 and 2 and one seed of the synthetic heart sounds and noises.
**All numbers under "Other sounds" are of speakers, tracks, clips and seeds that were not learned from.** They had been
looked at before: the kind of measure, the rule of two limits and the strength of the simulated devices were settled in
trials that saw all these clips.

Speech and music come in Debian packages and are, by their licences, no part of the project: telephone prompts of one
speaker each (`asterisk-core-sounds-{{en,fr}}-wav`, CC BY-SA 3.0; `asterisk-core-sounds-{{it,ru}}-wav`, CC BY 3.0),
`asterisk-moh-opsound-wav` (CC BY-SA 3.0) and `asc-music` (GPL-2+). `apt-get download PACKAGE` and
`dpkg -x PACKAGE*.deb FOLDER` fetch one; the sounds lie in `usr/share/asterisk/sounds/*`, `usr/share/asterisk/moh` and
`usr/share/games/asc`.

## Which measure

AUROC of the sounds that are *learned from* (so that the choice does not touch the numbers below), against KAUH's
held-out patients as recorded, and as simulated other devices would have recorded them; mean over five folds.

{markdown_table(["measure", "AUROC", "AUROC against other devices"], comparison)}

Used: probabilistic PCA with {settings.axes} axes. Its limits here: {limit} (warned about, and refused if it sounds like
another kind) and {far} (refused). They hold {
        100 * settings.keep:g} % of the recordings of held-out patients, each patient
weighing alike, as recorded and as through simulated devices.

## Lung sounds

{
        markdown_table(
            ["lung sounds", "recordings", "refused", "warned: unfamiliar", "warned: spectrum of another device"],
            rows["lung"],
        )
    }

Beside a heart a lung is heard as always. Beside voices it is to be refused, as speech: that is
learned from other synthetic ones, 0 to 20 dB below, and from no recorded speaker named here.

## Other sounds

AUROC of the distance alone, with 95 % intervals over patients and sources; refused at the limits above, with the kind's
name where it is the right one. "Kind never heard": refused by a model that was taught no sound of that kind. Kinds are
speech, music, animal (dog, rooster), environment (the other classes of ESC-10), heart and noise.

{
        markdown_table(
            [
                "sound",
                "clips of sources",
                "AUROC against KAUH",
                "AUROC against ICBHI",
                "refused",
                "kind named",
                "refused, kind never heard",
            ],
            rows["other"],
        )
    }

Silence is refused before any network runs, by its signal quality (`unusable`).
"""
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
