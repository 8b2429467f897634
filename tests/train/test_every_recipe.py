"""Every recipe that comes with the project runs from its file to its results, on a folder in its data set's format."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from made_datasets import (
    esc_row,
    urbansound8k_row,
    write_audioset,
    write_esc,
    write_icbhi,
    write_sounds,
    write_speechcommands,
    write_urbansound8k,
)
from resp.datasets import WaveformCache
from resp.models.folder import load_model
from resp.models.initialise import SkipInitialisation
from resp.train import load_recipe, train
from resp.train.shipped import shipped_overlays, shipped_recipes
from resp.train.starting import build_network

RECIPES = shipped_recipes()
OVERLAYS = shipped_overlays()
LENGTH_S = 0.7

# What the papers say: the split with its number of folds, and the network's input in samples.
SPLITS = {
    "esc10": ("published_folds", 5),
    "esc50": ("published_folds", 5),
    "urbansound8k": ("published_folds", 10),
    "icbhi": ("official", None),
    "speechcommands": ("official", None),
    "audioset": ("official", None),
}
INPUT_SAMPLES = {
    ("eat", "esc10"): 114_688,
    ("eat", "esc50"): 114_688,
    ("eat", "urbansound8k"): 90_112,
    ("eat", "speechcommands"): 16_384,
    ("eat", "audioset"): 221_184,
    ("envnet", None): 24_014,
    ("envnet_v2", None): 66_650,
}


def make_icbhi(folder: Path) -> Path:
    cycles = [(0.0, 0.5, 0, 0), (0.5, 1.0, 1, 0), (1.0, 1.5, 0, 1), (1.5, 2.0, 1, 1)]
    names = [f"{patient}_1b1_Al_sc_Meditron" for patient in range(101, 107)]
    split = "".join(f"{name}\t{'test' if name == names[-1] else 'train'}\n" for name in names)
    return write_icbhi(folder, dict.fromkeys(names, cycles), tables={"official_split.txt": split})


def make_kauh(folder: Path) -> Path:
    # Five folds need a class of five patients, and so does a fifth of the rest for validation.
    codes = ("N,N", "N,N", "Asthma,E W", "COPD,I C")
    names = [f"BP{patient}_{codes[patient % 4]},P L L,70,M.wav" for patient in range(1, 17)]
    return write_sounds(folder, names, LENGTH_S)


def make_esc10(folder: Path) -> Path:
    classes = ("001 - Dog bark", "009 - Rooster")
    names = [f"{name}/{fold}-{fold}{place}-A.ogg" for place, name in enumerate(classes) for fold in range(1, 6)]
    return write_sounds(folder, names, LENGTH_S)


def make_esc50(folder: Path) -> Path:
    classes = ("dog", "hand_saw")
    rows = [esc_row(name, fold, 10 * fold + place) for place, name in enumerate(classes) for fold in range(1, 6)]
    return write_esc(folder, rows, duration_s=LENGTH_S)


def make_urbansound8k(folder: Path) -> Path:
    # The first fold, which is tested on, has two classes, each of the others one.
    rows = [urbansound8k_row(100 + fold, fold % 2, fold) for fold in range(1, 11)] + [urbansound8k_row(111, 0, 1)]
    return write_urbansound8k(folder, rows, duration_s=LENGTH_S)


def make_speechcommands(folder: Path) -> Path:
    words = ("bed", "zero")
    train_, validation, test = (
        [f"{word}/0a{part}{speaker}_nohash_0" for word in words for speaker in range(speakers)]
        for part, speakers in (("0", 4), ("1", 1), ("2", 1))
    )
    names = [*train_, *validation, *test]
    return write_speechcommands(folder, names, validation=validation, test=test, duration_s=LENGTH_S)


def make_audioset(folder: Path) -> Path:
    labels = ("/m/09x0r", "/m/05zppz,/m/09x0r", "/t/dd5")
    parts = (("balanced_train", 8), ("eval", 3))
    videos = {part: [f"{part[0] * 10}{number}" for number in range(count)] for part, count in parts}
    tables = {
        part: [f'{video}, 0.000, 10.000, "{labels[place % 3]}"' for place, video in enumerate(names)]
        for part, names in videos.items()
    }
    return write_audioset(folder, tables, [name for names in videos.values() for name in names], duration_s=LENGTH_S)


MAKERS: dict[str, Callable[[Path], Path]] = {
    "icbhi": make_icbhi,
    "kauh": make_kauh,
    "esc10": make_esc10,
    "esc50": make_esc50,
    "urbansound8k": make_urbansound8k,
    "speechcommands": make_speechcommands,
    "audioset": make_audioset,
    "unlabelled": make_kauh,
}


@pytest.fixture(scope="session")
def root_of(tmp_path_factory: pytest.TempPathFactory, manifest: Path) -> Callable[[str], Path]:
    """Return the folder of a data set; each is made once."""
    roots = {"manifest": manifest}

    def root(dataset: str) -> Path:
        if dataset not in roots:
            roots[dataset] = MAKERS[dataset](tmp_path_factory.mktemp("datasets") / dataset)
        return roots[dataset]

    return root


@pytest.fixture
def run(root_of: Callable[[str], Path], cache: WaveformCache, tmp_path: Path) -> Callable[..., None]:
    """Run a recipe with the smoke preset and look at what it leaves."""

    def one(name: str, *overlays: str) -> None:
        path = RECIPES[name]
        data = load_recipe(path).data
        recipe = load_recipe(path, [f"data.root={root_of(data.dataset)}"], overlays=overlays, preset="smoke")
        result = train(recipe, tmp_path / "run", cache=cache)
        assert json.loads((tmp_path / "run" / "results.json").read_text()) == result.results
        numbers = result.score() if "test" in result.results["honest"] else result.results["honest"]["validation"]
        assert numbers["loss"] is not None
        assert load_model(result.model).config.network == recipe.network.name

    return one


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_runs(name: str, run: Callable[..., None]) -> None:
    run(name)


# Those that ask for the device of an item, or for batches of two, run where there are some.
GROUPED_OVERLAYS = ("device_adversarial", "supcon_device", "supcon_patient")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_overlay_runs(overlay: str, run: Callable[..., None]) -> None:
    run("manifest/ast_tiny_ce" if overlay in GROUPED_OVERLAYS else "esc10/piczak_cnn", overlay)


@pytest.mark.parametrize("name", RECIPES)
def test_split_and_window_are_the_published_ones(name: str) -> None:
    recipe = load_recipe(RECIPES[name], ["network.weights=null"])
    dataset = recipe.data.dataset
    if dataset in SPLITS:
        split, folds = SPLITS[dataset]
        assert (recipe.data.split, recipe.data.folds if folds else None) == (split, folds)
    # It refuses windows of another length than the network's.
    with SkipInitialisation():
        network = build_network(recipe, ("a", "b"))
    samples = recipe.clip.window_samples(network.rate_hz)
    if network.input_samples is not None:
        assert samples == network.input_samples
    if "short" not in name:
        family = recipe.network.name
        key = ("eat", dataset) if family.startswith("eat") else (family, None)
        assert samples == INPUT_SAMPLES.get(key, samples)
