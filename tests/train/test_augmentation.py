"""Augmentations as recipes name them."""

from pathlib import Path
from typing import Any

import pytest
import torch

from resp.augment import AugmentError, SpectrogramAugment, WaveformAugment
from resp.models import create
from resp.train import Recipe, TrainError, load_recipe, make_recipe
from resp.train.augmentation import Augmentation, AugmentSettings
from resp.train.recipe_file import merge

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# What these recipes gave when models that shipped were trained by them.
@pytest.mark.parametrize(
    ("name", "rate_hz", "norms", "samples", "next_number"),
    [
        (
            "kauh/ast_conv_patchmix_cl",
            4000,
            [6.399832, 4.667477, 5.341054, 9.00415],
            [0.401206, 0.043162, -0.034102, -0.228676],
            273964802,
        ),
        (
            "manifest/ast_tiny_ce",
            16000,
            [2.72865, 1.841293, 3.410604, 2.587522],
            [0.163443, 0.07486, 0.036722, -0.056055],
            71515097,
        ),
    ],
)
def test_waveforms_of_a_recipe_are_those_of_earlier_versions(
    name: str, rate_hz: int, norms: list[float], samples: list[float], next_number: int
) -> None:
    generator = seeded(2)
    augment = WaveformAugment.of(load_recipe(CONFIGS / f"{name}.yaml").augment.waveform, rate_hz)
    changed = augment(0.1 * torch.randn(4, 1000, generator=seeded(1)), generator)
    torch.testing.assert_close(changed.square().sum(1).sqrt(), torch.tensor(norms), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(changed[:, 123], torch.tensor(samples), rtol=1e-4, atol=1e-5)
    assert int(torch.randint(1 << 30, (1,), generator=generator)) == next_number


@pytest.mark.parametrize(
    ("name", "norms"),
    [
        ("icbhi/ast_ce", [58.34571, 95.88529, 96.20458, 42.77973]),
        ("manifest/ast_tiny_ce", [107.94463, 108.05012, 96.20458, 125.19081]),
        ("kauh/ast_tiny_patchmix_cl", [133.70378, 138.3067, 138.9163, 148.94935]),
    ],
)
def test_masks_of_a_recipe_are_those_of_earlier_versions(name: str, norms: list[float]) -> None:
    generator = seeded(2)
    augment = SpectrogramAugment.of(load_recipe(CONFIGS / f"{name}.yaml").augment.spectrogram, 16000)
    spectrogram = torch.randn(4, 200, 128, generator=seeded(1))
    changed = augment.apply(spectrogram, augment.draw(spectrogram, generator))
    torch.testing.assert_close(changed.square().sum((1, 2)).sqrt(), torch.tensor(norms), rtol=1e-5, atol=1e-5)
    assert int(torch.randint(1 << 30, (1,), generator=generator)) == 760143171


def test_a_recipe_with_augmentations_reads_back_as_itself(values: dict[str, Any], tmp_path: Path) -> None:
    augment = {
        "waveform": [{"name": "noise", "settings": {"colours": ["pink"]}}, {"name": "noise"}, {"name": "reverse"}],
        "spectrogram": [{"name": "spec_augment"}, {"name": "cutout", "probability": 0.1}],
    }
    recipe = make_recipe(merge(values, {"augment": augment}))
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe.to_yaml())
    assert load_recipe(path) == recipe
    assert [one.probability for one in recipe.augment.waveform] == [1, 1, 0.5]
    assert recipe.augment.spectrogram[1].settings["rectangles"] == 1


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ({"waveform": [{"name": "gain"}, {"name": "pich_shift"}]}, r"augment.waveform.1: .*did you mean 'pitch_shift'"),
        ({"waveform": [{"name": "shift", "settings": {"mod": 1}}]}, r"augment.waveform.0: .*did you mean 'mode'"),
        ({"spectrogram": [{"name": "gain"}]}, "augment.spectrogram.0: 'gain' acts on a waveform; name it under"),
        ({"waveform": [{"nam": "gain"}]}, r"augment.waveform.0.nam: no such setting; did you mean 'name'"),
        ({"waveform": {"gain": 1}}, "augment.waveform: expected a list"),
    ],
)
def test_problems_are_told_with_their_place(values: dict[str, Any], augment: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainError, match=message):
        make_recipe(merge(values, {"augment": augment}))


def test_what_does_not_fit_the_rate_of_the_network_is_refused(values: dict[str, Any]) -> None:
    recipe: Recipe = make_recipe(values)
    network = create(recipe.network.name, classes=("a", "b"), **recipe.network.settings)
    one = {"name": "low_pass", "settings": {"cutoff_hz": [1000, 3000]}}
    with pytest.raises(AugmentError, match=r"cutoff_hz \(1000, 3000\); expected .* within 1 to 1998"):
        Augmentation(AugmentSettings.model_validate({"waveform": [one]}), network)


def test_masks_are_drawn_once_and_applied_to_every_view(values: dict[str, Any]) -> None:
    recipe = make_recipe(values)
    network = create(recipe.network.name, classes=("a", "b"), **recipe.network.settings)
    asked = [{"name": "cutout", "settings": {"fill": "zero"}}, {"name": "spec_augment", "settings": {"fill": "zero"}}]
    augmentation = Augmentation(AugmentSettings.model_validate({"spectrogram": asked}), network)
    one, other = torch.rand(2, 3, 40, 32, generator=seeded(0)) + 1
    masks = augmentation.masks(one, seeded(1))
    assert torch.equal(augmentation.mask(one, masks) == 0, augmentation.mask(other, masks) == 0)
    assert (augmentation.mask(one, masks) == 0).any()
