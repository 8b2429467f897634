"""The published EfficientAT checkpoint: its layout, a random one like it, and the file itself."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

# Rows of Table 1 of "Searching for MobileNetV3" (large) at width 0.4: kernel, expanded, out, SE, stride.
MN04_BLOCKS = (
    (3, 8, 8, False, 1),
    (3, 24, 16, False, 2),
    (3, 32, 16, False, 1),
    (5, 32, 16, True, 2),
    (5, 48, 16, True, 1),
    (5, 48, 16, True, 1),
    (3, 96, 32, False, 2),
    (3, 80, 32, False, 1),
    (3, 72, 32, False, 1),
    (3, 72, 32, False, 1),
    (3, 192, 48, True, 1),
    (3, 272, 48, True, 1),
    (5, 272, 64, True, 2),
    (5, 384, 64, True, 1),
    (5, 384, 64, True, 1),
)


def published_shapes(classes: int) -> dict[str, tuple[int, ...]]:
    """Key → shape of the published checkpoint, written down from its documentation and not from our network."""
    shapes: dict[str, tuple[int, ...]] = {}

    def convolution(key: str, *shape: int) -> None:
        shapes[f"{key}.0.weight"] = shape
        for name in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{key}.1.{name}"] = shape[:1]
        shapes[f"{key}.1.num_batches_tracked"] = ()

    convolution("features.0", 8, 1, 3, 3)
    inputs = 8
    for number, (kernel, expanded, out, squeeze, _) in enumerate(MN04_BLOCKS, start=1):
        parts = [(expanded, inputs, 1, 1)] * (expanded != inputs)
        for index, shape in enumerate([*parts, (expanded, 1, kernel, kernel)]):
            convolution(f"features.{number}.block.{index}", *shape)
        last = len(parts) + 1
        if squeeze:
            inner = {32: 8, 48: 16, 192: 48, 272: 72, 384: 96}[expanded]
            key = f"features.{number}.block.{last}.conc_se_layers.0"
            shapes |= {f"{key}.fc1.weight": (inner, expanded), f"{key}.fc1.bias": (inner,)}
            shapes |= {f"{key}.fc2.weight": (expanded, inner), f"{key}.fc2.bias": (expanded,)}
            last += 1
        convolution(f"features.{number}.block.{last}", out, expanded, 1, 1)
        inputs = out
    convolution("features.16", 384, 64, 1, 1)
    shapes |= {"classifier.2.weight": (512, 384), "classifier.2.bias": (512,)}
    return shapes | {"classifier.5.weight": (classes, 512), "classifier.5.bias": (classes,)}


def random_published(classes: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """A checkpoint of random numbers that keep activations near 1, in the published layout."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for key, shape in published_shapes(classes).items():
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(7)
        elif key.endswith(("running_var", ".1.weight")):
            state[key] = 0.5 + torch.rand(shape, generator=generator)
        else:
            fan = max(1, int(torch.tensor(shape[1:]).prod())) if len(shape) > 1 else 10
            state[key] = torch.randn(shape, generator=generator) / fan**0.5
    return state


@pytest.fixture(scope="session")
def mn04_layout() -> SimpleNamespace:
    """Blocks and keys of the published checkpoint."""
    return SimpleNamespace(blocks=MN04_BLOCKS, shapes=published_shapes, random=random_published)


@pytest.fixture
def mn04_file(tmp_path: Path) -> Path:
    """A random checkpoint of 527 classes as a file."""
    path = tmp_path / "mn04_as.pt"
    torch.save(random_published(527), path)
    return path


@pytest.fixture(scope="session")
def published_mn04() -> Path:
    """The published file: mn04_as_mAP_432.pt in RESP_WEIGHTS, or in shared/weights beside the project."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "weights"
    path = Path(os.environ.get("RESP_WEIGHTS", beside)) / "mn04_as_mAP_432.pt"
    if not path.is_file():
        pytest.skip(f"published weights not found: {path} (set RESP_WEIGHTS)")
    return path
