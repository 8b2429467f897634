"""How loud the sounds of a batch are, for mixes that balance the two they mix.

Levels are in dB of mean power against full scale: a sine of amplitude 1 at 1 kHz stands at −3.01 dB. No sound
stands below `FLOOR_DB`, silence included, so that a difference of levels is always finite.

Sources: the A-weighting is that of IEC 61672-1 (Annex E); its use, the frames and the floor are those of
Tokozume et al., "Learning from between-class examples for deep sound recognition", ICLR 2018. There the level
is a sum over the frame's spectrum, a constant number of dB above the mean power here; only what lies below
the floor can tell the two apart.
"""

import math

import torch
from torch import Tensor

from resp.mix.errors import MixError
from resp.mix.sounds import full_samples

FLOOR_DB = -80.0
_FRAME_S = 0.1
# IEC 61672-1, Annex E: the poles of the A-weighting in Hz, two of them double.
_LOW_HZ, _MIDDLE_HZ, _UPPER_HZ, _HIGH_HZ = 20.60, 107.7, 737.9, 12194.0
_REFERENCE_HZ = 1000.0


def a_weighted_level_db(waveform: Tensor, rate_hz: int) -> Tensor:
    """Return the A-weighted level of each sound: that of its loudest frame.

    Frames are Hann-windowed, half of one frame apart, and as long as `level_frame_samples` says; samples
    behind the last whole frame are left out. A sound shorter than a frame is zero-padded on both sides.

    Parameters
    ----------
    waveform
        [batch, time].
    rate_hz
        Its rate in Hz.

    Returns
    -------
    Tensor
        [batch] dB, at least `FLOOR_DB`, on the waveform's device; no gradient.

    Raises
    ------
    MixError
        Not [batch, time], no time at all, or a rate that is not positive.
    """
    samples = full_samples(waveform.detach())
    length = level_frame_samples(rate_hz)
    missing = max(0, length - samples.shape[1])
    samples = torch.nn.functional.pad(samples, (missing // 2, missing - missing // 2))
    window = torch.hann_window(length, dtype=samples.dtype, device=samples.device)
    spectrum = torch.stft(samples, length, length // 2, window=window, center=False, return_complex=True)
    frequency_hz = torch.fft.rfftfreq(length, 1 / rate_hz, dtype=samples.dtype, device=samples.device)
    # Every frequency stands for its negative too, but the last, and the first, which weighs nothing.
    weight = 2 * a_weighting(frequency_hz).square()
    weight[-1] /= 2
    # Squares, not a squared modulus: its root takes longer than all the rest.
    squares = spectrum.real.square() + spectrum.imag.square()
    power = (squares * weight[:, None]).sum(1) / (length * window.square().sum())
    return _decibels(power.amax(1))


def mean_power_level_db(waveform: Tensor) -> Tensor:
    """Return the level of each sound's mean power.

    Parameters
    ----------
    waveform
        [batch, time].

    Returns
    -------
    Tensor
        [batch] dB, at least `FLOOR_DB`, on the waveform's device; no gradient.

    Raises
    ------
    MixError
        Not [batch, time], or no time at all.
    """
    return _decibels(full_samples(waveform.detach()).square().mean(1))


def a_weighting(frequency_hz: Tensor) -> Tensor:
    """Return the A-weighting as a factor of the amplitude, 1 at 1 kHz and 0 at 0 Hz.

    Source: IEC 61672-1, Annex E: R(f) ∝ f⁴ / ((f² + f₁²) √((f² + f₂²)(f² + f₃²)) (f² + f₄²)).
    """
    return _response(frequency_hz) / _response(torch.tensor(_REFERENCE_HZ, dtype=torch.float64)).item()


def level_frame_samples(rate_hz: int) -> int:
    """Return the length of a level's frame: the power of two nearest to 0.1 s on a logarithmic scale.

    That is 2048 at 16 kHz and 4096 at 44.1 kHz, as in BC learning, which names no others.

    Raises
    ------
    MixError
        The rate is not positive.
    """
    if not rate_hz > 0:
        raise MixError(f"sounds at {rate_hz} Hz; expected a positive rate")
    # Half a frame is a whole sample at least.
    return int(2 ** max(1, round(math.log2(_FRAME_S * rate_hz))))


def _response(frequency_hz: Tensor) -> Tensor:
    squared = frequency_hz.square()
    response: Tensor = (squared / (squared + _LOW_HZ**2)) * (squared / (squared + _HIGH_HZ**2))
    return response / ((squared + _MIDDLE_HZ**2).sqrt() * (squared + _UPPER_HZ**2).sqrt())


def _decibels(power: Tensor) -> Tensor:
    return 10 * power.clamp_min(10 ** (FLOOR_DB / 10)).log10()
