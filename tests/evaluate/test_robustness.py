"""Attacks on the waveform."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resp.evaluate import EvaluationError
from resp.evaluate.robustness import accuracy_under_attack, fgsm, pgd
from resp.models import create
from resp.models.network import Network

TIME = 64
CLASSES = ("a", "b", "c")


def network_of(*layers: nn.Module) -> Network:
    return Network(
        {"logits": nn.Sequential(*layers)},
        sites=[],
        classes=CLASSES,
        rate_hz=1000,
        input_samples=TIME,
        feature_size=TIME,
    )


@pytest.fixture
def network() -> Network:
    """Not linear, with all that behaves otherwise in training."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return network_of(
            nn.Linear(TIME, 32), nn.BatchNorm1d(32), nn.Tanh(), nn.Dropout(0.5), nn.Linear(32, len(CLASSES))
        )


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return 0.9 * (2 * torch.rand(12, TIME, generator=generator) - 1), torch.randint(3, (12,), generator=generator)


def loss(network: Network, waveform: Tensor, labels: Tensor) -> Tensor:
    with torch.no_grad():
        return F.cross_entropy(network.eval()(waveform), labels, reduction="none")


def test_fgsm_on_a_linear_network_is_its_closed_form(batch: tuple[Tensor, Tensor]) -> None:
    waveform, labels = batch
    linear = nn.Linear(TIME, 2)
    network = network_of(linear)
    labels = labels % 2
    # Of two classes, the gradient's direction is the other class's weights less the own one's, whatever the input.
    weight = linear.weight.detach()
    direction = (weight[1 - labels] - weight[labels]).sign()
    expected = (waveform + 0.03 * direction).clamp(-1, 1)
    torch.testing.assert_close(fgsm(network, waveform, labels, 0.03), expected)
    # Its loss is the greatest within ε, and PGD gets there too.
    far = pgd(network, waveform, labels, 0.03, steps=20, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(far, expected)


@pytest.mark.parametrize("epsilon", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("start", [None, 3])
def test_the_perturbation_stays_within_its_bound_and_the_waveform_in_range(
    epsilon: float, start: int | None, network: Network, batch: tuple[Tensor, Tensor]
) -> None:
    generator = None if start is None else torch.Generator().manual_seed(start)
    for attacked in (
        fgsm(network, *batch, epsilon),
        pgd(network, *batch, epsilon, steps=4, step_size=0.2, generator=generator),
    ):
        assert float((attacked - batch[0]).abs().max()) <= epsilon + 1e-6
        assert float(attacked.abs().max()) <= 1
        assert not attacked.requires_grad


def test_the_loss_rises_and_pgd_is_at_least_as_strong(network: Network, batch: tuple[Tensor, Tensor]) -> None:
    waveform, labels = batch
    plain = loss(network, waveform, labels)
    once = loss(network, fgsm(network, waveform, labels, 0.05), labels)
    often = loss(network, pgd(network, waveform, labels, 0.05, steps=20), labels)
    assert (once > plain).all()
    assert once.mean() <= often.mean() + 1e-6
    assert often.mean() > 1.05 * plain.mean()


def test_several_labels_are_attacked_by_their_own_loss(network: Network, batch: tuple[Tensor, Tensor]) -> None:
    waveform, _ = batch
    truth = torch.tensor([[1.0, 0.0, 1.0]]).expand(len(waveform), 3)

    def binary(sound: Tensor) -> float:
        with torch.no_grad():
            return float(F.binary_cross_entropy_with_logits(network.eval()(sound), truth))

    assert binary(fgsm(network, waveform, truth, 0.05)) > binary(waveform)


def test_the_network_is_left_as_it_was(network: Network, batch: tuple[Tensor, Tensor]) -> None:
    network.train()
    frozen = network.stages["logits"][1]
    frozen.eval()
    F.cross_entropy(network(batch[0]), batch[1]).backward()
    network.stages["logits"][0].weight.requires_grad_(False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    gradients = {name: value.grad.clone() for name, value in network.named_parameters() if value.grad is not None}
    modes = [module.training for module in network.modules()]
    given = batch[0].clone()
    state = torch.get_rng_state()
    accuracy_under_attack(network, *batch, [0, 0.05], steps=3, generator=torch.Generator().manual_seed(0))
    fgsm(network, *batch, 0.05)
    assert [module.training for module in network.modules()] == modes
    assert not frozen.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(
        torch.equal(value.grad, gradients[name]) for name, value in network.named_parameters() if name in gradients
    )
    assert torch.equal(batch[0], given)
    assert not batch[0].requires_grad
    assert torch.equal(torch.get_rng_state(), state)


def test_a_mode_comes_back_after_a_failure(network: Network) -> None:
    network.train()
    with pytest.raises(Exception, match="waveform of shape"):
        fgsm(network, torch.zeros(2, TIME + 1), torch.zeros(2, dtype=torch.int64), 0.1)
    assert network.training


def test_the_random_start_is_the_generators(network: Network, batch: tuple[Tensor, Tensor]) -> None:
    one, two, other = (
        pgd(network, *batch, 0.1, steps=1, step_size=0.01, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    # A small step from a start that fills the range.
    assert float((one - batch[0]).abs().mean()) > 0.03


def test_accuracy_falls_with_the_strength(network: Network, batch: tuple[Tensor, Tensor]) -> None:
    waveform, _ = batch
    with torch.no_grad():
        labels = network.eval()(waveform).argmax(dim=1)
    results = {
        attack: accuracy_under_attack(network, waveform, labels, [0, 0.02, 0.5], attack=attack, batch_size=5)
        for attack in ("fgsm", "pgd")
    }
    for attacked in results.values():
        assert [one.epsilon for one in attacked] == [0, 0.02, 0.5]
        assert attacked[0].accuracy == 1
        assert attacked[0].accuracy >= attacked[1].accuracy > attacked[2].accuracy
    # Batches do not change what is counted.
    assert results["fgsm"] == accuracy_under_attack(network, waveform, labels, [0, 0.02, 0.5], attack="fgsm")


def test_a_network_with_a_front_end_can_be_attacked() -> None:
    settings = {"window_s": 0.5, "width": 16, "depth": 1, "heads": 2}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = create("ast_tiny", classes=CLASSES, **settings)
    generator = torch.Generator().manual_seed(2)
    waveform = torch.rand(2, int(network.input_samples or 0), generator=generator) - 0.5
    labels = torch.tensor([0, 2])
    attacked = fgsm(network, waveform, labels, 0.002)
    assert (loss(network, attacked, labels) > loss(network, waveform, labels)).all()


def test_what_makes_no_attack_is_refused(network: Network, batch: tuple[Tensor, Tensor]) -> None:
    waveform, labels = batch
    with pytest.raises(EvaluationError, match=r"epsilon=-0\.1"):
        fgsm(network, waveform, labels, -0.1)
    with pytest.raises(EvaluationError, match="beyond"):
        fgsm(network, 2 * waveform, labels, 0.1)
    with pytest.raises(EvaluationError, match="a label a clip"):
        fgsm(network, waveform, labels[:-1], 0.1)
    with pytest.raises(EvaluationError, match="at least one step"):
        pgd(network, waveform, labels, 0.1, steps=0)
    with pytest.raises(EvaluationError, match="at least one step"):
        pgd(network, waveform, labels, 0.1, step_size=0.0)
    with pytest.raises(EvaluationError, match="'fgsm' or 'pgd'"):
        accuracy_under_attack(network, waveform, labels, [0.1], attack="other")  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match="class indices"):
        accuracy_under_attack(network, waveform, torch.zeros(12, 3), [0.1])
