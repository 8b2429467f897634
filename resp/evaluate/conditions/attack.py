"""White-box attacks as conditions: they change what the network is given, and need the network to do so."""

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from resp.evaluate.errors import EvaluationError
from resp.evaluate.robustness import fgsm, pgd

if TYPE_CHECKING:
    from resp.models.network import Network


class Attack:
    """FGSM or PGD on the window that a network is given; see `resp.evaluate.robustness`.

    Parameters
    ----------
    method
        ``fgsm`` or ``pgd``; ``none`` is the same window as it is, for comparison.
    epsilon
        The most that a sample of the waveform in [−1, 1] is moved by.
    steps
        Of PGD, from a random start.

    Raises
    ------
    EvaluationError
        An unknown method, or a strength or number of steps that is not positive.
    """

    def __init__(self, method: Literal["none", "fgsm", "pgd"], epsilon: float = 0.0, steps: int = 10) -> None:
        if method not in ("none", "fgsm", "pgd"):
            raise EvaluationError(f"attack {method!r}; expected fgsm, pgd or none")
        if steps < 1 or (method != "none" and not epsilon > 0):
            raise EvaluationError(
                f"epsilon={epsilon}, steps={steps}; expected a positive strength and one step or more"
            )
        self.method = method
        self.epsilon = float(epsilon)
        self.steps = steps

    def change(self, network: "Network", windows: Tensor, labels: Tensor, seed: int) -> Tensor:
        """Return attacked windows.

        Parameters
        ----------
        network
            Whose loss is raised; its mode, weights and gradients are left as they were.
        windows
            float32 [batch, time] in [−1, 1], on the network's device.
        labels
            [batch] their classes.
        seed
            Of PGD's random start.
        """
        if self.method == "none":
            return windows
        if self.method == "fgsm":
            return fgsm(network, windows, labels, self.epsilon)
        generator = torch.Generator().manual_seed(seed)
        return pgd(network, windows, labels, self.epsilon, steps=self.steps, generator=generator)
