"""Transforms that keep the label, of waveforms and of spectrograms; one file a transform.

Names are imported on first use, so that listing them loads neither torch nor a library.
"""

from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from resp.augment.errors import AugmentError
from resp.lazy import lazy_names
from resp.registry import Record, Registry

if TYPE_CHECKING:
    from resp.augment.any_noise import AnyNoise
    from resp.augment.band import BandFilter
    from resp.augment.bedside import Bedside
    from resp.augment.contract import WaveformTransform
    from resp.augment.cutout import Cutout
    from resp.augment.equaliser import Equaliser
    from resp.augment.gain import RandomGain
    from resp.augment.high_pass import HighPass
    from resp.augment.level import PeakLevel
    from resp.augment.low_pass import LowPass
    from resp.augment.mu_law import MuLaw
    from resp.augment.noise import ColouredNoise
    from resp.augment.phase_noise import PhaseNoise
    from resp.augment.pitch_shift import PitchShift
    from resp.augment.polarity import PolarityFlip
    from resp.augment.quantise import Quantise
    from resp.augment.reverse import Reverse
    from resp.augment.segment_gain import SegmentGain
    from resp.augment.settings import SpectrogramAugmentation, WaveformAugmentation
    from resp.augment.shift import TimeShift
    from resp.augment.spec_augment import SpecAugment, SpecMasks
    from resp.augment.spectrogram import SpectrogramAugment, SpectrogramTransform
    from resp.augment.tilt import SpectralTilt
    from resp.augment.time_mask import TimeMask
    from resp.augment.time_scale import TimeScale
    from resp.augment.time_stretch import TimeStretch
    from resp.augment.uniform_noise import UniformNoise
    from resp.augment.waveform import WaveformAugment

    Transform: TypeAlias = WaveformTransform[Any] | SpectrogramTransform[Any]

ActsOn = Literal["waveform", "spectrogram"]


@dataclass(frozen=True, slots=True)
class AugmentationRecord(Record):
    """An augmentation that can be made by name.

    Parameters
    ----------
    acts_on
        What it changes.
    """

    acts_on: ActsOn = "waveform"

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, for ``--json``."""
        return Record.to_dict(self) | {"acts_on": self.acts_on}


_EAT = "Gazneli et al., 2022 (EAT)"

REGISTRY: Registry["Transform"] = Registry(
    "augmentation",
    AugmentError,
    (
        AugmentationRecord("gain", "resp.augment.gain:RandomGain", "a gain of the whole clip", _EAT),
        AugmentationRecord(
            "segment_gain", "resp.augment.segment_gain:SegmentGain", "a gain of a random part of the clip", _EAT
        ),
        AugmentationRecord(
            "noise",
            "resp.augment.noise:ColouredNoise",
            "noise of a colour (white, pink, red, blue, violet, or between them) at a signal-to-noise ratio",
            _EAT,
        ),
        AugmentationRecord(
            "uniform_noise",
            "resp.augment.uniform_noise:UniformNoise",
            "white noise of uniformly distributed samples at a signal-to-noise ratio",
            _EAT,
        ),
        AugmentationRecord(
            "phase_noise",
            "resp.augment.phase_noise:PhaseNoise",
            "turns the phase of every cell of the short-time spectrum by a random angle",
            _EAT,
        ),
        AugmentationRecord(
            "any_noise", "resp.augment.any_noise:AnyNoise", "one kind of noise a clip, drawn among several", _EAT
        ),
        AugmentationRecord(
            "bedside",
            "resp.augment.bedside:Bedside",
            "the heart, or the babble of a ward, at a signal-to-noise ratio",
            "resp",
        ),
        AugmentationRecord(
            "shift",
            "resp.augment.shift:TimeShift",
            "a shift in time, cyclic or linear, by whole or fractional samples",
            _EAT,
        ),
        AugmentationRecord(
            "low_pass", "resp.augment.low_pass:LowPass", "a Butterworth low-pass of a random cut-off", _EAT
        ),
        AugmentationRecord(
            "high_pass", "resp.augment.high_pass:HighPass", "a Butterworth high-pass of a random cut-off", _EAT
        ),
        AugmentationRecord(
            "band", "resp.augment.band:BandFilter", "a random band, without a change of phase: another device", "resp"
        ),
        AugmentationRecord(
            "tilt", "resp.augment.tilt:SpectralTilt", "a straight line in dB per octave: another device", "resp"
        ),
        AugmentationRecord(
            "equaliser",
            "resp.augment.equaliser:Equaliser",
            "random gains of bands, joined by lines: another device",
            "resp",
        ),
        AugmentationRecord("level", "resp.augment.level:PeakLevel", "each clip brought to one peak", "resp"),
        AugmentationRecord("polarity", "resp.augment.polarity:PolarityFlip", "changes the sign", _EAT),
        AugmentationRecord("time_mask", "resp.augment.time_mask:TimeMask", "silences a random part of the clip", _EAT),
        AugmentationRecord(
            "quantise", "resp.augment.quantise:Quantise", "linear quantisation to a random number of bits", _EAT
        ),
        AugmentationRecord(
            "mu_law", "resp.augment.mu_law:MuLaw", "µ-law quantisation to a random number of levels", _EAT
        ),
        AugmentationRecord(
            "reverse",
            "resp.augment.reverse:Reverse",
            "plays the clip backwards",
            _EAT,
        ),
        AugmentationRecord(
            "time_scale",
            "resp.augment.time_scale:TimeScale",
            "plays the clip faster or slower, pitch included, by linear interpolation",
            "Tokozume et al., ICLR 2018 (BC learning)",
        ),
        AugmentationRecord(
            "time_stretch",
            "resp.augment.time_stretch:TimeStretch",
            "plays the clip faster or slower at its own pitch",
            "audiomentations (Signalsmith Stretch)",
        ),
        AugmentationRecord(
            "pitch_shift",
            "resp.augment.pitch_shift:PitchShift",
            "moves the pitch at the clip's own speed",
            "audiomentations (Signalsmith Stretch)",
        ),
        AugmentationRecord(
            "spec_augment",
            "resp.augment.spec_augment:SpecAugment",
            "masks bands and stretches of the spectrogram",
            "Park et al., Interspeech 2019 (SpecAugment)",
            acts_on="spectrogram",
        ),
        AugmentationRecord(
            "cutout",
            "resp.augment.cutout:Cutout",
            "masks rectangles of the spectrogram",
            "DeVries & Taylor, 2017 (Cutout); Zhong et al., AAAI 2020 (Random Erasing)",
            acts_on="spectrogram",
        ),
    ),
)


def find(name: str) -> AugmentationRecord:
    """Return the record called ``name``; `AugmentError` names the close one where there is none."""
    record = REGISTRY.record(name)
    if not isinstance(record, AugmentationRecord):
        raise AugmentError(f"{name!r} was added as a {type(record).__name__}; add an AugmentationRecord")
    return record


def create(name: str, *, rate_hz: int, **settings: Any) -> "Transform":
    """Make the augmentation called ``name``.

    Parameters
    ----------
    name
        One of ``resp augmentations``.
    rate_hz
        Sampling rate of the waveform; told to those whose maker takes it.
    settings
        The augmentation's own, ``probability`` among them.

    Raises
    ------
    AugmentError
        No such name, a setting that its maker does not take, or one that is out of its range.
    """
    if "rate_hz" in signature(find(name).load()).parameters:
        settings["rate_hz"] = rate_hz
    return REGISTRY.create(name, **settings)


_NAMES = {
    "AnyNoise": "any_noise",
    "BandFilter": "band",
    "Bedside": "bedside",
    "ColouredNoise": "noise",
    "Cutout": "cutout",
    "Equaliser": "equaliser",
    "HighPass": "high_pass",
    "LowPass": "low_pass",
    "MuLaw": "mu_law",
    "PeakLevel": "level",
    "PhaseNoise": "phase_noise",
    "PitchShift": "pitch_shift",
    "PolarityFlip": "polarity",
    "Quantise": "quantise",
    "RandomGain": "gain",
    "Reverse": "reverse",
    "SegmentGain": "segment_gain",
    "SpecAugment": "spec_augment",
    "SpecMasks": "spec_augment",
    "SpectralTilt": "tilt",
    "SpectrogramAugment": "spectrogram",
    "SpectrogramAugmentation": "settings",
    "SpectrogramTransform": "spectrogram",
    "TimeMask": "time_mask",
    "TimeScale": "time_scale",
    "TimeShift": "shift",
    "TimeStretch": "time_stretch",
    "UniformNoise": "uniform_noise",
    "WaveformAugment": "waveform",
    "WaveformAugmentation": "settings",
    "WaveformTransform": "contract",
}

__all__ = [
    "REGISTRY",
    "create",
    "find",
    "AugmentationRecord",
    "AugmentError",
    "WaveformAugmentation",
    "SpectrogramAugmentation",
    "WaveformAugment",
    "SpectrogramAugment",
    "WaveformTransform",
    "SpectrogramTransform",
    "RandomGain",
    "SegmentGain",
    "ColouredNoise",
    "UniformNoise",
    "PhaseNoise",
    "AnyNoise",
    "Bedside",
    "TimeShift",
    "LowPass",
    "HighPass",
    "BandFilter",
    "SpectralTilt",
    "PolarityFlip",
    "TimeMask",
    "Quantise",
    "MuLaw",
    "Reverse",
    "TimeScale",
    "TimeStretch",
    "PitchShift",
    "SpecAugment",
    "SpecMasks",
    "Cutout",
    "Equaliser",
    "PeakLevel",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
