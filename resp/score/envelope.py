"""The envelope of breathing: how loud a recording is in the band of breath sounds, step by step."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Heart sounds lie below, and the 4 kHz recordings of some stethoscopes reach well above.
BAND_HZ = (150.0, 800.0)
# A step's power is the median over this many parts, so that a crackle or a click does not look like a breath.
PARTS = 10
FLOOR = 1e-4
BLOCK_S = 60


def breathing_envelope_db(
    samples: NDArray[Any], rate_hz: int, step: int, band_hz: tuple[float, float] = BAND_HZ
) -> Floats:
    """Return the level in dB of the band of breath sounds in each step.

    Parameters
    ----------
    samples
        One channel, [time].
    rate_hz
        Sampling rate in Hz.
    step
        Length of a step in samples, at least `PARTS`.
    band_hz
        Lower and upper edge of the band; an upper edge close to half the rate is lowered.

    Returns
    -------
    float64 [steps]
        A last step that is not whole is left out. Levels more than 40 dB below the loud parts rest on a
        floor.
    """
    # scipy.signal takes a quarter of a second to import.
    from scipy.signal import butter, sosfilt

    low, high = band_hz[0], min(band_hz[1], 0.45 * rate_hz)
    sections = butter(4, (low, high), "bandpass", fs=rate_hz, output="sos")
    state = np.zeros((len(sections), 2))
    steps = len(samples) // step
    part = step // PARTS
    power = np.empty(steps)
    block = max(1, BLOCK_S * rate_hz // step)
    for first in range(0, steps, block):
        last = min(first + block, steps)
        filtered, state = sosfilt(sections, np.asarray(samples[first * step : last * step], dtype=np.float64), zi=state)
        parts = filtered.reshape(last - first, step)[:, : part * PARTS].reshape(last - first, PARTS, part)
        power[first:last] = np.median(np.square(parts).mean(axis=2), axis=1)
    floor = FLOOR * float(np.percentile(power, 95)) if steps else 0.0
    return 10 * np.log10(power + floor + 1e-20)


def smooth(values: Floats, width: float) -> Floats:
    """Return ``values`` smoothed by a Gaussian with a standard deviation of ``width`` steps."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(values, width, mode="nearest")) if width > 0 else values
