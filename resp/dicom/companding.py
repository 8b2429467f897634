"""µ-law and A-law expanded: 8 bits on the line become 14 or 13 bits of sound (ITU-T G.711, 1988)."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]

FULL_SCALE = 32768
"""What both laws are scaled to: 16 bits, as in every decoder that gives whole numbers."""


@cache
def mu_law_table() -> NDArray[np.int16]:
    """Return the 256 values of the µ-law, by code: ±32124 at the loudest.

    All bits are sent inverted. Sign, three bits of segment s, four of step q: (2q + 33)·2^s − 33, in 14 bits
    (G.711 table 2), here times 4.
    """
    code = np.arange(256) ^ 0xFF
    size = ((code & 0x0F) * 2 + 33) * (1 << (code >> 4 & 7)) - 33
    return _frozen(np.where(code & 0x80, -4 * size, 4 * size))


@cache
def a_law_table() -> NDArray[np.int16]:
    """Return the 256 values of the A-law, by code: ±32256 at the loudest.

    The even bits are sent inverted. Sign, three bits of segment s, four of step q: 2q + 1 in segment 0, otherwise
    (2q + 33)·2^(s − 1), in 13 bits (G.711 table 1), here times 8.
    """
    code = np.arange(256) ^ 0x55
    step, segment = (code & 0x0F) * 2, code >> 4 & 7
    size = np.where(segment == 0, step + 1, (step + 33) * (1 << np.maximum(segment - 1, 0)))
    return _frozen(np.where(code & 0x80, 8 * size, -8 * size))


def expand_mu_law(codes: Codes) -> NDArray[np.int16]:
    """Return the 16-bit values of µ-law codes, any shape."""
    return mu_law_table()[codes]


def expand_a_law(codes: Codes) -> NDArray[np.int16]:
    """Return the 16-bit values of A-law codes, any shape."""
    return a_law_table()[codes]


def _frozen(values: NDArray[np.int64]) -> NDArray[np.int16]:
    table = values.astype(np.int16)
    table.setflags(write=False)
    return table
