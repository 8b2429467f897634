import json

import numpy as np
import pytest
import torch
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from resp.features import FeatureError, FixedNormalise, MinMax, Normaliser, ZScore


@pytest.fixture
def train() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(6, 50, 8, generator=generator) * torch.arange(1, 9) - 4.0


@pytest.fixture
def test() -> torch.Tensor:
    return torch.randn(3, 20, 8, generator=torch.Generator().manual_seed(1)) * 3


@pytest.mark.parametrize(("ours", "theirs"), [(MinMax, MinMaxScaler), (ZScore, StandardScaler)])
def test_bins_equal_scikit_learn(train, test, ours, theirs):
    expected = theirs().fit(train.reshape(-1, 8).numpy()).transform(test.reshape(-1, 8).numpy())
    np.testing.assert_allclose(ours("bin").fit(train)(test).reshape(-1, 8).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(("ours", "theirs"), [(MinMax, MinMaxScaler), (ZScore, StandardScaler)])
def test_data_set_equals_scikit_learn(train, test, ours, theirs):
    expected = theirs().fit(train.reshape(-1, 1).numpy()).transform(test.reshape(-1, 1).numpy())
    np.testing.assert_allclose(ours("dataset").fit(train)(test).reshape(-1, 1).numpy(), expected, atol=1e-5)


def test_bins_on_another_axis(train, test):
    expected = ZScore("bin").fit(train)(test)
    torch.testing.assert_close(ZScore("bin", bin_axis=-2).fit(train.mT)(test.mT).mT, expected)


@pytest.mark.parametrize("make", [MinMax, ZScore])
@pytest.mark.parametrize("over", ["bin", "dataset"])
def test_batches_give_what_the_whole_gives(train, test, make, over):
    whole = make(over).fit(train)(test)
    uneven = (part for part in (train[:1], train[1:1], train[1:4], train[4:]))
    torch.testing.assert_close(make(over).fit(uneven)(test), whole)


def test_patch_is_each_picture_by_itself(test):
    scaled = MinMax("patch")(test)
    assert scaled.amin((1, 2)).tolist() == [0, 0, 0]
    torch.testing.assert_close(scaled.amax((1, 2)), torch.ones(3))
    standard = ZScore("patch")(test)
    torch.testing.assert_close(standard.mean((1, 2)), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(standard.std((1, 2), correction=0), torch.ones(3))
    torch.testing.assert_close(standard[1], ZScore("patch")(test[1]))


def test_batch_is_everything_at_once(test):
    scaled = MinMax("batch")(test)
    assert (scaled.min(), scaled.max()) == (0, 1)
    torch.testing.assert_close(ZScore("batch")(test), (test - test.mean()) / test.std(correction=0))


def test_nothing_to_fit_over_patches(test):
    normaliser = ZScore("patch")
    assert normaliser.fit(test) is normaliser
    assert normaliser.offset is None


@pytest.mark.parametrize("make", [MinMax, ZScore])
@pytest.mark.parametrize("over", ["patch", "batch", "bin", "dataset"])
def test_equal_values_become_zero(make, over):
    silence = torch.full((2, 798, 16), -15.942385)
    assert torch.equal(make(over).fit(silence)(silence), torch.zeros_like(silence))


@pytest.mark.parametrize("make", [MinMax, ZScore])
@pytest.mark.parametrize("over", ["patch", "batch", "bin", "dataset"])
def test_gradient_and_input(train, test, make, over):
    before = test.clone()
    normaliser = make(over).fit(train)
    value = test.clone().requires_grad_()
    normaliser(value).square().sum().backward()
    assert value.grad.isfinite().all()
    assert torch.equal(test, before)
    assert normaliser(test.half()).dtype == torch.float16


@pytest.mark.parametrize("make", [MinMax, ZScore])
@pytest.mark.parametrize("over", ["patch", "batch", "bin", "dataset"])
def test_save_and_load(tmp_path, train, test, make, over):
    fitted = make(over, bin_axis=2, epsilon=1e-6).fit(train)
    fitted.save(tmp_path / "normalise.json")
    again = Normaliser.load(tmp_path / "normalise.json")
    assert type(again) is make
    assert again.to_dict() == fitted.to_dict() == json.loads((tmp_path / "normalise.json").read_text())
    assert torch.equal(again(test), fitted(test))


def test_statistics_far_from_zero_do_not_cancel():
    values = 1e6 + torch.randn(4, 1000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    scale = ZScore("dataset").fit(list(values)).scale
    torch.testing.assert_close(scale, values.std(correction=0).reshape(1), rtol=1e-9, atol=0)


def test_not_fitted(test):
    with pytest.raises(FeatureError, match="over 'bin' is not fitted; call fit on the training part"):
        ZScore("bin")(test)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "no values to fit to"),
        (torch.zeros(0, 4), "no values to fit to"),
        (torch.tensor([[1.0, float("nan")]]), "not finite"),
        ([torch.zeros(2, 4), torch.zeros(2, 5)], "a batch of 5 bins after one of 4"),
        (torch.tensor(1.0), "no axis -1 for the bins"),
    ],
)
def test_fit_refuses(values, message):
    with pytest.raises(FeatureError, match=message):
        ZScore("bin").fit(values)


def test_call_refuses(train):
    with pytest.raises(FeatureError, match="5 bins on axis -1; fitted to 8"):
        MinMax("bin").fit(train)(torch.zeros(2, 5))
    with pytest.raises(FeatureError, match="expected pictures"):
        MinMax("patch")(torch.zeros(5))


def test_settings_are_checked():
    with pytest.raises(FeatureError, match=r"over 'frame'; expected one of patch, batch, bin, dataset"):
        MinMax("frame")
    with pytest.raises(FeatureError, match="epsilon 0"):
        ZScore("bin", epsilon=0)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "median"},
        {"over": "frame"},
        {"epsilon": "small"},
        {"offset": [1.0, 2.0]},
        {"offset": "abc"},
        {"offset": [float("inf")]},
        {"offset": [[1.0]], "scale": [[1.0]]},
    ],
)
def test_saved_values_are_checked(change):
    values = ZScore("dataset").fit(torch.arange(4.0)).to_dict() | change
    with pytest.raises(FeatureError):
        Normaliser.from_dict(values)


def test_saved_values_must_be_complete():
    with pytest.raises(FeatureError, match="not a saved normalisation: KeyError: 'kind'"):
        Normaliser.from_dict({})


def test_files_that_are_none(tmp_path):
    with pytest.raises(FeatureError, match="no saved normalisation could be read"):
        Normaliser.load(tmp_path / "missing.json")
    broken = tmp_path / "broken.json"
    for text in ("{", "[]"):
        broken.write_text(text)
        with pytest.raises(FeatureError, match=r"broken\.json"):
            Normaliser.load(broken)


def test_fixed_is_what_ast_does():
    spectrogram = torch.tensor([-4.2677393, 0.0, 4.870256])
    module = FixedNormalise(-4.2677393, 4.5689974)
    torch.testing.assert_close(module(spectrogram), torch.tensor([0.0, 0.4670323, 1.0]))
    torch.testing.assert_close(FixedNormalise(1.0, 2.0, divisor=1.0)(torch.tensor([5.0])), torch.tensor([2.0]))
    assert module.state_dict() == {}
    assert "divisor=2" in repr(module)


@pytest.mark.parametrize(("std", "divisor"), [(0.0, 2.0), (-1.0, 2.0), (1.0, 0.0), (float("nan"), 1.0)])
def test_fixed_refuses(std, divisor):
    with pytest.raises(FeatureError, match="expected positive numbers"):
        FixedNormalise(0.0, std, divisor)
