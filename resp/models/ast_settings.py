"""The settings of an AST: named sizes, and what is refused."""

from typing import Literal, NamedTuple, get_args

from resp.models.checks import check_dropout, check_number, check_whole
from resp.models.errors import ModelError

Size = Literal["base", "small", "tiny"]
PositionLayout = Literal["frequency_time", "reference"]
Attention = Literal["sdpa", "eager"]


class Shape(NamedTuple):
    """Size of the encoder."""

    width: int
    depth: int
    heads: int
    hidden: int


# The three sizes of DeiT (Touvron et al., 2021): heads of 64 channels, 12 blocks.
_SIZES: dict[str, tuple[int, int, int]] = {"base": (768, 12, 12), "small": (384, 12, 6), "tiny": (192, 12, 3)}


def resolve_shape(size: str, width: int | None, depth: int | None, heads: int | None, mlp_ratio: float) -> Shape:
    """Return the shape that a size stands for, with what is given in its place.

    Raises
    ------
    ModelError
        No such size, numbers that are not positive, or a width that the heads do not divide.
    """
    if size not in _SIZES:
        raise ModelError(f"size={size!r}; expected one of {', '.join(_SIZES)}, or give width, depth and heads")
    named = _SIZES[size]
    chosen = [own if given is None else given for given, own in zip((width, depth, heads), named, strict=True)]
    for name, value in zip(("width", "depth", "heads"), chosen, strict=True):
        check_whole(name, value, 1)
    check_number("mlp_ratio", mlp_ratio, "a positive number", above=0)
    channels, blocks, parts = chosen
    if channels % parts:
        raise ModelError(f"width {channels} cannot be shared by {parts} heads; expected a multiple of {parts}")
    return Shape(channels, blocks, parts, max(1, round(channels * mlp_ratio)))


def check_settings(
    *,
    window_s: float,
    std: float,
    patch: tuple[int, int],
    stride: tuple[int, int],
    dropout: float,
    norm_eps: float,
    position_layout: str,
    attention: str,
) -> None:
    """Raise `ModelError` for the first setting that is out of its range."""
    check_number("window_s", window_s, "a positive number of seconds", above=0)
    check_number("std", std, "a positive number", above=0)
    check_dropout(dropout)
    check_number("norm_eps", norm_eps, "a positive number", above=0)
    for name, pair in (("patch", patch), ("stride", stride)):
        if min(pair) < 1:
            raise ModelError(f"{name}={pair}; expected at least 1 bin and 1 frame")
    for name, value, known in (
        ("position_layout", position_layout, get_args(PositionLayout)),
        ("attention", attention, get_args(Attention)),
    ):
        if value not in known:
            raise ModelError(f"{name}={value!r}; expected {' or '.join(known)}")
