"""The Kaldi log-mel filter bank in batched, differentiable torch.

It equals ``torchaudio.compliance.kaldi.fbank`` with ``htk_compat=True, window_type="hanning", dither=0,
use_energy=False`` without needing torchaudio, takes any number of clips at once, on any device, and lets
gradients through to the waveform.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from resp.features.errors import FeatureError
from resp.features.mel import mel_weights
from resp.features.settings import FilterBankSettings
from resp.features.tensors import Waveform, as_waveform, full_precision

__all__ = ["FilterBankSettings", "LogMel", "log_mel", "mel_filters"]

DEFAULT_BINS = 128


def mel_filters(settings: FilterBankSettings) -> Tensor:
    """Return the filters that ``settings`` describe.

    Returns
    -------
    Tensor
        float32 [bins, n_fft // 2 + 1]; see `resp.features.mel.mel_weights`.
    """
    return mel_weights(settings.rate_hz, settings.n_fft, settings.bins, settings.low_hz, settings.top_hz)


class LogMel(nn.Module):
    """Waveforms become un-normalised log-mel spectrograms.

    Each frame loses its mean, is pre-emphasised, weighted with a symmetric Hann window and padded to a power
    of two; the energies of the mel filters over its power spectrum are raised to the floor and their natural
    logarithm taken. Frames lie wholly inside the waveform.

    It computes in float32 whatever the precision around it: autocast, a network cast to half precision, or
    TF32 multiplications. float64 waveforms are computed in float64.

    Parameters
    ----------
    settings
        A `FilterBankSettings`; the defaults where None.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, settings: FilterBankSettings | None = None) -> None:
        super().__init__()
        self.settings = FilterBankSettings() if settings is None else settings
        # Not persistent: both follow from the settings, which the model's config.json holds.
        self.register_buffer("window", self._make_window(), persistent=False)
        self.register_buffer("filters", mel_filters(self.settings), persistent=False)

    def forward(self, waveform: Waveform) -> Tensor:
        """Compute the spectrogram.

        Parameters
        ----------
        waveform
            [..., time] floating-point samples at ``settings.rate_hz``; an array becomes a tensor.

        Returns
        -------
        Tensor
            [..., frames, bins], ``settings.frames(time)`` frames.

        Raises
        ------
        FeatureError
            Shorter than one frame, or not floating-point samples.
        """
        samples = as_waveform(waveform)
        settings = self.settings
        if samples.shape[-1] < settings.frame_length:
            raise FeatureError(
                f"{samples.shape[-1]} samples; expected at least one frame of {settings.frame_length} "
                f"({settings.frame_length_ms:g} ms at {settings.rate_hz} Hz): give a longer clip or pad it"
            )
        with full_precision(samples.device):
            frames = samples.unfold(-1, settings.frame_length, settings.frame_shift)
            if settings.remove_dc:
                frames = frames - frames.mean(dim=-1, keepdim=True)
            if settings.pre_emphasis:
                # What stands before a frame's first sample does not matter: the window is zero there.
                frames = frames - settings.pre_emphasis * frames.roll(1, dims=-1)
            spectrum = torch.fft.rfft(frames * self.window.to(frames.dtype), n=settings.n_fft)
            # Squares, not a squared modulus: no root, whose slope at digital silence is infinite.
            power = spectrum.real.square() + spectrum.imag.square()
            return _multiply(power, self.filters).clamp(min=settings.log_floor).log()

    def extra_repr(self) -> str:
        """Return what ``print`` shows beside the name."""
        return f"{self.settings.bins} bins, {self.settings.rate_hz} Hz, n_fft {self.settings.n_fft}"

    def _make_window(self) -> Tensor:
        return torch.hann_window(self.settings.frame_length, periodic=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        # `network.half()` would round the filters for good; they are made afresh at full precision instead.
        result = super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if self.window.dtype != torch.float32:
            self.window = self._make_window().to(self.window.device)
            self.filters = mel_filters(self.settings).to(self.filters.device)
        return result


def log_mel(
    waveform: Waveform,
    rate_hz: int,
    bins: int = DEFAULT_BINS,
    *,
    settings: FilterBankSettings | None = None,
) -> Tensor:
    """Compute an un-normalised Kaldi log-mel spectrogram.

    Parameters
    ----------
    waveform
        [..., time] floating-point samples, tensor or array, nominally in [−1, 1].
    rate_hz
        Their sampling rate in Hz.
    bins
        Number of mel bins; with ``settings`` given, theirs count.
    settings
        Everything else; AST's frames of 25 ms every 10 ms where None.

    Returns
    -------
    Tensor
        [..., frames, bins].

    Raises
    ------
    FeatureError
        The settings are refused or are for another rate or number of bins, or the clip is shorter than a
        frame.

    Examples
    --------
    >>> import torch
    >>> log_mel(torch.zeros(2, 128000), 16000).shape
    torch.Size([2, 798, 128])
    """
    if settings is None:
        settings = FilterBankSettings.read({"rate_hz": rate_hz, "bins": bins})
    if settings.rate_hz != rate_hz:
        raise FeatureError(
            f"a waveform of {rate_hz} Hz and filter bank settings for {settings.rate_hz} Hz; "
            f"resample the waveform or change settings.rate_hz"
        )
    if bins not in (DEFAULT_BINS, settings.bins):
        raise FeatureError(f"bins={bins} beside settings.bins={settings.bins}; give one of them")
    samples = as_waveform(waveform)
    spectrogram: Tensor = LogMel(settings).to(samples.device)(samples)
    return spectrogram


def _multiply(power: Tensor, filters: Tensor) -> Tensor:
    """``power`` [..., n_fft // 2 + 1] times ``filters`` transposed, never in TF32 or bfloat16."""
    weights = filters.to(power.dtype)
    if power.dtype == torch.float32 and torch.get_float32_matmul_precision() != "highest":
        return (power.double() @ weights.double().T).float()
    return power @ weights.T
