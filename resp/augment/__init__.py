"""Transforms that keep the label: of waveforms and of spectrograms."""

from resp.augment.band import BandFilter
from resp.augment.contract import WaveformTransform
from resp.augment.errors import AugmentError
from resp.augment.gain import RandomGain
from resp.augment.noise import ColouredNoise
from resp.augment.polarity import PolarityFlip
from resp.augment.shift import TimeShift
from resp.augment.spec_augment import SpecAugment, SpecMasks
from resp.augment.tilt import SpectralTilt
from resp.augment.waveform import WaveformAugment, WaveformAugmentSettings

__all__ = [
    "SpecAugment",
    "SpecMasks",
    "WaveformAugment",
    "WaveformAugmentSettings",
    "WaveformTransform",
    "RandomGain",
    "ColouredNoise",
    "TimeShift",
    "PolarityFlip",
    "SpectralTilt",
    "BandFilter",
    "AugmentError",
]
