"""What the makers of networks refuse."""

import math
from typing import Any

from resp.models.errors import ModelError


def check_number(name: str, value: Any, fits: bool, expected: str) -> None:
    """Raise `ModelError` where a number does not fit or is not finite."""
    if not (fits and math.isfinite(value)):
        raise ModelError(f"{name}={value!r}; expected {expected}")


def check_whole(name: str, value: Any, least: int) -> None:
    """Raise `ModelError` where a value is no whole number from ``least`` on."""
    if type(value) is not int or value < least:
        raise ModelError(f"{name}={value!r}; expected a whole number of at least {least}")
