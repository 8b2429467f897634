"""The recipes that come with resp, found by name from anywhere."""

from difflib import get_close_matches
from pathlib import Path

from resp.train.errors import TrainError

_PACKAGE = Path(__file__).parents[1]
# In a wheel they lie in the package, in a checkout beside it.
_FOLDERS = (_PACKAGE / "configs", _PACKAGE.parent / "configs")


# Overlays: parts of recipes that change a whole one. What only `extends` reads begins with an underscore.
_OVERLAYS = "with"


def shipped_recipes() -> dict[str, Path]:
    """Return name → file of every recipe that came with resp, such as ``icbhi/ast_ce``."""
    return {name: path for name, path in _shipped().items() if not name.startswith(f"{_OVERLAYS}/")}


def shipped_overlays() -> dict[str, Path]:
    """Return name → file of every overlay that came with resp, such as ``bc``."""
    prefix = f"{_OVERLAYS}/"
    return {name.removeprefix(prefix): path for name, path in _shipped().items() if name.startswith(prefix)}


def find_recipe(given: Path) -> Path:
    """Return the recipe file that is meant: one that is there, else the one of that name that came with resp.

    Raises
    ------
    TrainError
        There is neither; the message names those that came with resp. Or it is an overlay.
    """
    if not given.is_file() and _overlay_name(given) in shipped_overlays():
        raise TrainError(f"{given}: an overlay, which changes a recipe; give a recipe, and --with {given} beside it")
    return _find(given, _name(given), shipped_recipes(), "a recipe in YAML")


def find_overlay(given: Path) -> Path:
    """Return the overlay that is meant: a file that is there, else the one of that name that came with resp.

    Raises
    ------
    TrainError
        There is neither; the message names those that came with resp.
    """
    return _find(given, _overlay_name(given), shipped_overlays(), "an overlay in YAML (a part of a recipe)")


def _find(given: Path, name: str, known: dict[str, Path], expected: str) -> Path:
    if given.is_file():
        return given
    if name not in known:
        close = get_close_matches(name, known, n=3)
        meant = f"{' or '.join(close)} is meant? " if close else ""
        raise TrainError(f"{given}: no such file; {meant}expected {expected}, or one of {', '.join(known) or 'none'}")
    return known[name]


def _name(given: Path) -> str:
    return given.with_suffix("").as_posix().removeprefix("configs/")


def _overlay_name(given: Path) -> str:
    return _name(given).removeprefix(f"{_OVERLAYS}/")


def _shipped() -> dict[str, Path]:
    folder = next((one for one in _FOLDERS if one.is_dir()), None)
    if folder is None:
        return {}
    files = sorted(path for path in folder.rglob("*.yaml") if not path.name.startswith("_"))
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}
