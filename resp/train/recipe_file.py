"""Recipes as files: YAML, `extends`, and ``--set a.b=c``."""

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml

from resp.train.errors import TrainError

EXTENDS = "extends"
NAME = "name"


class _Loader(yaml.SafeLoader):
    """Plain values only; a key that stands twice is an error, and 5e-5 is a number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.1 takes 5e-5 for a text, because it has no point.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_mapping(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a YAML file and what it extends.

    Raises
    ------
    TrainError
        A file that cannot be read, is no mapping, or extends itself.
    """
    resolved = path.resolve()
    if resolved in seen:
        raise TrainError(f"{path}: extends itself by way of {seen[-1]}; remove one extends")
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise TrainError(
            f"{path}: cannot be read ({error}); expected a recipe in YAML, such as those in configs/"
        ) from error
    if not isinstance(values, dict):
        raise TrainError(f"{path}: holds {type(values).__name__}; expected a mapping of settings (name: …, data: …)")
    base = values.pop(EXTENDS, None)
    if base is None:
        return values
    return merge(read_mapping(path.parent / str(base), (*seen, resolved)), values)


def parse_yaml(text: str, source: str) -> Any:
    """Return the values of a YAML text.

    Raises
    ------
    TrainError
        It is not YAML of plain values.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # a SafeLoader: it makes plain values only
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        raise TrainError(f"{source}{line}: {getattr(error, 'problem', None) or error}; expected YAML") from error


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``changes`` in place, mapping by mapping.

    A mapping that is given another ``name`` (an objective, a schedule, a network) replaces the old one whole:
    the settings of one do not fit another.
    """
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        if isinstance(value, dict) and isinstance(old, dict) and value.get(NAME, old.get(NAME)) == old.get(NAME):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Turn ``a.b=value`` texts into nested mappings; a later one wins.

    Raises
    ------
    TrainError
        A text that is not of that form, or one that sets something inside of a plain value.
    """
    nested: dict[str, Any] = {}
    for text in settings:
        path, equals, value = text.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise TrainError(f"--set {text}: expected SECTION.NAME=VALUE, such as training.epochs=3")
        place = nested
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise TrainError(f"--set {text}: {key} was set to a plain value before; give only one of them")
        place[keys[-1]] = parse_yaml(value, f"--set {text}")
    return nested
