"""Waveforms become features: frames, log-mel filter bank, MFCC, patches, normalisation."""

from resp.features.deltas import deltas
from resp.features.errors import FeatureError
from resp.features.fbank import LogMel, log_mel, mel_filters
from resp.features.frames import sample_frames
from resp.features.mfcc import mfcc
from resp.features.normalise import FixedNormalise, MinMax, Normaliser, ZScore
from resp.features.patches import spectrogram_patches
from resp.features.phase_magnitude import magnitude_waveform, phase_waveform
from resp.features.settings import FilterBankSettings
from resp.features.stft import istft, stft

__all__ = [
    "FilterBankSettings",
    "LogMel",
    "log_mel",
    "mel_filters",
    "mfcc",
    "deltas",
    "sample_frames",
    "spectrogram_patches",
    "stft",
    "istft",
    "phase_waveform",
    "magnitude_waveform",
    "MinMax",
    "ZScore",
    "Normaliser",
    "FixedNormalise",
    "FeatureError",
]
