"""The augmentations of a recipe, and where in a network they act."""

from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from resp.augment import SpecAugment, SpecMasks, WaveformAugment, WaveformAugmentSettings
from resp.models.network import INPUT, Network

SPECTROGRAM = "spectrogram"


class SpecAugmentSettings(BaseModel):
    """Settings of `resp.augment.SpecAugment`; the defaults are those published with Patch-Mix."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frequency_masks: Annotated[int, Field(ge=0)] = 2
    frequency_width: Annotated[int, Field(ge=1)] = 48
    time_masks: Annotated[int, Field(ge=0)] = 2
    time_width: Annotated[int, Field(ge=1)] = 160
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    fill: Literal["mean", "zero"] | float = "mean"


class AugmentSettings(BaseModel):
    """What is done to the sound before it is mixed; null leaves a part out.

    Parameters
    ----------
    waveform
        Augmentations of the waveform.
    spectrogram
        SpecAugment at the site ``spectrogram``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    waveform: WaveformAugmentSettings | None = None
    spectrogram: SpecAugmentSettings | None = None


class Augmentation:
    """Augments each batch once; all views of the batch then start from what it gives.

    Parameters
    ----------
    settings
        What to do.
    network
        The network whose batches are augmented: rate of its waveform, and whether it has spectrograms.

    Attributes
    ----------
    site
        Where all views of a batch start: ``spectrogram`` where the network has that, else the waveform.

    Raises
    ------
    ModelError
        SpecAugment is asked for and the network has no spectrogram.
    """

    def __init__(self, settings: AugmentSettings, network: Network) -> None:
        self.site = SPECTROGRAM if SPECTROGRAM in network.sites else INPUT
        self._waveform = (
            WaveformAugment.of(settings.waveform, network.rate_hz) if settings.waveform is not None else None
        )
        self._spectrogram = None
        if settings.spectrogram is not None:
            network.site(SPECTROGRAM)
            self._spectrogram = SpecAugment(**settings.spectrogram.model_dump())

    def waveform(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """[batch, time] → augmented [batch, time]."""
        return waveform if self._waveform is None else self._waveform(waveform, generator)

    def masks(self, value: Tensor, generator: torch.Generator) -> SpecMasks | None:
        """Draw SpecAugment's masks for a batch at `site`; None where there is none."""
        return None if self._spectrogram is None else self._spectrogram.draw(value, generator)

    def mask(self, value: Tensor, masks: SpecMasks | None) -> Tensor:
        """Apply drawn masks to a batch at `site`."""
        if self._spectrogram is None or masks is None:
            return value
        return self._spectrogram.apply(value, masks)
