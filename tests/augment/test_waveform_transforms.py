"""Properties that every waveform augmentation has."""

import random
from dataclasses import fields

import numpy as np
import pytest
import torch

from resp.augment import REGISTRY, AugmentError, WaveformAugment, WaveformAugmentation, create

# Settings with which a clip of a few samples changes too, and with which a rounding is no step.
SETTINGS = {
    "band": {"high_cut_hz": (500, 1500)},
    # Between two beats a heart is silent.
    "bedside": {"kinds": ("babble",)},
    "time_mask": {"share": (0.2, 0.5)},
    "quantise": {"bits": (9, 12)},
    "mu_law": {"levels": (200, 256)},
}
NAMES = [record.name for record in REGISTRY if record.acts_on == "waveform"]
ROUNDED = {"quantise", "mu_law"}
# They work on single precision, and no gradient passes.
CLIPWISE = {"low_pass", "high_pass", "time_mask", "time_scale", "time_stretch", "pitch_shift"}
# What they do to noise is another thing after a small change of it.
CHAOTIC = {"time_stretch", "pitch_shift"}


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def make(name):
    return lambda probability: create(name, rate_hz=4000, probability=probability, **SETTINGS.get(name, {}))


def test_probability_one_changes_every_sample_and_zero_none(make, waveform, seeded):
    assert (make(1.0)(waveform, seeded()) != waveform).any(1).all()
    assert torch.equal(make(0.0)(waveform, seeded()), waveform)


def test_probability_between_changes_its_share(make, seeded):
    waveform = torch.randn(1000, 64, generator=seeded(1))
    changed = (make(0.3)(waveform, seeded()) != waveform).any(1).float().mean()
    assert 0.25 < changed < 0.35


def test_same_seed_same_result_and_no_global_state(make, waveform, seeded):
    before, kept = torch.get_rng_state(), waveform.clone()
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    first, second = (make(0.8)(waveform, seeded(5)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, make(0.8)(waveform, seeded(6)))
    assert torch.equal(torch.get_rng_state(), before)
    assert random.getstate() == of_python
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(one, other) for one, other in zip(after, of_numpy, strict=True))
    assert torch.equal(waveform, kept)


# What any_noise draws names its rows; its kinds are tested apart.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "any_noise"])
def test_a_sample_is_changed_alike_beside_others_and_alone(make, waveform, seeded):
    transform = make(1.0)
    drawn = transform.draw(waveform, seeded())

    def of_row(part, row):
        if part is None or isinstance(part, torch.Tensor):
            return part if part is None else part[row : row + 1]
        return type(part)(*(of_row(getattr(part, one.name), row) for one in fields(part)))

    together = transform.apply(waveform, drawn)
    for row in range(len(waveform)):
        alone = transform.apply(waveform[row : row + 1], of_row(drawn, row))
        torch.testing.assert_close(alone[0], together[row], rtol=1e-5, atol=1e-6)


def test_silence_stays_silent(make, seeded):
    assert torch.equal(make(1.0)(torch.zeros(2, 100), seeded()), torch.zeros(2, 100))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_type_stays(name, make, waveform, seeded, dtype):
    changed = make(1.0)(waveform.to(dtype), seeded())
    assert changed.dtype == dtype
    if name in CHAOTIC and dtype != torch.float64:
        return
    torch.testing.assert_close(changed.float(), make(1.0)(waveform, seeded()), atol=0.05, rtol=0.05)


def test_odd_and_tiny_lengths(make, seeded):
    for time in (1, 2, 3, 101):
        changed = make(1.0)(torch.randn(3, time, generator=seeded(1)), seeded())
        assert changed.shape == (3, time)
        assert changed.isfinite().all()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in CLIPWISE | ROUNDED])
def test_gradient_is_finite(make, waveform, seeded):
    value = waveform.clone().requires_grad_()
    make(1.0)(value, seeded()).square().sum().backward()
    assert value.grad.isfinite().all()


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan"), "often", None, True])
def test_probability_is_checked(make, probability):
    with pytest.raises(AugmentError, match="probability"):
        make(probability)


@pytest.mark.parametrize(
    "wrong", [torch.zeros(100), torch.zeros(2, 1, 100), torch.zeros(2, 0), torch.zeros(0, 9), torch.zeros(2, 9).int()]
)
def test_batch_is_checked(make, wrong, seeded):
    with pytest.raises(AugmentError, match=r"expected \[batch, time\] of floating point"):
        make(1.0)(wrong, seeded())


def test_all_in_a_row(waveform, seeded):
    asked = [WaveformAugmentation.model_validate({"name": name}) for name in ("shift", "noise", "low_pass", "gain")]
    augment = WaveformAugment.of(asked, rate_hz=4000)
    assert [type(each).__name__ for each in augment.transforms] == [
        "TimeShift",
        "ColouredNoise",
        "LowPass",
        "RandomGain",
    ]
    kept = waveform.clone()
    changed = augment(waveform, seeded(2))
    assert changed.shape == waveform.shape
    assert (changed != waveform).any(1).all()
    assert torch.equal(waveform, kept)
    generator, expected = seeded(2), waveform
    for transform in augment.transforms:
        expected = transform(expected, generator)
    assert torch.equal(changed, expected)


def test_a_probability_of_zero_leaves_one_out(waveform, seeded):
    asked = [
        WaveformAugmentation.model_validate({"name": name, "probability": probability})
        for name, probability in (("shift", 0), ("polarity", 1), ("gain", 0))
    ]
    assert torch.equal(WaveformAugment.of(asked, rate_hz=4000)(waveform, seeded()), -waveform)
    unchanged = WaveformAugment.of([], rate_hz=4000)(waveform, seeded())
    assert torch.equal(unchanged, waveform)
    assert unchanged.data_ptr() != waveform.data_ptr()


@pytest.mark.gpu
def test_a_gpu_gives_what_the_processor_gives(name, make, waveform, seeded):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    changed = make(0.7)(waveform.cuda(), seeded())
    assert changed.device.type == "cuda"
    # A rounding may fall the other way, by one step.
    atol = 0.1 if name in ROUNDED else 1e-4
    torch.testing.assert_close(changed.cpu(), make(0.7)(waveform, seeded()), atol=atol, rtol=1e-4)
