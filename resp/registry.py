"""Plain records of what can be made by name, imported only when it is made."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Generic, TypeVar

from resp.errors import RespError

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that can be made by name.

    Parameters
    ----------
    name
        The name by which it is asked for.
    maker
        ``"module:attribute"`` of a class or function; imported on first use, so that listing stays fast.
    description
        One line for a reader of the list.
    source
        The publication (or ``"resp"``) it comes from.
    defaults
        Settings that this name stands for.
    """

    name: str
    maker: str
    description: str
    source: str
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> Callable[..., Any]:
        """Import the class or function that makes it."""
        module, _, attribute = self.maker.partition(":")
        maker: Callable[..., Any] = getattr(import_module(module), attribute)
        return maker

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, for ``--json``."""
        return {
            "name": self.name,
            "description": self.description,
            "source": self.source,
            "defaults": dict(self.defaults),
        }


class Registry(Generic[Made]):
    """An ordered list of records; nothing but a program's own code adds to it, never a file that is read.

    Parameters
    ----------
    kind
        What the records make, for messages: ``"network"``, ``"mix"``.
    error
        The room's exception type.
    records
        The records, in the order in which they are listed.
    """

    def __init__(self, kind: str, error: type[RespError], records: tuple[Record, ...]) -> None:
        self._kind = kind
        self._error = error
        self._records = {record.name: record for record in records}

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def add(self, record: Record) -> None:
        """Let something of one's own be made by name, in this process.

        Raises
        ------
        RespError
            (the room's type) the name is taken.
        """
        if record.name in self._records:
            taken = self._records[record.name].maker
            raise self._error(f"there is a {self._kind} {record.name!r} already ({taken}); choose another name")
        self._records[record.name] = record

    def record(self, name: str) -> Record:
        """Return the record called ``name``; the room's error names the close ones where there is none."""
        if not isinstance(name, str):
            raise self._error(f"no {self._kind} {name!r}; expected a name: {', '.join(self._records)}")
        if name not in self._records:
            close = get_close_matches(name, self._records, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            raise self._error(f"no {self._kind} {name!r}{hint} Known: {', '.join(self._records)}")
        return self._records[name]

    def create(self, name: str, **settings: Any) -> Made:
        """Make the thing called ``name``, its defaults overridden by ``settings``.

        Raises
        ------
        RespError
            (the room's type) no such name, or a setting that its maker does not take.
        """
        record = self.record(name)
        maker: Callable[..., Made] = record.load()
        try:
            return maker(**{**record.defaults, **settings})
        except TypeError as error:
            refused = ("unexpected keyword argument", "required", "takes no arguments")
            if any(told in str(error) for told in refused):
                raise self._error(f"{self._kind} {name!r} cannot be made with {sorted(settings)}: {error}") from error
            raise
