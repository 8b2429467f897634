"""The augmentations of a recipe, and where in a network they act."""

from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from resp.augment import SpectrogramAugment, SpectrogramAugmentation, WaveformAugment, WaveformAugmentation
from resp.models.network import INPUT, Network

SPECTROGRAM = "spectrogram"


class AugmentSettings(BaseModel):
    """What is done to the sound before it is mixed, in the order given; an empty list leaves a part out.

    Parameters
    ----------
    waveform
        Augmentations of the waveform.
    spectrogram
        Augmentations at the site ``spectrogram``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    waveform: tuple[WaveformAugmentation, ...] = ()
    spectrogram: tuple[SpectrogramAugmentation, ...] = ()


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
        An augmentation of the spectrogram is asked for and the network has none.
    AugmentError
        A setting is out of its range, or does not fit the network's rate.
    """

    def __init__(self, settings: AugmentSettings, network: Network) -> None:
        self.site = SPECTROGRAM if SPECTROGRAM in network.sites else INPUT
        if settings.spectrogram:
            network.site(SPECTROGRAM)
        self._waveform = WaveformAugment.of(settings.waveform, network.rate_hz)
        self._spectrogram = SpectrogramAugment.of(settings.spectrogram, network.rate_hz)

    def waveform(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """[batch, time] → augmented [batch, time]."""
        return self._waveform(waveform, generator)

    def masks(self, value: Tensor, generator: torch.Generator) -> tuple[Any, ...]:
        """Draw the masks of all spectrogram augmentations for a batch at `site`; none where there are none."""
        return self._spectrogram.draw(value, generator)

    def mask(self, value: Tensor, masks: tuple[Any, ...]) -> Tensor:
        """Apply drawn masks to a batch at `site`."""
        return self._spectrogram.apply(value, masks)
