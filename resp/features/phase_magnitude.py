"""Waveforms made of the phase of a sound alone, and of its magnitude alone.

Source: Gazneli et al., "End-to-end audio strikes back: boosting augmentations towards an efficient audio
classification network", arXiv:2204.11479, 2022 (EAT), appendix A: with X = STFT(x) = |X|·e^{jφ} and H = e^{−jφ}, so
that |X| = X·H (eq. 2), the phase waveform is ISTFT(H) (eq. 3); the magnitude waveform is ISTFT(|X|). The paper names
neither window nor overlap, nor where in a frame phases are counted from. Here they are those of `resp.features.stft`,
and phases are counted from the middle of the frame.

Both are the sounds nearest to a spectrum that no sound has (see `resp.features.stft.istft`). Of a spectrum so made of
white noise, at any window length, the inverse keeps this level, and the magnitudes of what it gives differ from those
that were asked for by this spectral convergence ‖|STFT(y)| − |Y|‖ / ‖Y‖:

=============================== =========== ====================
Waveform                        Level in dB Spectral convergence
=============================== =========== ====================
phase, e^{+jφ}                  −0.6        0.33
phase, e^{−jφ} (eq. 3)          −3.5        0.48
magnitude, from the middle      −2.2        0.56
magnitude, from the start       −16.2       0.88
=============================== =========== ====================

A conjugate spectrum is that of frames which run backwards, each in its place, so that neighbours no longer agree. A
spectrum without phase is that of pulses: where phases are counted from the start of a frame, they stand where the
window is zero.
"""

from typing import Literal

import torch
from torch import Tensor

from resp.features.errors import FeatureError
from resp.features.stft import istft, stft
from resp.features.tensors import Waveform

PhaseSign = Literal[-1, 1]
PhaseOrigin = Literal["middle", "start"]


def phase_waveform(waveform: Waveform, window: int, *, sign: PhaseSign = -1) -> Tensor:
    """Return the waveform of the phase, ISTFT(e^{±jφ}).

    Parameters
    ----------
    waveform
        [..., time] floating-point samples, of any length above none.
    window
        Window length in samples, a multiple of four.
    sign
        −1: e^{−jφ}, what would take the phase away from the sound, as the paper has it; +1: e^{jφ}, the sound with
        all magnitudes alike.

    Returns
    -------
    Tensor
        [..., time]. Its level is that of unit magnitudes, √(8 / (3 · window)) at most, whatever the sound's; where
        a bin has no magnitude it has no phase either and stays 0, so that silence is silent.

    Raises
    ------
    FeatureError
        Another sign, no samples, or a window that is no positive multiple of four.
    """
    if sign not in (-1, 1):
        raise FeatureError(f"sign={sign!r}; expected -1 or 1")
    spectrum = stft(waveform, window)
    phase = torch.sgn(spectrum)
    return istft(phase if sign == 1 else phase.conj().resolve_conj(), window, waveform.shape[-1])


def magnitude_waveform(waveform: Waveform, window: int, *, origin: PhaseOrigin = "middle") -> Tensor:
    """Return the waveform of the magnitude, ISTFT(|X|): all phases are zero.

    Parameters
    ----------
    waveform, window
        As of `phase_waveform`.
    origin
        From where in a frame phases are counted. ``middle``: every frame becomes a pulse under the peak of its
        window; ``start``, as torch and librosa count: under its zero.

    Returns
    -------
    Tensor
        [..., time].

    Raises
    ------
    FeatureError
        Another origin, no samples, or a window that is no positive multiple of four.
    """
    if origin not in ("middle", "start"):
        raise FeatureError(f"origin={origin!r}; expected 'middle' or 'start'")
    magnitude = stft(waveform, window).abs()
    if origin == "middle":
        # Half a window later, bin k turns by k half turns.
        magnitude = magnitude * _half_turns(magnitude)
    return istft(torch.complex(magnitude, torch.zeros_like(magnitude)), window, waveform.shape[-1])


def _half_turns(magnitude: Tensor) -> Tensor:
    """Return +1 and −1 in turn, [bins, 1]."""
    bins = torch.arange(magnitude.shape[-2], device=magnitude.device)[:, None]
    return (1 - 2 * (bins % 2)).to(magnitude.dtype)
