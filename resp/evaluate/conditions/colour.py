"""Colour: band limits, and the response of another stethoscope or of another of its filters."""

import math
from collections.abc import Mapping

import torch

from resp.audio.recording import Recording
from resp.augment.band import Band, BandFilter
from resp.augment.spectrum import decibels, filter_spectrum, frequencies_hz
from resp.evaluate.conditions.contract import Condition, as_batch, with_samples
from resp.evaluate.errors import EvaluationError

# Corners that change nothing.
_NO_LOW_HZ, _NO_HIGH_HZ = 1e-3, 1e9

# What a Littmann 3200 does in its bell and its diaphragm mode to what it hears in the extended one, in dB: median
# difference of the long-term spectra of the same recordings of KAUH (92 patients), by half octaves. Above 700 Hz the
# bell's recordings hold only their noise floor; the last measured value is held there.
RESPONSES: Mapping[str, Mapping[float, float]] = {
    "bell": {31.5: 0.5, 63: -2.4, 90: -5.0, 125: -9.2, 180: -8.1, 250: -8.8, 355: -24.7, 500: -31.3, 710: -41.7},
    "diaphragm": {
        31.5: 1.0,
        63: -2.2,
        90: -3.0,
        125: -3.8,
        180: 3.6,
        250: 10.3,
        355: 3.2,
        500: 0.7,
        710: -5.9,
        1000: 2.5,
        1400: 4.4,
        1800: 3.9,
    },
    # A telephone's band (ITU-T P.48): 300 to 3400 Hz.
    "telephone": {50: -40.0, 100: -26.0, 200: -8.0, 300: -3.0, 400: 0.0, 3000: 0.0, 3400: -3.0, 4000: -20.0},
}


class BandLimit(Condition):
    """Keep a band, with the magnitude of a Butterworth filter of fourth order and without its phase.

    Parameters
    ----------
    low_hz, high_hz
        Corners, where the gain is −3 dB; None for none.

    Raises
    ------
    EvaluationError
        Neither of them, one that is not positive, or the lower one above the upper one.
    """

    def __init__(self, low_hz: float | None = None, high_hz: float | None = None) -> None:
        low, high = low_hz or _NO_LOW_HZ, high_hz or _NO_HIGH_HZ
        if (low_hz, high_hz) == (None, None) or not 0 < low < high < math.inf:
            raise EvaluationError(f"low_hz={low_hz}, high_hz={high_hz}; expected at least one, the lower one first")
        self.band = (low, high)

    def change(self, recording: Recording, seed: int) -> Recording:  # noqa: ARG002  # nothing is random
        """Return what lies in the band."""
        low, high = (torch.tensor([[corner]]) for corner in self.band)
        drawn = Band(low, high)
        return with_samples(recording, BandFilter(recording.rate_hz).apply(as_batch(recording), drawn))


class DeviceFilter(Condition):
    """Give every recording the colour of a device, without its phase.

    Parameters
    ----------
    response
        One of `RESPONSES`, or gains in dB by frequency in Hz: on straight lines over the logarithm of frequency in
        between, and constant beyond.

    Raises
    ------
    EvaluationError
        No such response, or fewer than two frequencies.
    """

    def __init__(self, response: str | Mapping[float, float]) -> None:
        gains = RESPONSES.get(response) if isinstance(response, str) else response
        if gains is None or len(gains) < 2 or min(gains) <= 0:
            raise EvaluationError(
                f"response {response!r}; expected one of {', '.join(RESPONSES)}, or dB by at least two positive "
                "frequencies"
            )
        self.gains_db = dict(sorted(gains.items()))

    def change(self, recording: Recording, seed: int) -> Recording:  # noqa: ARG002  # nothing is random
        """Return the recording in the device's colour."""
        samples = as_batch(recording)
        return with_samples(recording, filter_spectrum(samples, decibels(self._gain_db(samples, recording.rate_hz))))

    def _gain_db(self, samples: torch.Tensor, rate_hz: int) -> torch.Tensor:
        known = torch.tensor(list(self.gains_db), dtype=torch.float32).log2()
        gains = torch.tensor(list(self.gains_db.values()), dtype=torch.float32)
        wanted = frequencies_hz(samples, rate_hz).clamp(min=min(self.gains_db), max=max(self.gains_db)).log2()
        after = torch.searchsorted(known, wanted).clamp(1, len(known) - 1)
        share = (wanted - known[after - 1]) / (known[after] - known[after - 1])
        return gains[after - 1] + share * (gains[after] - gains[after - 1])
