"""Waveforms become features: frames, log-mel filter bank, MFCC, patches, normalisation."""

from resp.features.errors import FeatureError
from resp.features.fbank import LogMel, log_mel, mel_filters
from resp.features.frames import sample_frames
from resp.features.mfcc import mfcc
from resp.features.normalise import FixedNormalise, MinMax, Normaliser, ZScore
from resp.features.patches import spectrogram_patches
from resp.features.settings import FilterBankSettings

__all__ = [
    "FilterBankSettings",
    "LogMel",
    "log_mel",
    "mel_filters",
    "mfcc",
    "sample_frames",
    "spectrogram_patches",
    "MinMax",
    "ZScore",
    "Normaliser",
    "FixedNormalise",
    "FeatureError",
]
