"""The augmentations of a waveform, one after another."""

from collections.abc import Sequence
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from resp.augment.band import BandFilter
from resp.augment.contract import Span, WaveformTransform
from resp.augment.gain import RandomGain
from resp.augment.noise import ColouredNoise
from resp.augment.polarity import PolarityFlip
from resp.augment.shift import TimeShift
from resp.augment.tilt import SpectralTilt

Probability = Annotated[float, Field(ge=0, le=1)]


class WaveformAugmentSettings(BaseModel):
    """Which augmentations a recipe asks for; a probability of 0 leaves one out.

    Parameters
    ----------
    gain_db, noise_snr_db, noise_exponent, shift_share, tilt_db_per_octave, low_cut_hz, high_cut_hz
        (lowest, highest) value of each; see `RandomGain`, `ColouredNoise`, `TimeShift`, `SpectralTilt` and
        `BandFilter`.
    gain, noise, shift, polarity, tilt, band
        Their probabilities.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    shift: Probability = 1.0
    shift_share: Span = (-0.5, 0.5)
    band: Probability = 0.3
    low_cut_hz: Span = (20.0, 100.0)
    high_cut_hz: Span = (1800.0, 8000.0)
    tilt: Probability = 0.5
    tilt_db_per_octave: Span = (-3.0, 3.0)
    noise: Probability = 0.5
    noise_snr_db: Span = (10.0, 40.0)
    noise_exponent: Span = (0.0, 2.0)
    gain: Probability = 1.0
    gain_db: Span = (-12.0, 12.0)
    polarity: Probability = 0.5


class WaveformAugment:
    """Waveform augmentations in a fixed order, each sample of a batch changed in its own way.

    Parameters
    ----------
    transforms
        The augmentations, in the order in which they act.

    Examples
    --------
    >>> import torch
    >>> augment = WaveformAugment.of(WaveformAugmentSettings(), rate_hz=16000)
    >>> augment(torch.zeros(4, 16000), torch.Generator().manual_seed(0)).shape
    torch.Size([4, 16000])
    """

    def __init__(self, transforms: Sequence[WaveformTransform[Any]]) -> None:
        self.transforms = tuple(transforms)

    @classmethod
    def of(cls, settings: WaveformAugmentSettings, rate_hz: int) -> "WaveformAugment":
        """Make what ``settings`` describe for waveforms of ``rate_hz``.

        The order is that of a recording: the sound starts somewhere, a device colours it, noise comes on top,
        the amplifier sets level and sign.

        Raises
        ------
        AugmentError
            A span of an augmentation that is asked for is out of its range.
        """
        made: list[WaveformTransform[Any]] = []
        if settings.shift:
            made.append(TimeShift(settings.shift_share, settings.shift))
        if settings.band:
            made.append(BandFilter(rate_hz, settings.low_cut_hz, settings.high_cut_hz, probability=settings.band))
        if settings.tilt:
            made.append(SpectralTilt(rate_hz, settings.tilt_db_per_octave, probability=settings.tilt))
        if settings.noise:
            made.append(ColouredNoise(settings.noise_snr_db, settings.noise_exponent, settings.noise))
        if settings.gain:
            made.append(RandomGain(settings.gain_db, settings.gain))
        if settings.polarity:
            made.append(PolarityFlip(settings.polarity))
        return cls(made)

    def __call__(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Augment a batch.

        Parameters
        ----------
        waveform
            [batch, time] floating-point samples; left as they are.
        generator
            Source of all randomness; a CPU generator, so that every device draws alike.

        Returns
        -------
        Tensor
            [batch, time], a new tensor of the same type and device.

        Raises
        ------
        AugmentError
            Not [batch, time] floating-point samples.
        """
        changed = waveform.clone()
        for transform in self.transforms:
            changed = transform(changed, generator)
        return changed
