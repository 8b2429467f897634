"""How well a model knows the sounds that it does not know: speech, music, animals, weather, noise, other devices.

Usage: ``python benchmarks/familiarity.py --kauh KAUH --icbhi ICBHI --esc10 ESC10 --speech FIT OTHER [OTHER …]
--music FIT OTHER [OTHER …] [--model MODEL] [--stage map] [--cache FILE.npz]``.

Nothing is downloaded. ``--speech`` takes a folder for every speaker, ``--music`` a folder for every collection; the
first of each is learned from and all others are only judged. Of ESC-10, folds 1 and 2 are learned from and folds 3 to 5
judged. Methods are compared on what is learned from; the final numbers are of what is judged. Writes
``familiarity.md``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from familiarity_measures import area_with_interval, compare_methods
from familiarity_sounds import Sounds, cached, joined, lungs, taught, taught_as
from tables import machine

from resp.models.familiarity import LUNG, Familiarity
from resp.models.folder import load_model
from resp.models.results import markdown_table
from resp.train.familiarity.fitting import LungSounds, fit_heard
from resp.train.familiarity.hearing import Ear, Heard
from resp.train.familiarity.settings import FamiliaritySettings
from resp.train.familiarity.statistics import Floats, patient_folds


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

Beside a heart 10 or 20 dB below it a lung is heard as always. Beside voices it is to be refused, as speech: that is
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
