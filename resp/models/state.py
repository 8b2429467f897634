"""Weights that are loaded fit the network, or the error names those that do not."""

from collections.abc import Collection, Mapping

from torch import Tensor, nn

from resp.models.errors import ModelError

NAMED = 6
"""How many keys a message names before it only counts."""


def fit_state(given: Mapping[str, Tensor], expected: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """Return ``given`` in the number types of ``expected``.

    Parameters
    ----------
    given, expected
        Parameter name → tensor; of ``expected`` only shapes and types are read.
    where
        What the message begins with.

    Raises
    ------
    ModelError
        A key is missing or unknown, or a shape is another; it names them.
    """
    problems = []
    if missing := [key for key in expected if key not in given]:
        problems.append(f"missing {_listed(missing)}")
    if unknown := [key for key in given if key not in expected]:
        problems.append(f"unknown {_listed(unknown)}")
    wrong = [
        f"{key} is {tuple(given[key].shape)}, expected {tuple(expected[key].shape)}"
        for key in expected
        if key in given and given[key].shape != expected[key].shape
    ]
    if wrong:
        problems.append(f"wrong shape: {_listed(wrong)}")
    if problems:
        raise ModelError(f"{where}{'; '.join(problems)}: these are the weights of another network")
    return {key: given[key].to(expected[key].dtype) for key in expected}


def load_state(module: nn.Module, given: Mapping[str, Tensor], where: str) -> None:
    """Fill a module, in place, with weights that fit it to the last key; see `fit_state`."""
    module.load_state_dict(fit_state(given, module.state_dict(), where))


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
