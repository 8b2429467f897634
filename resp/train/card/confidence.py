"""What a card says of calibration, prediction sets, abstention and familiarity."""

from resp.models.config import Calibration, ModelConfig
from resp.models.results import show_number


def confidence(config: ModelConfig) -> str:
    """Return how logits become probabilities, sets and silence."""
    calibration = config.calibration
    if calibration == Calibration():
        return "Probabilities are as the network gives them: nothing was fitted."
    lines = [f"- Temperature {calibration.temperature:g}."]
    if calibration.device_temperatures:
        devices = (f"{name} {value:g}" for name, value in calibration.device_temperatures.items())
        lines.append(f"- Temperature of recordings by device: {', '.join(devices)}.")
    if calibration.set_threshold is not None:
        meant = f", meant to hold the true class in {calibration.coverage:.0%}" if calibration.coverage else ""
        lines.append(
            f"- The prediction set has the classes with a probability of at least "
            f"{show_number(calibration.set_threshold)}{meant}."
        )
    if calibration.abstain_below > 0:
        why = f" ({calibration.abstention})" if calibration.abstention else ""
        lines.append(
            f"- No label is given where the most probable class has less than "
            f"{show_number(calibration.abstain_below)}{why}."
        )
    lines.append(f"- Fitted on: {calibration.fitted_on}.")
    return "\n".join(lines)


def familiarity(config: ModelConfig) -> str:
    """Return by what rule unknown sounds are refused; nothing where there is none."""
    fitted = config.familiarity
    if fitted is None:
        return ""
    lines = [
        f"- The distance of its features (`{fitted.stage}`) from those of the lung sounds it knows: "
        f"{fitted.keep:.0%} of the recordings of held-out patients lie within {show_number(fitted.limit)}.",
        f"- Beyond that a recording is refused when it sounds like another kind of sound, and warned about when not; "
        f"beyond {show_number(fitted.far_limit)} it is refused whatever it sounds like.",
    ]
    if fitted.kinds is not None:
        lines.append(f"- Kinds of sound that it tells apart: {', '.join(fitted.kinds.names)}.")
    lines.append(f"- Fitted on: {fitted.fitted_on.rstrip('.')}.")
    return "\n".join(lines)
