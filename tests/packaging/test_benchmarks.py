"""The scripts of ``benchmarks`` take from each other what is there; they are too slow to be run here."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = {path.stem: path for path in FOLDER.glob("*.py")}


def defined(module: Path) -> set[str]:
    """Return the names at a module's top: what it defines, and what it imports itself."""
    names = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        else:
            names |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return names


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_script_takes_from_another_is_there(script: str) -> None:
    for node in ast.walk(ast.parse(SCRIPTS[script].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in SCRIPTS:
            missing = {alias.name for alias in node.names} - defined(SCRIPTS[node.module])
            assert not missing, f"{node.module} has no {', '.join(sorted(missing))}"
