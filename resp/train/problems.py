"""What is wrong with a recipe, all at once and in words."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def describe_problems(source: str, error: ValidationError, model: type[BaseModel]) -> str:
    """Return a message with a line for every problem.

    Parameters
    ----------
    source
        Where the values come from.
    error
        What pydantic found.
    model
        The model that was to be made, for the names that it knows.
    """
    lines = [
        _describe(problem["loc"], problem["type"], _words(problem), problem["input"], model)
        for problem in error.errors()
    ]
    count = f"{len(lines)} problem" + ("s" if len(lines) > 1 else "")
    return f"{source}: {count} in this recipe; correct:" + "".join(f"\n  {line}" for line in lines)


def _words(problem: "ErrorDetails") -> str:
    """Return pydantic's message, or a plainer one where it speaks of its own inner workings."""
    context = problem.get("ctx", {})
    if problem["type"] == "union_tag_invalid":
        return f"no such name {context['tag']!r}; expected one of {context['expected_tags']}"
    if problem["type"] == "union_tag_not_found":
        return "a name is missing, which says what the other settings are for"
    if problem["type"] in ("tuple_type", "list_type"):
        return "expected a list, such as [one, two]"
    if problem["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return "expected a mapping of settings (name: value)"
    return problem["msg"]


def _describe(loc: tuple[int | str, ...], kind: str, message: str, given: Any, model: type[BaseModel]) -> str:
    models, path = _walk(loc, model)
    where = ".".join(str(part) for part in path) or "recipe"
    if kind == "extra_forbidden":
        known = sorted({name for one in models for name in one.model_fields})
        close = get_close_matches(str(loc[-1]), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        return f"{where}: no such setting; {hint}"
    if kind == "missing":
        return f"{where}: missing"
    text = message.removeprefix("Value error, ")
    shown = "" if isinstance(given, dict) or kind == "value_error" else f" (given {given!r})"
    return f"{where}: {text[:1].lower()}{text[1:]}{shown}"


def _walk(loc: tuple[int | str, ...], model: type[BaseModel]) -> tuple[list[type[BaseModel]], list[int | str]]:
    """Return the models that hold the last part of ``loc``, and ``loc`` as a user would write it."""
    models, path = [model], list[int | str]()
    for number, part in enumerate(loc):
        if isinstance(part, int):
            # A place in a list, whose elements are what its models describe.
            path.append(part)
            continue
        named = [one for one in models if part in _tags(one)]
        if named and not any(part in one.model_fields for one in models):
            # Which of several settings classes is meant, not a key that stands in the file.
            models = named
            continue
        path.append(part)
        if number < len(loc) - 1:
            models = [
                inner
                for one in models
                if part in one.model_fields
                for inner in _models(one.model_fields[part].annotation)
            ]
    return models, path


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("name")
    return get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]
