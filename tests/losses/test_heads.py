import pytest
import torch
import torch.nn.functional as F

from resp.losses import LossError
from resp.losses.heads import HEADS, head_loss, head_output


def values(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


LOGITS = 3 * values(5, 4)
SOFT = values(5, 4, seed=1).softmax(1)
MANY = (values(5, 4, seed=2) > 0).float()


def test_outputs():
    by_hand = LOGITS.exp() / LOGITS.exp().sum(1, keepdim=True)
    torch.testing.assert_close(head_output("multi_class", LOGITS), by_hand)
    torch.testing.assert_close(head_output("multi_label", LOGITS), 1 / (1 + (-LOGITS).exp()))
    assert torch.equal(head_output("regression", LOGITS), LOGITS)


def test_losses_by_their_formulas():
    labels = torch.tensor([0, 3, 1, 1, 2])
    chosen = head_output("multi_class", LOGITS)[torch.arange(5), labels]
    torch.testing.assert_close(head_loss("multi_class", LOGITS, labels), -chosen.log().mean())
    probability = head_output("multi_label", LOGITS)
    entropy = -(MANY * probability.log() + (1 - MANY) * (1 - probability).log())
    torch.testing.assert_close(head_loss("multi_label", LOGITS, MANY), entropy.mean())
    wanted = values(5, 4, seed=3)
    torch.testing.assert_close(head_loss("regression", LOGITS, wanted), ((LOGITS - wanted) ** 2).mean())


def test_a_distribution_of_one_class_is_that_class():
    labels = torch.tensor([0, 3, 1, 1, 2])
    torch.testing.assert_close(
        head_loss("multi_class", LOGITS, F.one_hot(labels, 4).float()), head_loss("multi_class", LOGITS, labels)
    )
    torch.testing.assert_close(head_loss("multi_class", LOGITS, SOFT), -(SOFT * LOGITS.log_softmax(1)).sum(1).mean())


@pytest.mark.parametrize("head", HEADS)
def test_the_loss_is_least_where_the_output_is_the_target(head):
    logits = LOGITS.clone().requires_grad_()
    target = head_output(head, LOGITS)
    head_loss(head, logits, target).backward()
    torch.testing.assert_close(logits.grad, torch.zeros(5, 4), atol=1e-6, rtol=0)


@pytest.mark.parametrize("head", HEADS)
def test_half_precision_is_computed_in_single(head):
    half = LOGITS.half()
    assert head_output(head, half).dtype == torch.float32
    assert torch.equal(head_loss(head, half, SOFT), head_loss(head, half.float(), SOFT))
    assert head_loss(head, LOGITS.double(), SOFT).dtype == torch.float64


@pytest.mark.parametrize(
    ("head", "logits", "target", "said"),
    [
        ("ranking", LOGITS, SOFT, "no head 'ranking'; expected one of multi_class, multi_label, regression"),
        ("multi_class", LOGITS[0], SOFT, r"logits \(4,\); expected \[batch, classes\]"),
        ("multi_class", LOGITS, torch.zeros(4, dtype=torch.int64), r"expected \[5\] class indices"),
        ("multi_class", LOGITS, torch.tensor([0, 1, 2, 3, 4]), "expected classes from 0 to 3"),
        ("multi_class", LOGITS, torch.tensor([0, 1, 2, 3, -1]), "expected classes from 0 to 3"),
        ("multi_class", LOGITS, torch.zeros(5), "torch.float32; expected .* class indices"),
        ("multi_class", LOGITS, SOFT + 1, "expected 0 to 1"),
        ("multi_label", LOGITS, torch.zeros(5, dtype=torch.int64), "for multi_label"),
        ("multi_label", LOGITS, MANY.long(), "torch.int64; expected floating point"),
        ("multi_label", LOGITS, 2 * MANY, "target from 0.0 to 2.0"),
        ("multi_label", LOGITS, MANY * float("nan"), "target from nan"),
        ("regression", LOGITS, SOFT[:, :1], r"target \(5, 1\).*expected floating point \[5, 4\]"),
    ],
)
def test_wrong_inputs_are_named(head, logits, target, said):
    with pytest.raises(LossError, match=said):
        head_loss(head, logits, target)
