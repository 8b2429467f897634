"""White-box attacks on the waveform: how much is left of a network's accuracy when every sample may move by ε.

Sources: FGSM, Goodfellow, Shlens & Szegedy, "Explaining and harnessing adversarial examples", ICLR 2015; PGD, Madry,
Makelov, Schmidt, Tsipras & Vladu, "Towards deep learning models resistant to adversarial attacks", ICLR 2018. With
the loss L of the true labels y, the projection Π onto |x' − x| ≤ ε and −1 ≤ x' ≤ 1:

    FGSM   x' = Π(x + ε · sign ∇ₓ L(x, y))
    PGD    x₀ = Π(x + u), u uniform in [−ε, ε];   xₖ₊₁ = Π(xₖ + α · sign ∇ₓ L(xₖ, y))
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from resp.evaluate.errors import EvaluationError
from resp.models.network import Network

# PGD's step, as a share of what would take it from one end of the allowed range to the other in its steps.
_STEP_FACTOR = 2.5


class Attacked(NamedTuple):
    """Accuracy under an attack of one strength.

    Parameters
    ----------
    epsilon
        The most that a sample was moved by, on the scale of the waveform in [−1, 1]; 0 is no attack.
    accuracy
        Share of clips whose class is still the most probable one.
    """

    epsilon: float
    accuracy: float


def fgsm(network: Network, waveform: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    """Move every sample by ``epsilon`` in the direction that raises the loss.

    Parameters
    ----------
    network
        Attacked as it predicts (in evaluation mode); its mode, weights and gradients are left as they were.
    waveform
        float [batch, time] in [−1, 1], on the network's device.
    labels
        [batch] class indices, or [batch, classes] zeros and ones of items with several labels.
    epsilon
        The most that a sample is moved by.

    Returns
    -------
    Tensor
        [batch, time] in [−1, 1]: the attacked waveform.

    Raises
    ------
    EvaluationError
        A negative ``epsilon``, or shapes or a range that do not fit.
    """
    _check(waveform, labels, epsilon)
    with _predicting(network):
        return _project(waveform + epsilon * _direction(network, waveform, labels), waveform, epsilon)


def pgd(
    network: Network,
    waveform: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    steps: int = 10,
    step_size: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Raise the loss step by step, never further than ``epsilon`` from the waveform.

    Parameters
    ----------
    network, waveform, labels, epsilon
        See `fgsm`.
    steps
        How many.
    step_size
        α; None for 2.5 · ε / steps, as published.
    generator
        CPU generator of the random start; None starts at the waveform itself.

    Returns
    -------
    Tensor
        [batch, time] in [−1, 1]: the attacked waveform.

    Raises
    ------
    EvaluationError
        As `fgsm`, and fewer than one step or a step that is not positive.
    """
    _check(waveform, labels, epsilon)
    size = _STEP_FACTOR * epsilon / max(steps, 1) if step_size is None else step_size
    if steps < 1 or size < 0 or (step_size is not None and size == 0):
        raise EvaluationError(f"steps={steps}, step_size={step_size}; expected at least one step of a positive size")
    attacked = waveform
    if generator is not None:
        start = torch.rand(waveform.shape, generator=generator, dtype=torch.float32).to(waveform)
        attacked = _project(waveform + epsilon * (2 * start - 1), waveform, epsilon)
    with _predicting(network):
        for _ in range(steps):
            attacked = _project(attacked + size * _direction(network, attacked, labels), waveform, epsilon)
    return attacked


def accuracy_under_attack(
    network: Network,
    waveforms: Tensor,
    labels: Tensor,
    epsilons: Sequence[float],
    *,
    attack: Literal["fgsm", "pgd"] = "pgd",
    steps: int = 10,
    generator: torch.Generator | None = None,
    batch_size: int = 16,
) -> tuple[Attacked, ...]:
    """Measure the accuracy under attacks of several strengths.

    Parameters
    ----------
    network
        On any device, to which batches are moved; its mode, weights and gradients are left as they were.
    waveforms
        float [clips, time] in [−1, 1].
    labels
        [clips] class indices.
    epsilons
        Strengths; 0 is no attack.
    attack, steps, generator
        Which attack, and PGD's steps and the CPU generator of its random start (see `pgd`).
    batch_size
        Clips of one forward pass.

    Returns
    -------
    tuple of Attacked
        In the order of ``epsilons``.

    Raises
    ------
    EvaluationError
        No clips, an unknown attack, several labels an item, or what `pgd` refuses.
    """
    if attack not in ("fgsm", "pgd"):
        raise EvaluationError(f"attack={attack!r}; expected 'fgsm' or 'pgd'")
    if batch_size < 1 or labels.ndim != 1 or not len(labels):
        raise EvaluationError(
            f"labels {tuple(labels.shape)}, batch_size={batch_size}; expected [clips] class indices, at least one, "
            "and a positive batch size"
        )
    device = next((tensor.device for tensor in (*network.parameters(), *network.buffers())), waveforms.device)
    results = []
    for epsilon in epsilons:
        _check(waveforms, labels, epsilon)
        correct = 0
        for first in range(0, len(labels), batch_size):
            place = slice(first, first + batch_size)
            sound, truth = waveforms[place].to(device), labels[place].to(device)
            if epsilon > 0:
                if attack == "fgsm":
                    sound = fgsm(network, sound, truth, epsilon)
                else:
                    sound = pgd(network, sound, truth, epsilon, steps=steps, generator=generator)
            with _predicting(network), torch.no_grad():
                correct += int((network(sound).argmax(dim=1) == truth).sum())
        results.append(Attacked(float(epsilon), correct / len(labels)))
    return tuple(results)


def _direction(network: Network, waveform: Tensor, labels: Tensor) -> Tensor:
    """Return the sign of the loss's gradient at a waveform, [batch, time]."""
    with torch.enable_grad():
        sound = waveform.detach().requires_grad_()
        logits = network(sound).float()
        if labels.ndim == 1:
            loss = F.cross_entropy(logits, labels, reduction="sum")
        else:
            loss = F.binary_cross_entropy_with_logits(logits, labels.to(logits), reduction="sum")
        # Of the waveform alone, so that no weight's gradient is touched.
        (gradient,) = torch.autograd.grad(loss, sound)
    return gradient.sign()


def _project(attacked: Tensor, waveform: Tensor, epsilon: float) -> Tensor:
    """Return the nearest waveform within ``epsilon`` of the given one and within [−1, 1]."""
    return torch.clamp(attacked.detach(), (waveform - epsilon).clamp(min=-1), (waveform + epsilon).clamp(max=1))


@contextmanager
def _predicting(network: Network) -> Iterator[None]:
    """Put every module into evaluation mode, and each back into its own behind it."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _check(waveform: Tensor, labels: Tensor, epsilon: float) -> None:
    if not epsilon >= 0:
        raise EvaluationError(f"epsilon={epsilon}; expected 0 or more, on the scale of the waveform in [-1, 1]")
    if waveform.ndim != 2 or not waveform.is_floating_point() or labels.shape[:1] != waveform.shape[:1]:
        raise EvaluationError(
            f"waveform {tuple(waveform.shape)} of {waveform.dtype}, labels {tuple(labels.shape)}; expected floating "
            "point [batch, time] and a label a clip"
        )
    if waveform.numel() and not float(waveform.abs().max()) <= 1:
        raise EvaluationError("a waveform beyond [-1, 1]; scale it into that range before it is attacked")
