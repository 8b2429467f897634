"""What the makers of networks refuse."""

import math
from typing import Any

from resp.models.errors import ModelError


def check_number(
    name: str,
    value: Any,
    expected: str,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    below: float = math.inf,
) -> None:
    """Raise `ModelError` where a value is no finite number, or none above, from or below these bounds."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and value > above and least <= value < below):
        raise ModelError(f"{name}={value!r}; expected {expected}")


def check_dropout(value: Any) -> None:
    """Raise `ModelError` where a share of dropout is no number from 0 to below 1."""
    check_number("dropout", value, "0 to below 1", least=0, below=1)


def check_whole(name: str, value: Any, least: int) -> None:
    """Raise `ModelError` where a value is no whole number from ``least`` on."""
    if type(value) is not int or value < least:
        raise ModelError(f"{name}={value!r}; expected a whole number of at least {least}")
