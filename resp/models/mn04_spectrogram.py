"""The log-mel spectrogram of EfficientAT, at 32 kHz or computed at a fraction of that rate."""

import math

import torch
from torch import Tensor, nn

from resp.features import FilterBankSettings, mel_filters
from resp.features.tensors import full_precision
from resp.models.errors import ModelError

RATE_HZ = 32_000
BINS = 128
HIGH_HZ = 15_000.0
STEP_S = 0.01

_FACTORS = (1, 2, 4, 8)
_HOP = round(STEP_S * RATE_HZ)
_FRAME = 800
_PRE_EMPHASIS = 0.97
_FLOOR = 1e-5
_OFFSET, _SCALE = 4.5, 5.0


def frame_count(samples: int, rate_hz: int) -> int:
    """Return how many frames the spectrogram of ``samples`` at ``rate_hz`` has."""
    return (samples * (RATE_HZ // rate_hz) - 1) // _HOP + 1


class Mn04Spectrogram(nn.Module):
    """Waveform [batch, time] → normalised log-mel [batch, frames, 128], as EfficientAT computes it at 32 kHz.

    Pre-emphasis, centred frames of 25 ms every 10 ms, 128 Kaldi mel filters from 0 to 15 kHz over the power
    spectrum, then (ln(x + 1e-5) + 4.5) / 5.

    A recording that was made at a lower rate holds nothing above its Nyquist frequency, so that its 32 kHz
    spectrogram can be computed at its own rate at a fraction of the cost: frame, hop and transform shrink alike,
    and power grows by the square of the factor. Near the Nyquist frequency the two differ, by what the
    resampling filter leaves.

    Autocast leaves it in float32: the power of loud sound is beyond half precision.

    Parameters
    ----------
    rate_hz
        32 000 divided by 1, 2, 4 or 8.

    Raises
    ------
    ModelError
        Another rate.
    """

    filters: Tensor
    window: Tensor

    def __init__(self, rate_hz: int = RATE_HZ) -> None:
        super().__init__()
        rates_hz = [RATE_HZ // factor for factor in _FACTORS]
        if rate_hz not in rates_hz:
            raise ModelError(f"rate_hz={rate_hz!r}; expected one of {', '.join(map(str, rates_hz))}")
        self.rate_hz = rate_hz
        self.factor = RATE_HZ // rate_hz
        settings = FilterBankSettings(rate_hz=RATE_HZ, bins=BINS, frame_length_ms=25.0, low_hz=0.0, high_hz=HIGH_HZ)
        self.n_fft = settings.n_fft // self.factor
        filters = mel_filters(settings)[:, : self.n_fft // 2 + 1]
        self.register_buffer("filters", filters.T.contiguous(), persistent=False)
        # Every n-th value, so that the window's samples lie where the 32 kHz window has them.
        window = torch.hann_window(_FRAME, periodic=False)[:: self.factor].contiguous()
        self.register_buffer("window", window, persistent=False)
        # Half a transform is mirrored at each end; pre-emphasis in time costs one sample at 32 kHz.
        self.least_samples = self.n_fft // 2 + (2 if self.factor == 1 else 1)

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the spectrogram of a waveform of at least ``least_samples``."""
        samples = waveform.shape[1]
        with full_precision(waveform.device):
            spectrum = torch.stft(
                self._emphasised(waveform.to(self.window.dtype)),
                self.n_fft,
                _HOP // self.factor,
                _FRAME // self.factor,
                self.window,
                center=True,
                return_complex=True,
            )
            # Pre-emphasis costs one sample at 32 kHz, and with it now and then the last frame.
            spectrum = spectrum[..., : frame_count(samples, self.rate_hz)].transpose(1, 2)
            power = torch.view_as_real(spectrum).square().sum(-1) * float(self.factor**2)
            return (torch.log(power @ self.filters + _FLOOR) + _OFFSET) / _SCALE

    def _emphasised(self, waveform: Tensor) -> Tensor:
        """Pre-emphasis at 32 kHz; at a lower rate the same response, applied to the whole waveform at once."""
        if self.factor == 1:
            return waveform[:, 1:] - _PRE_EMPHASIS * waveform[:, :-1]
        samples = waveform.shape[1]
        angle = torch.fft.rfftfreq(samples, device=waveform.device) * (2 * math.pi / self.factor)
        response = 1 - _PRE_EMPHASIS * torch.polar(torch.ones_like(angle), -angle)
        emphasised: Tensor = torch.fft.irfft(torch.fft.rfft(waveform) * response, n=samples)
        return emphasised
