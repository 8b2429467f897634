"""Which messages the code asks for, read from its sources.

``words.text("a.b")`` asks for ``a.b``; the page's own ``text("a.b")`` (`resp_page.language`) for ``page.a.b``.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_CALLS = {"text", "has"}
_PAGE = "page."


@dataclass
class Use:
    """Keys that are asked for, beginnings and ends of keys that are put together, and sections given away whole."""

    keys: set[str] = field(default_factory=set)
    beginnings: set[str] = field(default_factory=set)
    endings: set[str] = field(default_factory=set)
    sections: set[str] = field(default_factory=set)
    scripts: str = ""

    def asks_for(self, key: str) -> bool:
        """Whether a message is used; one of a section that is given away is named in a script."""
        if key in self.keys or key.startswith(tuple(self.beginnings)) or key.endswith(tuple(self.endings)):
            return True
        last = key.split(".")[-1]
        return key.startswith(tuple(self.sections)) and re.search(rf"\b{last}\b", self.scripts) is not None


def used_messages(folders: Iterable[Path]) -> Use:
    """Look for calls of `Words` in the Python files of folders."""
    use = Use()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args:
                    _take(node, use, _PAGE if folder.name == "app" else None)
        use.scripts += "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.js")))
    # The page's own `text` itself.
    use.beginnings.discard(_PAGE)
    return use


def _take(call: ast.Call, use: Use, page: str | None) -> None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if isinstance(call.func, ast.Name) and page is None:
        return
    front = page if isinstance(call.func, ast.Name) and page else ""
    for key in _choices(call.args[0]):
        parts = key.values if isinstance(key, ast.JoinedStr) else [key]
        first, last = _told(parts[0]), _told(parts[-1])
        if name == "section" and first:
            use.sections.add(f"{first}.")
        elif name not in _CALLS:
            continue
        elif isinstance(key, ast.JoinedStr):
            if first and re.match(r"[a-z0-9_]+\.", front + first):
                use.beginnings.add(front + first)
            elif last and last.startswith("."):
                use.endings.add(last)
        elif first and re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", front + first):
            use.keys.add(front + first)


def _told(part: ast.expr) -> str | None:
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else None


def _choices(key: ast.expr) -> Iterable[ast.expr]:
    """Yield both sides of ``"a" if x else "b"``."""
    if isinstance(key, ast.IfExp):
        yield from _choices(key.body)
        yield from _choices(key.orelse)
    else:
        yield key
