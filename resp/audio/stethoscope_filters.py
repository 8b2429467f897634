"""The filter modes of an electronic stethoscope: bell, diaphragm, extended.

========== ============ ============= =====================================
name       −3 dB at     −6 dB at      what it brings out
========== ============ ============= =====================================
bell       20, 200 Hz   15.8, 253 Hz  heart, low breath sound
diaphragm  100, 500 Hz  82.2, 609 Hz  breath, rhonchi, most crackles
extended   50, 500 Hz   39.6, 632 Hz  both
========== ============ ============= =====================================

The bands are those that 3M states for its Littmann 3200. Its exact curves are not published; these are Butterworth
band-passes of order 2 on either side (12 dB an octave), which fall gently, as an acoustic stethoscope does: what lies
outside is softer, not gone. No frequency is amplified. One set of coefficients is heard, seen and tested.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.audio.errors import AudioError

_ORDER = 2
# A corner above this share of the highest frequency cannot be built any more: nothing is there to be cut off.
_HIGHEST_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class StethoscopeFilter:
    """One filter mode.

    Parameters
    ----------
    name
        As the page's words name it.
    low_hz, high_hz
        Where it has fallen by 3 dB.
    """

    name: str
    low_hz: float
    high_hz: float

    def sections(self, rate_hz: float) -> NDArray[np.float64]:
        """Return the filter as second-order sections.

        Parameters
        ----------
        rate_hz
            Of the sound that is filtered. Where it ends below the upper corner, only the lower one remains.

        Returns
        -------
        ndarray
            [section, 6]: b0, b1, b2, a0, a1, a2, as SciPy writes them.

        Raises
        ------
        AudioError
            A rate so low that the whole band lies above its highest frequency.
        """
        from scipy.signal import butter

        highest_hz = _HIGHEST_SHARE * rate_hz / 2
        if self.low_hz >= highest_hz:
            raise AudioError(f"the {self.name} filter begins at {self.low_hz:g} Hz; {rate_hz:g} Hz is too low a rate")
        ends_before = self.high_hz >= highest_hz
        corners_hz: float | tuple[float, float] = self.low_hz if ends_before else (self.low_hz, self.high_hz)
        kind = "highpass" if ends_before else "bandpass"
        sections: NDArray[np.float64] = butter(_ORDER, corners_hz, kind, fs=rate_hz, output="sos")
        return sections

    def apply(self, samples: NDArray[np.float32], rate_hz: float) -> NDArray[np.float32]:
        """Return ``samples`` [..., time] through the filter, as long as before; it starts from silence."""
        from scipy.signal import sosfilt

        filtered: NDArray[np.float32] = sosfilt(self.sections(rate_hz), samples, axis=-1).astype(np.float32)
        return filtered


STETHOSCOPE_FILTERS = (
    StethoscopeFilter("bell", 20.0, 200.0),
    StethoscopeFilter("diaphragm", 100.0, 500.0),
    StethoscopeFilter("extended", 50.0, 500.0),
)
"""In the order in which a stethoscope offers them."""
