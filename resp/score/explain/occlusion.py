"""Occlusion (Zeiler & Fergus, "Visualizing and understanding convolutional networks", ECCV 2014).

Rectangles of the stretch are brought to the level of the background, one after the other; what the class's log-odds
lose is the rectangle's importance.
"""

import numpy as np
import torch
from captum.attr import FeatureAblation
from numpy.typing import NDArray

from resp.score.explain.heard import BATCH, TILE_MEL, TILE_S, Heard


def occlusion(heard: Heard, step_s: float = TILE_S, step_mel: float = TILE_MEL) -> NDArray[np.float32]:
    """Return the importance of each cell, [frames, bins]: its rectangle's, in equal parts.

    Parameters
    ----------
    heard
        What is explained.
    step_s, step_mel
        About the size of a rectangle.
    """
    tiles = heard.tiles(step_s, step_mel)
    whole = torch.ones(1, *heard.shape, device=heard.samples.device)
    with torch.no_grad():
        lost = FeatureAblation(heard.log_odds).attribute(
            whole,
            torch.zeros_like(whole),
            feature_mask=torch.from_numpy(tiles)[None].to(whole.device),
            perturbations_per_eval=BATCH,
        )
    each = lost[0].float().cpu().numpy()
    return np.asarray(each / np.bincount(tiles.ravel()).astype(np.float32)[tiles])
