"""Phase noise: every cell of the short-time spectrum keeps its magnitude and turns by a random angle."""

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.errors import AugmentError


class PhaseNoise(WaveformTransform[Tensor]):
    """Turn the phase of every cell of the short-time Fourier transform by a random angle.

    X[k, m] becomes X[k, m]·exp(i·σ·n[k, m]) with n standard normal and independent from cell to cell; the inverse
    transform (overlap and add, least squares) makes a waveform of it again. Periodic Hann window, hop half of it,
    zeros around the clip. A small σ adds an error of about 10·log10(σ²) dB relative to the signal, which lies
    where the signal does in time and frequency.

    After EAT (Gazneli et al., 2022), whose implementation has uniform angles of 0 to about 0.02, on one side, which
    also turns the whole signal a little, and draws them complex, which also changes magnitudes.

    Parameters
    ----------
    deviation_rad
        (lowest, highest) standard deviation σ of the angles of a clip, in radians.
    window
        Length of the window in samples: an even number, at least 4.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        Deviations below 0, another window, or ``probability`` is not in [0, 1].
    """

    def __init__(self, deviation_rad: Span = (0.01, 0.3), *, window: int = 512, probability: float = 1.0) -> None:
        super().__init__(probability)
        self.deviation_rad = check_span("deviation_rad", deviation_rad, low=0)
        if window < 4 or window % 2:
            raise AugmentError(f"window {window}; expected an even number of samples, at least 4")
        self.window = window

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the angles in radians, [batch, window // 2 + 1, frames]."""
        frames = 1 + waveform.shape[1] // self._hop
        shape = (len(waveform), self.window // 2 + 1, frames)
        angles = torch.randn(shape, generator=generator, device=generator.device).to(waveform.device)
        return angles * uniform(waveform, self.deviation_rad, generator)[:, :, None]

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the batch with its phases turned."""
        window = torch.hann_window(self.window, dtype=waveform.dtype, device=waveform.device)
        spectrum = torch.stft(waveform, self.window, self._hop, window=window, pad_mode="constant", return_complex=True)
        angle = drawn.to(waveform.dtype)
        turned = spectrum * torch.complex(angle.cos(), angle.sin())
        return torch.istft(turned, self.window, self._hop, window=window, length=waveform.shape[1])

    @property
    def _hop(self) -> int:
        return self.window // 2
