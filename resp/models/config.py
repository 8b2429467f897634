"""What a model folder's ``config.json`` says: everything that is needed to score."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from resp.models.familiarity import Familiarity
from resp.models.provenance import Provenance
from resp.models.task import Task

FORMAT_VERSION: Literal[1] = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClipSettings(_Frozen):
    """How a stretch of sound becomes the network's input.

    Parameters
    ----------
    window_s
        Length of the input in seconds.
    hop_s
        Step between overlapping windows of a recording without cycles, in seconds.
    fit
        How a shorter stretch is brought to ``window_s``: ``repeat`` it or pad with ``zero``.
    fade_samples
        Length of the linear fades at the ends of a recording and of a repeated clip, in samples.
    level
        ``peak`` scales each recording to a peak of 1; ``none`` leaves it.
    segments
        What a recording without annotated cycles is cut into: breath ``cycles`` where they can be found (windows
        where not), or always ``windows``.
    summary
        How segments become the recording's probabilities: the duration-weighted ``mean`` of their probabilities,
        or the softmax of the duration-weighted ``mean_logit``.
    trim_db
        Both ends of a recording are cut off, before anything else, as far as they lie more than this many dB below
        its peak (see `resp.audio.trim_ends`); None leaves them. For clips that were filled up with silence. Only
        where items are whole recordings: it would displace marks in time.
    pad_share
        Zeros of this share of ``window_s`` are put before and behind an item that is a whole recording; 0.5 in
        BC learning (Tokozume et al., ICLR 2018), which trains on random crops of the result.
    crops
        In how many evenly spaced windows an item that is a whole recording is judged: the first at its start, the
        last at its end, a lone one in the middle; their results are joined by ``summary``. None: every ``hop_s``.

    Notes
    -----
    ``trim_db``, ``pad_share`` and ``crops`` hold where items of a data set are learned, predicted and measured.
    Reports (`resp.score`) speak of stretches with marks in time: they neither trim nor pad, and cut their windows
    every ``hop_s``.
    """

    window_s: Annotated[float, Field(gt=0)] = 8.0
    hop_s: Annotated[float, Field(gt=0)] = 4.0
    fit: Literal["repeat", "zero"] = "repeat"
    fade_samples: Annotated[int, Field(ge=0)] = 1000
    level: Literal["none", "peak"] = "none"
    segments: Literal["cycles", "windows"] = "cycles"
    summary: Literal["mean", "mean_logit"] = "mean"
    trim_db: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    pad_share: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    crops: Annotated[int, Field(ge=1)] | None = None

    def window_samples(self, rate_hz: int) -> int:
        """Return the length of the network's input in samples."""
        return round(self.window_s * rate_hz)

    def pad_samples(self, rate_hz: int) -> int:
        """Return how many zeros go before, and how many behind, a whole recording."""
        return round(self.pad_share * self.window_samples(rate_hz))


class Calibration(_Frozen):
    """How logits become probabilities, sets and silence; fitted on patients the network did not train on.

    Parameters
    ----------
    temperature
        Logits are divided by it before the softmax (or sigmoid). Of a recording of several segments, which
        ``clip.summary`` joins first, it divides the joined logits: those on which it was fitted.
    device_temperatures
        Temperatures of recordings of certain devices, by the device's name without regard to case; all others
        have ``temperature``. See `temperature_of`.
    set_threshold
        A class belongs to the prediction set when its probability is at least this (split conformal, LAC);
        None where it was not fitted.
    coverage
        The share of recordings whose set is meant to hold the true class.
    abstain_below
        A recording whose most probable class is less probable than this is abstained on.
    abstention
        What ``abstain_below`` was chosen to do, in words; empty where it was not fitted.
    fitted_on
        On what data, in words.
    """

    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    device_temperatures: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = {}
    set_threshold: float | None = None
    coverage: float | None = None
    abstain_below: float = 0.0
    abstention: str = ""
    fitted_on: str = "not fitted"

    @field_validator("device_temperatures")
    @classmethod
    def _one_spelling(cls, given: dict[str, float]) -> dict[str, float]:
        return {device_key(name): value for name, value in given.items()}

    def temperature_of(self, device: str | None) -> float:
        """Return the temperature of a device's recordings; the common one where it has none or is not known."""
        return self.device_temperatures.get(device_key(device), self.temperature) if device else self.temperature


def device_key(device: str) -> str:
    """Return a device's name as `Calibration.device_temperatures` spells it."""
    return device.strip().casefold()


class ModelConfig(_Frozen):
    """The ``config.json`` beside a model's weights.

    Parameters
    ----------
    network, settings
        Name in the registry of networks and the settings it is made with (front end and normalisation included).
    classes
        Class names, in the order of the logits.
    task
        What the network was trained to predict. Its probabilities are a softmax over the classes, or, of
        ``multi_label``, a sigmoid of each class; breathing is looked for in ``respiratory`` sounds alone.
    trained_on
        The data sets, in words; with the devices and the band in Hz that they cover.
    results
        Measured results by name: each a `resp.models.results.ResultTable` in plain values, with the command that
        measured it; a training run also writes its own numbers by protocol.
    provenance
        How the model was trained; None where that is not known.
    familiarity
        How it knows the sounds that it does not know; None where that was not fitted.
    """

    format_version: Literal[1] = FORMAT_VERSION
    name: str
    version: str = "1"
    description: str = ""
    network: str
    settings: dict[str, Any] = {}
    classes: tuple[str, ...]
    task: Task = "respiratory"
    clip: ClipSettings = ClipSettings()
    calibration: Calibration = Calibration()
    trained_on: tuple[str, ...] = ()
    trained_devices: tuple[str, ...] = ()
    trained_band_hz: tuple[float, float] | None = None
    licence: str = ""
    results: dict[str, Any] = {}
    provenance: Provenance | None = None
    familiarity: Familiarity | None = None
