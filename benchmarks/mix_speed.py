"""How fast mixes are beside what else there is: mixed clips per second.

Usage: ``python benchmarks/mix_speed.py [--repeats 7] [--threads 1] [--batch 64] [--out FILE]``. Sounds are noise of 5 s
at 22.05 kHz; mixes at a hidden stage act on maps of 64 channels × 500 steps of these sounds, Patch-Mix on 8 × 31
patches of 768 numbers. Measured is drawing and applying a mix, with what it asks of the sounds (levels, turned phases).

Beside it stand the nearest classes of torchvision and torch-audiomentations, no dependencies of this project, where
they can be imported, and a plain loop over pairs in numpy and scipy, as mixes are written inside a data set: drawn for
each clip, with the levels of both clips of a pair. In each repeat all take turns at each mix; the table holds medians,
after one turn of warming up. Ratios on one machine compare; between machines they do not.
"""

import argparse
import math
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from tables import clips_per_second, machine

from resp.mix import REGISTRY, Mix, Origin, create
from resp.mix.loudness import FLOOR_DB, a_weighting, level_frame_samples
from resp.models.network import Site
from resp.models.results import markdown_table

RATE_HZ, SECONDS, CLASSES = 22_050, 5, 50
CHANNELS, STEPS = 64, 500
GRID, PATCH = (8, 31), 768
WINDOWS = (512, 1024, 2048)
OWN, LOOP, TORCHVISION, TORCH_AUDIOMENTATIONS = "resp", "loop over pairs", "torchvision", "torch-audiomentations"
# What mixes elsewhere: mix → library → module and class.
NEAREST = {
    "mixup": {TORCHVISION: ("torchvision.transforms.v2", "MixUp")},
    "eat_mixup": {TORCH_AUDIOMENTATIONS: ("torch_audiomentations.augmentations.mix", "Mix")},
}
WAVEFORM = Site("waveform", ("batch", "time"))
MAP = Site("map", ("batch", "channel", "time"))
PATCHES = Site("patches", ("batch", "patch", "channel"), GRID)
SITES = {"speechmix": MAP, "intermix": MAP, "patch": PATCHES, "tpatch": PATCHES}

Samples = NDArray[np.float32]
# Own sound, partner's sound, own value at the site, partner's value, generator → mixed value.
Pair = Callable[[Samples, Samples, Samples, Samples, np.random.Generator], Samples]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    generator = torch.Generator().manual_seed(0)
    sounds = 0.1 * torch.randn(given.batch, RATE_HZ * SECONDS, generator=generator)
    values = {
        WAVEFORM: sounds,
        # Behind an activation.
        MAP: torch.randn(given.batch, CHANNELS, STEPS, generator=generator).relu(),
        PATCHES: torch.randn(given.batch, math.prod(GRID), PATCH, generator=generator),
    }
    labels = torch.randint(CLASSES, (given.batch,), generator=generator)
    rows = []
    for record in REGISTRY:
        if record.name == "one_of":
            continue  # one of the others, another one each time
        site = SITES.get(record.name, WAVEFORM)
        turns = {
            OWN: own(create(record.name), values[site], site, Origin(sounds, RATE_HZ, labels)),
            LOOP: loop(PAIRS[record.name], sounds.numpy(), values[site].numpy()),
        }
        for library, (module, name) in NEAREST.get(record.name, {}).items():
            try:
                turns[library] = elsewhere(library, getattr(import_module(module), name), sounds, labels)
            except Exception as problem:  # whatever keeps it from being imported, the rest is measured
                print(f"without {library}: {problem}")
        rows.append((record.name, site, clips_per_second(turns, given.repeats, given.batch)))
        print(record.name, *(f"{library} {rate:.0f}" for library, rate in rows[-1][2].items()), sep="  ")
    text = page(rows, given)
    given.out.write_text(text, encoding="utf-8")
    print(text)


def own(mix: Mix[Any], batch: torch.Tensor, site: Site, origin: Origin) -> Callable[[], Any]:
    generator = torch.Generator().manual_seed(1)

    def turn() -> torch.Tensor:
        acting = mix.choose([site], generator)
        heard = acting.prepare(origin, generator)
        return acting.apply(batch, acting.draw(batch, site, generator, heard))

    return turn


def elsewhere(library: str, maker: Callable[..., Any], sounds: torch.Tensor, labels: torch.Tensor) -> Callable[[], Any]:
    if library == TORCHVISION:
        # Clips as pictures of one row.
        transform, batch = maker(num_classes=CLASSES), sounds[:, None, None]
        return lambda: transform(batch, labels)
    transform, batch = maker(p=1.0, sample_rate=RATE_HZ, output_type="dict"), sounds[:, None]
    return lambda: transform(batch, sample_rate=RATE_HZ)


# The loop


def loop(pair: Pair, sounds: Samples, values: Samples) -> Callable[[], Any]:
    random = np.random.default_rng(1)

    def turn() -> Samples:
        partners = random.permutation(len(sounds))
        return np.stack(
            [pair(sounds[i], sounds[j], values[i], values[j], random) for i, j in enumerate(partners.tolist())]
        )

    return turn


def ratio_heard(own_db: float, their_db: float, random: np.random.Generator, lowest: float = 0.0) -> float:
    ratio = lowest + (1 - lowest) * random.random()
    return float(1 / (1 + 10 ** ((own_db - their_db) / 20) * (1 - ratio) / max(ratio, 1e-12)))


def balanced(share: float, own: Samples, their: Samples) -> Samples:
    return (share * own + (1 - share) * their) / math.sqrt(share**2 + (1 - share) ** 2)


def power_db(sound: Samples) -> float:
    return float(10 * np.log10(max(np.mean(np.square(sound)), 10 ** (FLOOR_DB / 10))))


def loudest_frame_db(sound: Samples) -> float:
    length = level_frame_samples(RATE_HZ)
    frames = np.lib.stride_tricks.sliding_window_view(sound, length)[:: length // 2]
    power = np.square(np.abs(np.fft.rfft(frames * HANN, axis=1))) @ A_WEIGHTS
    return float(10 * np.log10(max(power.max() / (length * np.square(HANN).sum()), 10 ** (FLOOR_DB / 10))))


HANN = signal.get_window("hann", level_frame_samples(RATE_HZ)).astype(np.float32)
A_WEIGHTS = 2 * a_weighting(torch.fft.rfftfreq(len(HANN), 1 / RATE_HZ)).square().numpy()


def mixup(_own: Samples, _their: Samples, own: Samples, their: Samples, random: np.random.Generator) -> Samples:
    share = random.beta(1, 1)
    return share * own + (1 - share) * their


def eat_mixup(own_s: Samples, their_s: Samples, own: Samples, their: Samples, random: np.random.Generator) -> Samples:
    return balanced(ratio_heard(power_db(own_s), power_db(their_s), random, 0.1), own, their)


def between_class(
    own_s: Samples, their_s: Samples, own: Samples, their: Samples, random: np.random.Generator
) -> Samples:
    return balanced(ratio_heard(loudest_frame_db(own_s), loudest_frame_db(their_s), random), own, their)


def turned(sound: Samples, angle: float) -> Samples:
    return np.fft.irfft(np.fft.rfft(sound) * np.exp(1j * angle), n=len(sound)).astype(np.float32)


def intermix(own_s: Samples, their_s: Samples, own: Samples, their: Samples, random: np.random.Generator) -> Samples:
    angles = random.uniform(-math.pi / 2, math.pi / 2, 2)
    own_s, their_s = turned(own_s, angles[0]), turned(their_s, angles[1])
    share = ratio_heard(loudest_frame_db(own_s), loudest_frame_db(their_s), random)
    norm = math.sqrt(share**2 + (1 - share) ** 2)
    one, other = share / norm * own, (1 - share) / norm * their
    return one + other + 2 * np.sqrt(one * other) * math.cos(angles[0] - angles[1])


def timemix(_own: Samples, _their: Samples, own: Samples, their: Samples, random: np.random.Generator) -> Samples:
    kept = int(random.uniform(0.5, 1) * len(own))
    if random.random() < 0.5:
        return np.concatenate([own[:kept], their[kept:]])
    return np.concatenate([their[: len(own) - kept], own[len(own) - kept :]])


def spectrum(sound: Samples, window: int) -> Any:
    return signal.stft(sound, nperseg=window, noverlap=window * 3 // 4)[2]


def sound_of(changed: Any, window: int, length: int) -> Samples:
    return signal.istft(changed, nperseg=window, noverlap=window * 3 // 4)[1][:length].astype(np.float32)


def freqmix(_own: Samples, _their: Samples, own: Samples, their: Samples, random: np.random.Generator) -> Samples:
    window = int(random.choice(WINDOWS))
    one, other = spectrum(own, window), spectrum(their, window)
    kept = int(random.uniform(0.5, 1) * len(one))
    pieces = [one[:kept], other[kept:]] if random.random() < 0.5 else [other[: len(one) - kept], one[len(one) - kept :]]
    return sound_of(np.concatenate(pieces), window, len(own))


def phasemix(_own: Samples, _their: Samples, own: Samples, their: Samples, random: np.random.Generator) -> Samples:
    window, share = int(random.choice(WINDOWS)), random.random()
    one, other = spectrum(own, window), spectrum(their, window)
    phase = share * np.angle(one) + (1 - share) * np.angle(other)
    return sound_of(np.abs(one) * np.exp(1j * phase), window, len(own))


def patch(_own: Samples, _their: Samples, own: Samples, their: Samples, random: np.random.Generator) -> Samples:
    mixed, swapped = own.copy(), random.permutation(len(own))[: int(len(own) * random.random())]
    mixed[swapped] = their[swapped]
    return mixed


def tpatch(_own: Samples, _their: Samples, own: Samples, their: Samples, random: np.random.Generator) -> Samples:
    mixed, columns = own.copy(), random.permutation(GRID[1])[: int(GRID[1] * random.random())]
    mixed.reshape(*GRID, -1)[:, columns] = their.reshape(*GRID, -1)[:, columns]
    return mixed


PAIRS: dict[str, Pair] = {
    "mixup": mixup,
    "eat_mixup": eat_mixup,
    "bc": between_class,
    "speechmix": between_class,
    "intermix": intermix,
    "patch": patch,
    "tpatch": tpatch,
    "timemix": timemix,
    "freqmix": freqmix,
    "phasemix": phasemix,
}


# The table


def page(rows: list[tuple[str, Site, dict[str, float]]], given: argparse.Namespace) -> str:
    libraries = [
        name for name in (LOOP, TORCHVISION, TORCH_AUDIOMENTATIONS) if any(name in rates for *_, rates in rows)
    ]
    versions = ", ".join(f"{name} {_version(name)}" for name in ("numpy", "scipy", *libraries[1:]))
    head = ["mix", "acts on", f"{OWN}, clips/s"]
    for library in libraries:
        head += [f"{library}, clips/s", "ratio"]
    cells = []
    for name, site, rates in rows:
        row = [name, site.name, f"{rates[OWN]:.0f}"]
        for library in libraries:
            rate = rates.get(library)
            row += ["", ""] if rate is None else [f"{rate:.0f}", f"{rates[OWN] / rate:.2f}"]
        cells.append(row)
    return f"""# How fast mixes are

Written by `python benchmarks/mix_speed.py --repeats {given.repeats} --threads {given.threads} --batch {given.batch}`
on {machine()}, {versions}.

Batches of {given.batch} clips of {SECONDS} s at {RATE_HZ} Hz; maps [{given.batch}, {CHANNELS}, {STEPS}], patches
[{given.batch}, {GRID[0]} × {GRID[1]}, {PATCH}]. Medians of alternating turns. A ratio above 1 means that resp is
faster. What stands beside it is the nearest there is, not the same: torchvision's MixUp draws one share for a batch
and mixes the labels too; torch-audiomentations' Mix adds sounds at a random ratio of their levels and has no labels.
No library has the other mixes; the loop over pairs is the one in this script.

{markdown_table(head, cells)}
"""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "of no known version"


if __name__ == "__main__":
    main()
