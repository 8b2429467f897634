"""Whether explanations are true to the network, and whether they point at what is there.

Usage: ``python benchmarks/explanations.py [--model NAME] [--data FOLDER] [--out FILE] [--json FILE]`` with FOLDER
holding ``kauh``. Deletion and insertion curves on real recordings, the pointing game on synthetic ones whose events are
known; beside each method stand the loudness of the sound, which knows no network, and chance.
"""

import argparse
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tables import machine

from resp.audio import load_recording, synthesise_breathing
from resp.datasets import DataSettings, open_dataset
from resp.evaluate.bootstrap import patient_bootstrap
from resp.models.folder import LoadedModel
from resp.models.results import ResultTable, write_tables
from resp.report.explanation_picture import draw_explanation
from resp.score import Scorer
from resp.score.explain import DEFAULT_METHOD, METHODS, MethodNotApplicable
from resp.score.explain.faithfulness import (
    TOLERANCE_HZ,
    TOLERANCE_S,
    deletion_insertion,
    loudness,
    pointing,
    random_curves,
)
from resp.score.explain.heard import Heard, hear
from resp.score.explain.methods import importance

LOUDNESS, RANDOM = "loudness", "random order"
COMMAND = "python benchmarks/explanations.py --model {}"
RANDOM_ORDERS = 3
EVERY = 3  # of the patients
SYNTHETIC_SEEDS = tuple(range(15))
# Kind of synthetic breathing → its settings, the class that is explained, whether the tone's frequency counts.
KINDS: dict[str, tuple[dict[str, Any], str, bool]] = {
    "wheeze, in time": ({"wheeze": True}, "wheeze", False),
    "wheeze, in time and Hz": ({"wheeze": True}, "wheeze", True),
    "fine crackles": ({"crackles": "fine"}, "crackle", False),
    "coarse crackles": ({"crackles": "coarse"}, "crackle", False),
}

HEAD = """# Explanations: are they true to the network, and do they point at what is there?

Written by `{command}` ({machine}). Every method answers on one grid in s and Hz; what is taken away is brought to the
level of its frequency in the quietest tenth of the stretch. Intervals: 95 %, bootstrap over patients (real) or
recordings (synthetic). What the methods are, and what an explanation can and cannot say:
[explanation.md](../docs/explanation.md).

![An example](explanations.png)"""


def said_by(name: str, heard: Heard) -> np.ndarray:
    return loudness(heard) if name == LOUDNESS else importance(heard, name)


def fitting(model: LoadedModel) -> tuple[str, ...]:
    """Return the methods that have a meaning for this network, and the baseline."""
    recording = synthesise_breathing(duration_s=5.0, rate_hz=model.network.rate_hz).recording
    heard = hear(model, recording, 0.5, 2.5)
    found = []
    for method in METHODS:
        try:
            importance(heard, method)
        except MethodNotApplicable as problem:
            print(f"{method}: {problem}")
            continue
        found.append(method)
    return (*found, LOUDNESS)


def faithfulness(scorer: Scorer, folder: Path, names: tuple[str, ...]) -> ResultTable:
    items = [item for item in open_dataset(DataSettings(dataset="kauh", root=folder)).items if item.name[0] == "B"]
    areas: dict[str, list[tuple[float, float]]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    patients: list[str] = []
    generator = np.random.default_rng(0)
    for item in items[::EVERY]:
        recording = load_recording(item.path)
        segments = scorer.score(recording).segments
        if not segments:
            continue
        segment = segments[len(segments) // 2]
        heard = hear(scorer.model, recording, segment.start_s, segment.end_s)
        patients.append(item.patient)
        for name in names:
            started = time.process_time()
            picture = said_by(name, heard)
            seconds[name].append(time.process_time() - started)
            curves = deletion_insertion(heard, picture)
            areas[name].append((curves.deletion_area, curves.insertion_area))
        chance = [random_curves(heard, generator) for _ in range(RANDOM_ORDERS)]
        areas[RANDOM].append(
            (
                float(np.mean([curves.deletion_area for curves in chance])),
                float(np.mean([curves.insertion_area for curves in chance])),
            )
        )
    random = np.array(areas[RANDOM])
    rows = []
    for name in (*names, RANDOM):
        area = np.array(areas[name])
        gain = area[:, 1] - area[:, 0]
        above = gain - (random[:, 1] - random[:, 0])
        rows.append(
            (
                name.replace("_", " "),
                patient_bootstrap(np.mean, patients, area[:, 0]),
                patient_bootstrap(np.mean, patients, area[:, 1]),
                patient_bootstrap(np.mean, patients, above) if name != RANDOM else None,
                round(float(np.median(seconds[name])), 3) if name in METHODS else None,
            )
        )
    return ResultTable(
        title="Faithfulness: deletion and insertion",
        command=COMMAND.format(scorer.identity.name),
        data=(
            f"KAUH, the bell recordings of every {EVERY}rd patient: {len(patients)} recordings of {len(set(patients))} "
            f"patients, of each the segment in the middle and its most probable class; model {scorer.identity.name}"
        ),
        seeds=(0,),
        columns=("order", "deletion (lower is truer)", "insertion (higher is truer)", "above random", "s a segment"),
        rows=tuple(rows),
        notes=(
            "Area under the class's probability as rectangles of 0.13 s by 140 mel are taken away (deletion) or "
            "brought back (insertion), the most important first (Petsiuk et al. 2018). "
            "Occlusion takes away other rectangles.",
            "Above random: insertion minus deletion, less the same of a random order, segment by segment.",
            "The shipped model has learned from these recordings: this measures the explanation, not the model.",
            "Seconds: processor time of one core, the median.",
        ),
    )


def pointing_game(model: LoadedModel, names: tuple[str, ...]) -> ResultTable:
    hits: dict[tuple[str, str], list[float]] = defaultdict(list)
    recordings: dict[str, list[str]] = defaultdict(list)
    pictures: dict[tuple[str, int], list[tuple[Any, Any]]] = {}
    for kind, (settings, label, in_band) in KINDS.items():
        for seed in SYNTHETIC_SEEDS:
            key = (str(settings), seed)
            if key not in pictures:
                made = synthesise_breathing(duration_s=9.0, rate_hz=model.network.rate_hz, seed=seed, **settings)
                cycle = made.cycles[seed % len(made.cycles)]
                heard = hear(model, made.recording, cycle.start_s, cycle.end_s, label=label)
                events = [event for event in made.events if cycle.start_s <= event.start_s < cycle.end_s]
                pictures[key] = [(heard.explanation(name, said_by(name, heard)), events) for name in names]
            for name, (explanation, events) in zip(names, pictures[key], strict=True):
                played = pointing(explanation, events, in_band=in_band)
                hits[kind, name].append(float(played.hit))
            hits[kind, "chance"].append(played.chance)
            recordings[kind].append(str(seed))
    rows = []
    for name in (*names, "chance"):
        cells = [patient_bootstrap(np.mean, recordings[kind], np.array(hits[kind, name])) for kind in KINDS]
        kinds = [kind for kind, (_, _, in_band) in KINDS.items() if not in_band]
        every = np.concatenate([hits[kind, name] for kind in kinds])
        whose = np.concatenate([recordings[kind] for kind in kinds])
        rows.append((name.replace("_", " "), *cells, patient_bootstrap(np.mean, whose, every)))
    return ResultTable(
        title="Pointing game",
        command=COMMAND.format(model.config.name),
        data=(
            f"synthetic breathing, {len(SYNTHETIC_SEEDS)} recordings a kind, of each one breath; the class explained "
            "is the one that is there, whether the model finds it or not"
        ),
        seeds=SYNTHETIC_SEEDS,
        columns=("points at", *KINDS, "all in time"),
        rows=tuple(rows),
        notes=(
            "Share of breaths in which the highest point of the smoothed explanation lies within "
            f"{TOLERANCE_S:g} s (and {TOLERANCE_HZ:g} Hz) of an event (Zhang et al. 2018). Chance: a random point.",
            "Loudness is how far a cell lies above its frequency's background, and says nothing of the network: "
            "crackles stand out by it, a wheeze among breath sounds does not.",
        ),
    )


def example(model: LoadedModel, method: str) -> bytes:
    made = synthesise_breathing(duration_s=9.0, rate_hz=model.network.rate_hz, wheeze=True, seed=3)
    cycle = made.cycles[1]
    heard = hear(model, made.recording, cycle.start_s, cycle.end_s, label="wheeze")
    return draw_explanation(made.recording, heard.explanation(method, importance(heard, method)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RESP_DATA", beside)))
    parser.add_argument("--model", help="installed model or model folder; the default one if not given")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("explanations.md"))
    parser.add_argument("--json", type=Path, help="write the tables here too, for resp card --results")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    scorer = Scorer.load(arguments.model)
    names = fitting(scorer.model)
    tables = {
        "explanation_faithfulness": faithfulness(scorer, arguments.data / "kauh", names),
        "explanation_pointing": pointing_game(scorer.model, names),
    }
    arguments.out.with_suffix(".png").write_bytes(example(scorer.model, DEFAULT_METHOD))
    head = HEAD.format(command=COMMAND.format(scorer.identity.name), machine=machine())
    text = "\n\n".join([head, *(table.to_markdown(2) for table in tables.values())])
    arguments.out.write_text(text + "\n", encoding="utf-8")
    if arguments.json:
        write_tables(arguments.json, tables)
    print(text)


if __name__ == "__main__":
    main()
