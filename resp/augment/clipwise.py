"""Changes that are made one clip at a time, in NumPy on the CPU."""

from abc import abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resp.augment.contract import WaveformTransform
from resp.augment.errors import AugmentError

Clip = NDArray[np.float32]


class ClipwiseTransform(WaveformTransform[Tensor]):
    """A waveform transform that changes one clip after another, and only those that are chosen.

    Clips are float32 whatever the batch is, and no gradient passes.
    """

    @abstractmethod
    def change(self, clip: Clip, drawn: Tensor) -> Clip:
        """Return a clip [time] changed: float32, of the same length; ``clip`` is a copy."""

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the batch with every clip changed."""
        return self.apply_where(torch.ones(len(waveform), dtype=torch.bool), waveform, drawn)

    def apply_where(self, chosen: Tensor, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the batch with the ``chosen`` clips changed."""
        changed = waveform.detach().clone()
        for row in chosen.nonzero().flatten().tolist():
            clip = waveform[row].detach().cpu().float().numpy().copy()
            result = self.change(clip, drawn[row])
            if result.shape != clip.shape or result.dtype != np.float32:
                raise AugmentError(
                    f"{type(self).__name__} made {result.dtype} {result.shape} of a clip of {len(clip)} samples; "
                    f"expected float32 {clip.shape}"
                )
            changed[row] = torch.from_numpy(np.ascontiguousarray(result)).to(changed)
        return changed
