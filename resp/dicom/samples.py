"""Stored numbers become sound: every bit depth and interpretation of a waveform (PS3.3 C.10.9).

=====================  ================  ========================================  ====================
interpretation         bits allocated    stored as                                 full scale
=====================  ================  ========================================  ====================
SB                     8                 signed                                    2⁷
UB                     8                 offset binary: silence is 2⁷              2⁷
MB, AB                 8                 µ-law, A-law (G.711), expanded            2¹⁵
SS, US                 16 (24)           signed, offset binary                     2^(bits stored − 1)
SL, UL                 32 (24)           signed, offset binary                     2^(bits stored − 1)
SV, UV                 64                signed, offset binary                     2^(bits stored − 1)
=====================  ================  ========================================  ====================

24 bits allocated (three bytes a sample) are not in the standard's list, but some writers store them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from resp.dicom.companding import FULL_SCALE, expand_a_law, expand_mu_law
from resp.dicom.errors import DicomError
from resp.dicom.header import SampleBytes

Floats = NDArray[np.float32]

_SIGNED, _UNSIGNED = ("SB", "SS", "SL", "SV"), ("UB", "US", "UL", "UV")
_BITS = {"SB": (8,), "UB": (8,), "MB": (8,), "AB": (8,), "SS": (16, 24), "US": (16, 24)} | {
    "SL": (32, 24),
    "UL": (32, 24),
    "SV": (64,),
    "UV": (64,),
}
_EXPAND: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.int16]]] = {"MB": expand_mu_law, "AB": expand_a_law}
_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """How a multiplex group's samples are stored: interleaved, channel by channel within a frame.

    Parameters
    ----------
    bits
        Allocated to each sample.
    interpretation
        As in the table above.
    channels
        How many.
    little
        Byte order.
    """

    bits: int
    interpretation: str
    channels: int
    little: bool = True

    @classmethod
    def checked(cls, bits: int, interpretation: str, channels: int, little: bool, where: str) -> "SampleFormat":
        """Return the format; `DicomError` for bits and interpretation that do not go together."""
        expected = _BITS.get(interpretation)
        if expected is None:
            raise DicomError(
                f"{where}: (5400,1006) Waveform Sample Interpretation is {interpretation!r}; "
                f"expected one of {', '.join(_BITS)}"
            )
        if bits not in expected:
            raise DicomError(
                f"{where}: (5400,1004) Waveform Bits Allocated is {bits} with (5400,1006) Waveform Sample "
                f"Interpretation {interpretation}; expected {' or '.join(map(str, expected))}"
            )
        if not little and bits > 16:
            raise DicomError(
                f"{where}: samples of {bits} bits in big endian, for which there are two readings; "
                "convert it to Explicit VR Little Endian"
            )
        return cls(bits, interpretation, channels, little)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of each channel."""
        return self.bits // 8 * self.channels

    @property
    def companded(self) -> bool:
        """Whether the codes are those of G.711."""
        return self.interpretation in _EXPAND

    @property
    def unsigned(self) -> bool:
        """Whether silence is stored as half of the range."""
        return self.interpretation in _UNSIGNED

    def full_scale(self, bits_stored: int | None = None) -> float:
        """Return the size of the loudest sample, counted from silence."""
        return float(FULL_SCALE if self.companded else 1 << ((bits_stored or self.bits) - 1))

    def in_order(self, data: bytes, vr: str = "OW") -> bytes:
        """Return bytes as little endian has them: a big endian file's words (OW) are swapped, bytes (OB) are not."""
        swapped = not self.little and (vr == "OW" or self.bits == 16)
        return np.frombuffer(data, dtype="<u2").byteswap().tobytes() if swapped else data

    def numbers(self, data: bytes) -> NDArray[np.float64]:
        """Return stored numbers [time, channels] as they are, G.711 expanded to 16 bits, from whole frames."""
        return self._decode(data).reshape(-1, self.channels)

    def _decode(self, data: bytes) -> NDArray[np.float64]:
        if self.companded:
            return _EXPAND[self.interpretation](np.frombuffer(data, dtype=np.uint8)).astype(np.float64)
        if self.bits == 24:
            return self._three_bytes(np.frombuffer(data, dtype=np.uint8).reshape(-1, 3))
        return np.frombuffer(data, dtype=f"<{'u' if self.unsigned else 'i'}{self.bits // 8}").astype(np.float64)

    def _three_bytes(self, parts: NDArray[np.uint8]) -> NDArray[np.float64]:
        low, middle, high = (parts[:, place].astype(np.int32) for place in range(3))
        value = low | middle << 8 | high << 16
        return (value if self.unsigned else value - ((value & 0x800000) << 1)).astype(np.float64)


def decode(
    stream: BinaryIO,
    place: SampleBytes,
    form: SampleFormat,
    frames: int,
    zero: NDArray[np.float64],
    factor: NDArray[np.float64],
) -> Floats:
    """Return sound [channels, time]: (stored number − ``zero``) × ``factor``, block by block.

    Parameters
    ----------
    stream, place
        Where the samples lie; there are enough of them.
    form, frames
        How they are stored, and how many of each channel.
    zero, factor
        [channels]: the number that means silence, and what one step is worth.
    """
    samples = np.empty((form.channels, frames), dtype=np.float32)
    # An even number of bytes: words are swapped as a whole.
    step = max(2, _BLOCK_BYTES // form.frame_bytes // 2 * 2)
    stream.seek(place.at)
    for first in range(0, frames, step):
        count = min(step, frames - first)
        wanted = count * form.frame_bytes
        # The padding byte completes the last word.
        even = wanted + wanted % 2
        numbers = form.numbers(form.in_order(stream.read(even).ljust(even, b"\0"), place.vr)[:wanted])
        samples[:, first : first + count] = ((numbers - zero) * factor).T
    return samples
