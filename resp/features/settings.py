"""What a filter bank is made with, and which settings are refused."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from resp.features.errors import FeatureError
from resp.features.mel import mel_weights

MAX_EMPTY_SHARE = 0.25
"""Settings that leave a larger share of the mel bins without any FFT bin are refused."""


class FilterBankSettings(BaseModel):
    """Settings of the Kaldi log-mel filter bank; the defaults are those of AST on AudioSet.

    A filter narrower than the spacing of the FFT may hold no FFT bin at all; its output is then the floor,
    whatever the sound. A few such filters are accepted (the published 128 bins of 25 ms at 16 kHz have one,
    and weights were trained on it); where they are more than a quarter, the settings are refused.
    `empty_bins` counts them.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    bins
        Number of mel bins.
    frame_length_ms, frame_shift_ms
        Length of a frame and step between frames; both are cut to whole samples.
    low_hz, high_hz
        Band of the filters; ``high_hz=None`` is the Nyquist frequency.
    pre_emphasis
        Each sample loses this much of the one before it, within its frame; 0 leaves it out.
    remove_dc
        Whether each frame loses its mean.
    log_floor
        Energies below it are raised to it before the logarithm.

    Raises
    ------
    FeatureError
        A value out of its range, a band that does not fit the rate, or too many empty mel bins.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rate_hz: int = 16000
    bins: int = 128
    frame_length_ms: float = 25.0
    frame_shift_ms: float = 10.0
    low_hz: float = 20.0
    high_hz: float | None = None
    pre_emphasis: float = 0.97
    remove_dc: bool = True
    log_floor: float = 1.1920928955078125e-07

    @classmethod
    def read(cls, values: "FilterBankSettings | Mapping[str, Any]") -> "FilterBankSettings":
        """Return settings of plain values, such as a ``config.json`` holds; `FeatureError` where wrong."""
        if isinstance(values, cls):
            return values
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise FeatureError(f"filter bank settings: {wrong}") from error

    @model_validator(mode="after")
    def _check(self) -> "FilterBankSettings":
        _check_ranges(self)
        if self.empty_bins > MAX_EMPTY_SHARE * self.bins:
            raise FeatureError(
                f"{self.empty_bins} of {self.bins} mel bins have no FFT bin under them: a transform of "
                f"{self.n_fft} points at {self.rate_hz} Hz is too coarse; lengthen the frame (now "
                f"{self.frame_length_ms:g} ms) to more than "
                f"{1000 * self._enough_points() / self.rate_hz:g} ms or use fewer bins"
            )
        return self

    @property
    def frame_length(self) -> int:
        """Length of a frame in samples."""
        return _whole_samples(self.rate_hz, self.frame_length_ms)

    @property
    def frame_shift(self) -> int:
        """Step between frames in samples."""
        return _whole_samples(self.rate_hz, self.frame_shift_ms)

    @property
    def n_fft(self) -> int:
        """Length of the Fourier transform: the power of two that holds a frame."""
        return int(1 << (self.frame_length - 1).bit_length())

    @property
    def top_hz(self) -> float:
        """Upper end of the band, with the default filled in."""
        return self.rate_hz / 2 if self.high_hz is None else self.high_hz

    @property
    def empty_bins(self) -> int:
        """Number of mel bins that no FFT bin falls into."""
        return self._empty_bins(self.n_fft)

    def frames(self, samples: int) -> int:
        """Return how many whole frames lie in ``samples`` samples; 0 where not even one does."""
        return max(0, (samples - self.frame_length) // self.frame_shift + 1)

    def _empty_bins(self, n_fft: int) -> int:
        weights = mel_weights(self.rate_hz, n_fft, self.bins, self.low_hz, self.top_hz)
        return int((weights.amax(dim=1) == 0).sum())

    def _enough_points(self) -> int:
        """Return the longest frame, in samples, that is still too short."""
        n_fft = self.n_fft
        while self._empty_bins(2 * n_fft) > MAX_EMPTY_SHARE * self.bins:
            n_fft *= 2
        return n_fft


def _whole_samples(rate_hz: int, length_ms: float) -> int:
    return int(rate_hz * length_ms * 0.001)


def _check_ranges(settings: FilterBankSettings) -> None:
    """Raise `FeatureError` for the first value that is out of its range."""
    nyquist_hz = settings.rate_hz / 2
    checks = (
        ("rate_hz", settings.rate_hz, settings.rate_hz > 0, "a positive number of Hz"),
        ("bins", settings.bins, settings.bins > 0, "a positive number"),
        ("frame_length_ms", settings.frame_length_ms, settings.frame_length >= 2, "at least two samples"),
        ("frame_shift_ms", settings.frame_shift_ms, settings.frame_shift >= 1, "at least one sample"),
        ("low_hz", settings.low_hz, 0 <= settings.low_hz < nyquist_hz, f"0 to below {nyquist_hz:g} Hz"),
        (
            "high_hz",
            settings.high_hz,
            settings.low_hz < settings.top_hz <= nyquist_hz,
            f"above low_hz and at most half of rate_hz ({nyquist_hz:g} Hz)",
        ),
        ("pre_emphasis", settings.pre_emphasis, 0 <= settings.pre_emphasis <= 1, "0 to 1"),
        ("log_floor", settings.log_floor, settings.log_floor > 0, "a positive number"),
    )
    for name, value, fits, expected in checks:
        if not fits:
            raise FeatureError(f"filter bank setting {name} is {value}; expected {expected}")
