"""µ-law quantisation: steps that grow with the amplitude, as on a telephone line (ITU-T G.711)."""

import torch
from torch import Tensor

from resp.augment.contract import WaveformTransform, check_whole_span
from resp.augment.spectrum import peaks


class MuLaw(WaveformTransform[Tensor]):
    """Compress each clip, round it to a random number of levels, and expand it again.

    With µ = levels − 1 and x relative to the clip's peak, sgn(x)·ln(1 + µ|x|) / ln(1 + µ) is rounded to ``levels``
    equal steps of [−1, 1] (the continuous law; G.711 has it in straight pieces). An even number of levels has none
    at zero: pauses become a constant of about half a step, a silent clip stays silent.

    Parameters
    ----------
    levels
        (lowest, highest) number of levels, within 2 to 65536; whole numbers, all alike.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        Levels out of 2 to 65536, or ``probability`` is not in [0, 1].
    """

    def __init__(self, levels: tuple[int, int] = (32, 256), probability: float = 1.0) -> None:
        super().__init__(probability)
        self.levels = check_whole_span("levels", levels, low=2, high=65536)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the levels, int64 [batch, 1]."""
        low, high = self.levels
        drawn = torch.randint(low, high + 1, (len(waveform), 1), generator=generator, device=generator.device)
        return drawn.to(waveform.device)

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the quantised batch."""
        peak, divisor = peaks(waveform)
        mu = (drawn - 1).to(waveform.dtype)
        compression = torch.log1p(mu)
        # Compressed to [−1, 1], then to the places of the levels, 0 to µ.
        compressed = waveform.sign() * torch.log1p(waveform.abs() * (mu / divisor)) / compression
        level = ((compressed + 1) * (mu / 2) + 0.5).floor()
        rounded = level * (2 / mu) - 1
        return rounded.sign() * torch.expm1(rounded.abs() * compression) * (peak / mu)
