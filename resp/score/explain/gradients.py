"""Integrated gradients (Sundararajan, Taly & Yan, "Axiomatic attribution for deep networks", ICML 2017).

The gradient of the class's log-odds with respect to how much of each cell is there, averaged on the way from nothing
but background to the whole sound. Its sum over all cells is what the log-odds gained on that way (completeness).
"""

import numpy as np
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray

from resp.score.explain.heard import BATCH, Heard

# Gauss-Legendre points on the way; on the shipped model the sum is then within some per cent of what it should be.
STEPS = 24


def integrated_gradients(heard: Heard, steps: int = STEPS) -> NDArray[np.float32]:
    """Return the importance of each cell, [frames, bins].

    Parameters
    ----------
    heard
        What is explained.
    steps
        Points on the way.
    """
    whole = torch.ones(1, *heard.shape, device=heard.samples.device)
    attributed = IntegratedGradients(heard.log_odds).attribute(
        whole, torch.zeros_like(whole), n_steps=steps, internal_batch_size=BATCH
    )
    return np.asarray(attributed[0].detach().float().cpu().numpy())
