"""Limits of a model that its configuration and its data tell."""

from typing import Any

from resp.datasets.readers import READERS
from resp.evaluate.tasks import task_numbers
from resp.models.config import ModelConfig

# Below this many patients (or sources) a class was hardly learned: one of five folds tests on four of them.
FEW = 20


def cautions(config: ModelConfig) -> list[str]:
    """Return what a user of the model must know, a sentence or two each."""
    data = config.provenance.data if config.provenance is not None else {}
    return [
        *_few(config, data),
        *_devices(config),
        *_band(config),
        *_strangers(config),
        *_confidence(config),
        *_incomplete(data),
        *_untested(config, data),
        *card_settings(config).get("cautions", ()),
    ]


def card_settings(config: ModelConfig) -> dict[str, Any]:
    """Return the section ``card`` of the recipe, as plain values; empty where it is not known."""
    section = config.provenance.recipe.get("card") if config.provenance is not None else None
    return section if isinstance(section, dict) else {}


def _few(config: ModelConfig, data: dict[str, Any]) -> list[str]:
    unit = task_numbers(config.task).unit
    patients = data.get("learned_from", {}).get("patients_of_class", {})
    few = [f"*{name}* ({count})" for name, count in patients.items() if count < FEW]
    return [f"Learned from fewer than {FEW} {unit} each: {', '.join(few)}. Expect these to be missed."] if few else []


def _devices(config: ModelConfig) -> list[str]:
    devices = config.trained_devices
    if not devices:
        return ["With what device the training sounds were recorded is not known."]
    if len(devices) == 1:
        return [f"Every training sound was recorded with one device, {devices[0]}; any other is a new situation."]
    return [f"It knows the sound of {len(devices)} devices: {', '.join(devices)}; any other is a new situation."]


def _band(config: ModelConfig) -> list[str]:
    if config.trained_band_hz is None:
        return []
    low, high = config.trained_band_hz
    return [f"It learned from {low:g} to {high:g} Hz; a recording of a narrower band lacks what it listens for."]


def _strangers(config: ModelConfig) -> list[str]:
    if config.task == "unlabelled":
        return []
    known = ", ".join(f"*{name}*" for name in config.classes[:12])
    if config.familiarity is None:
        return [f"It gives every sound one of its own words ({known}), speech and noise too."]
    return [f"It knows only {known}. What sounds unlike its training data is refused, most of the time (see above)."]


def _confidence(config: ModelConfig) -> list[str]:
    if config.calibration.fitted_on == "not fitted" and config.task != "unlabelled":
        return ["Its probabilities were not calibrated: they rank, and are no frequencies."]
    return []


def _incomplete(data: dict[str, Any]) -> list[str]:
    counts = data.get("census", {}).get("counts", ())
    missing = [f"{one['found']} of {one['expected']} {one['name']}" for one in counts if one.get("difference")]
    if not missing:
        return []
    title = READERS.record(data["dataset"]).title if data["dataset"] in {one.name for one in READERS} else None
    return [f"{title or data['dataset']} was not there as published: {', '.join(missing)}."]


def _untested(config: ModelConfig, data: dict[str, Any]) -> list[str]:
    if data.get("parts", {}).get("test", {}).get("items", 1):
        return []
    said = "These weights learned from all of the data: no part was left to measure these very weights on."
    alike = " The tables are of models made alike on parts of it, or of other data, as each says."
    return [said + (alike if config.results else "")]
