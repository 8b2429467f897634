"""The recipes that come with resp, found by name from anywhere."""

from pathlib import Path

from resp.train.errors import TrainError

_PACKAGE = Path(__file__).parents[1]
# In a wheel they lie in the package, in a checkout beside it.
_FOLDERS = (_PACKAGE / "configs", _PACKAGE.parent / "configs")


def shipped_recipes() -> dict[str, Path]:
    """Return name → file of every recipe that came with resp, such as ``icbhi/ast_ce``."""
    folder = next((one for one in _FOLDERS if one.is_dir()), None)
    if folder is None:
        return {}
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.yaml"))}


def find_recipe(given: Path) -> Path:
    """Return the recipe file that is meant: one that is there, else the one of that name that came with resp.

    Raises
    ------
    TrainError
        There is neither; the message names those that came with resp.
    """
    if given.exists():
        return given
    known = shipped_recipes()
    name = given.with_suffix("").as_posix().removeprefix("configs/")
    if name not in known:
        raise TrainError(f"{given}: no such file; expected a recipe in YAML, or one of {', '.join(known) or 'none'}")
    return known[name]
