"""Sound comes in: recordings from files, their quality, and synthetic ones with known events.

Names are imported on first use: decoders and pydantic load only where they are needed, torch never.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.audio.clip import cut_windows, fade_ends, fit_length, spread_windows
    from resp.audio.decode import load_recording, sound_blocks
    from resp.audio.encode import WavWriter, to_wav_bytes, write_wav
    from resp.audio.errors import AudioError, TooLongError
    from resp.audio.heart_sounds import synthesise_heart
    from resp.audio.limits import Limits
    from resp.audio.naming import KnownFromName, describe_file_name
    from resp.audio.quality import SignalQuality, measure_quality
    from resp.audio.quality_marks import QualityMark, find_quality_marks
    from resp.audio.quality_stream import measure_quality_in_blocks
    from resp.audio.recording import Recording
    from resp.audio.resampling import resample
    from resp.audio.synthetic import Event, SyntheticBreathing, synthesise_breathing
    from resp.audio.time_scale import rescale_time
    from resp.audio.trimming import trim_ends

_NAMES = {
    "AudioError": "errors",
    "Event": "synthetic",
    "KnownFromName": "naming",
    "Limits": "limits",
    "Recording": "recording",
    "QualityMark": "quality_marks",
    "SignalQuality": "quality",
    "SyntheticBreathing": "synthetic",
    "TooLongError": "errors",
    "WavWriter": "encode",
    "cut_windows": "clip",
    "describe_file_name": "naming",
    "fade_ends": "clip",
    "find_quality_marks": "quality_marks",
    "fit_length": "clip",
    "load_recording": "decode",
    "measure_quality": "quality",
    "measure_quality_in_blocks": "quality_stream",
    "resample": "resampling",
    "rescale_time": "time_scale",
    "sound_blocks": "decode",
    "spread_windows": "clip",
    "synthesise_breathing": "synthetic",
    "synthesise_heart": "heart_sounds",
    "to_wav_bytes": "encode",
    "trim_ends": "trimming",
    "write_wav": "encode",
}

__all__ = [
    "Recording",
    "AudioError",
    "TooLongError",
    "load_recording",
    "sound_blocks",
    "Limits",
    "resample",
    "SignalQuality",
    "measure_quality",
    "QualityMark",
    "find_quality_marks",
    "measure_quality_in_blocks",
    "fade_ends",
    "fit_length",
    "cut_windows",
    "spread_windows",
    "trim_ends",
    "rescale_time",
    "KnownFromName",
    "describe_file_name",
    "Event",
    "SyntheticBreathing",
    "synthesise_breathing",
    "synthesise_heart",
    "to_wav_bytes",
    "write_wav",
    "WavWriter",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
