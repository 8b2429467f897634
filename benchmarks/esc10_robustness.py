"""How much accuracy white-box attacks leave to networks that learned in different ways.

Usage: ``python benchmarks/esc10_robustness.py --data ESC10 --runs RUNS [--networks m18 piczak_cnn]
[--epsilons 1e-2 1e-3 1e-4 1e-5] [--steps 10]``.

Takes the runs of ``esc10_learnings.py``. Every fold's network is attacked on the test clips of its own fold, on the
middle window of each clip, by FGSM and by PGD (random start, seed 0) on the waveform in [−1, 1]. Writes
``esc10_robustness.md``.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from esc10_learnings import ABLATION, LEARNINGS, NETWORKS
from tables import NOT_RUN, cross_validation, machine, mean_and_error

from resp.audio.clip import fit_length
from resp.datasets import WaveformCache, open_dataset, split_dataset
from resp.evaluate.robustness import accuracy_under_attack
from resp.models.folder import load_model
from resp.models.results import markdown_table
from resp.train import load_recipe

Errors = dict[tuple[str, float], list[float]]


def middle_windows(run: Path, data: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the middle window of every test clip of a run, [clips, time], and its class."""
    recipe = load_recipe(run / "recipe.yaml", [f"data.root={data}"])
    dataset = open_dataset(recipe.data)
    test = split_dataset(dataset, recipe.data).test
    rate_hz, clip = load_model(run / "best").network.rate_hz, recipe.clip
    waveforms = WaveformCache().open(dataset, rate_hz, clip.fade_samples, clip.level, trim_db=clip.trim_db)
    length = clip.window_samples(rate_hz)
    windows = []
    for index in test:
        sound = waveforms.clip(index)
        start = max(0, len(sound) - length) // 2
        windows.append(fit_length(sound[start : start + length], length, clip.fit).clip(-1, 1))
    return torch.from_numpy(np.stack(windows)), torch.tensor([dataset.items[index].label for index in test])


def attacked(folder: Path, data: Path, epsilons: list[float], steps: int) -> Errors:
    """Return the error rates of all folds of a row, by attack and strength; strength 0 is no attack."""
    errors: Errors = {}
    for run in sorted(path.parent for path in folder.glob("fold*/results.json")):
        network = load_model(run / "best").network
        waveforms, labels = middle_windows(run, data)
        for attack, strengths in (("fgsm", [0.0, *epsilons]), ("pgd", epsilons)):
            generator = torch.Generator().manual_seed(0)
            for one in accuracy_under_attack(
                network, waveforms, labels, strengths, attack=attack, steps=steps, generator=generator
            ):
                errors.setdefault((attack, one.epsilon), []).append(1 - one.accuracy)
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--networks", nargs="+", default=["m18", "piczak_cnn"], choices=NETWORKS)
    parser.add_argument("--epsilons", type=float, nargs="+", default=[1e-2, 1e-3, 1e-4, 1e-5])
    parser.add_argument("--steps", type=int, default=10)
    given = parser.parse_args()
    columns = [("fgsm", 0.0), *((attack, one) for attack in ("fgsm", "pgd") for one in given.epsilons)]
    rows = []
    for name in (f"{network}-{learning}" for network in given.networks for learning in LEARNINGS + ABLATION):
        if (done := cross_validation(given.runs / name)) is None or len(done.by_fold) < done.of_folds:
            rows.append([name, *[NOT_RUN] * len(columns)])
            continue
        errors = attacked(given.runs / name, given.data, given.epsilons, given.steps)
        rows.append([name, *(mean_and_error(errors[column]) for column in columns)])
        print(rows[-1], flush=True)
    head = ["error in %", "no attack", *(f"{attack.upper()} {one:g}" for attack, one in columns[1:])]
    strengths = " ".join(f"{one:g}" for one in given.epsilons)
    text = f"""# ESC-10 under attack

`python benchmarks/esc10_robustness.py --data ESC10 --runs RUNS --steps {given.steps} --epsilons {strengths}`
on {machine()}.

The runs are those of [esc10_learnings.md](esc10_learnings.md); mean ± standard error over the five folds. One window of
each clip is judged, its middle, so that "no attack" is worse than with ten crops. ε is the most that a sample of the
waveform in [−1, 1] may move; PGD takes {given.steps} steps of 2.5 ε / {given.steps} from a random start.

{markdown_table(head, rows)}
"""
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
