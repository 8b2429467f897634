"""Phase noise: every cell of the short-time spectrum keeps its magnitude and turns by a random angle."""

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.errors import AugmentError
from resp.features.errors import FeatureError
from resp.features.stft import check_stft_window, istft, stft, stft_shape


class PhaseNoise(WaveformTransform[Tensor]):
    """Turn the phase of every cell of the short-time Fourier transform by a random angle.

    X[k, m] becomes X[k, m]·exp(i·σ·n[k, m]) with n standard normal and independent from cell to cell; of that the
    nearest waveform is made (`resp.features.stft` and its inverse). A small σ adds an error of about
    20·log10(σ) − 6 dB relative to the signal, which lies where the signal does in time and frequency.

    After EAT (Gazneli et al., 2022), whose implementation has uniform angles of 0 to about 0.02, on one side, which
    also turns the whole signal a little, and draws them complex, which also changes magnitudes.

    Parameters
    ----------
    deviation_rad
        (lowest, highest) standard deviation σ of the angles of a clip, in radians.
    window
        Length of the window in samples, a positive multiple of four.
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
        try:
            check_stft_window(window)
        except FeatureError as error:
            raise AugmentError(str(error)) from error
        self.window = window

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the angles in radians, [batch, bins, frames]."""
        shape = (len(waveform), *stft_shape(waveform.shape[1], self.window))
        angles = torch.randn(shape, generator=generator, device=generator.device).to(waveform.device)
        return angles * uniform(waveform, self.deviation_rad, generator)[:, :, None]

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the batch with its phases turned."""
        angle = drawn.to(waveform.dtype)
        turned = stft(waveform, self.window) * torch.complex(angle.cos(), angle.sin())
        return istft(turned, self.window, waveform.shape[1])
