import numpy as np
import pytest
import torch
from scipy import stats

from resp.mix import MixError
from resp.mix.partners import other_class_partners, shuffled_partners


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


CLASSES = torch.tensor([7, 2, 7, 7, 0, 2])
DIFFERS = [[CLASSES[i] != CLASSES[j] for j in range(6)] for i in range(6)]
LABELS = {
    "indices": CLASSES,
    "one-hot": torch.nn.functional.one_hot(CLASSES, 8).float(),
    "multi-hot": torch.tensor([[1.0, 1, 0], [0, 1, 0], [1, 1, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]]),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_partners_are_uniform_among_the_samples_of_another_class(labels: torch.Tensor) -> None:
    generator = _generator(0)
    counts = np.zeros((6, 6))
    for _ in range(2000):
        partner = other_class_partners(6, labels, generator)
        counts[np.arange(6), partner.numpy()] += 1
    assert partner.dtype == torch.int64
    for i in range(6):
        others = np.array(DIFFERS[i])
        assert counts[i, ~others].sum() == 0
        assert stats.chisquare(counts[i, others]).pvalue > 0.001


@pytest.mark.parametrize("labels", [None, torch.full((5,), 3), torch.ones(5, 2)], ids=["unknown", "indices", "rows"])
def test_without_another_class_the_partner_is_any_other_sample(labels: torch.Tensor | None) -> None:
    generator = _generator(1)
    counts = np.zeros((5, 5))
    for _ in range(2000):
        counts[np.arange(5), other_class_partners(5, labels, generator).numpy()] += 1
    assert np.diag(counts).sum() == 0
    for i in range(5):
        assert stats.chisquare(np.delete(counts[i], i)).pvalue > 0.001


@pytest.mark.parametrize("labels", [None, torch.tensor([4]), torch.zeros(1, 3)], ids=["unknown", "index", "row"])
def test_the_only_sample_is_its_own_partner(labels: torch.Tensor | None) -> None:
    assert other_class_partners(1, labels, _generator(0)).tolist() == [0]
    assert shuffled_partners(1, _generator(0)).tolist() == [0]


def test_as_much_is_drawn_whatever_the_labels_are() -> None:
    after = []
    for labels in (None, CLASSES, torch.zeros(6)):
        generator = _generator(3)
        other_class_partners(6, labels, generator)
        after.append(torch.rand((), generator=generator).item())
    assert len(set(after)) == 1


def test_shuffled_partners_are_a_permutation_of_the_batch() -> None:
    generator = _generator(2)
    drawn = [shuffled_partners(7, generator).tolist() for _ in range(5)]
    assert all(sorted(partner) == list(range(7)) for partner in drawn)
    assert len({tuple(partner) for partner in drawn}) == 5


@pytest.mark.parametrize("labels", [torch.zeros(3), torch.zeros(4, 2, 2), torch.tensor(1)])
def test_labels_of_another_batch_are_refused(labels: torch.Tensor) -> None:
    with pytest.raises(MixError, match="labels of shape"):
        other_class_partners(4, labels, _generator(0))


def test_a_generator_elsewhere_is_refused() -> None:
    class Elsewhere:
        device = torch.device("meta")

    for draw in (lambda: shuffled_partners(3, Elsewhere()), lambda: other_class_partners(3, None, Elsewhere())):  # type: ignore[arg-type]
        with pytest.raises(MixError, match="CPU"):
            draw()


def test_a_batch_of_no_samples_is_refused() -> None:
    for draw in (lambda: shuffled_partners(0, _generator(0)), lambda: other_class_partners(0, None, _generator(0))):
        with pytest.raises(MixError, match="no samples; expected at least one"):
            draw()
