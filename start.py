"""Set resp up in a virtual environment of its own and run it.

``python3 start.py app`` opens the page, ``… score my.wav`` scores a file, ``… test`` runs the tests. Needs
Python 3.11 or newer with pip and nothing else; the first call installs, later ones start at once. What is
installed is what the lock files name, each package checked against its hash.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)
INTERRUPTED = 130
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
# The packages that come in a CPU-only and a CUDA build; the CUDA build brings the rest of them along.
TORCH_STACK = re.compile(r"^(torch|torchaudio|triton|nvidia-.+|cuda-.+)==")


def parse(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return what was asked for, and the words that belong to pytest or to resp."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    place = Path(os.environ.get("RESP_VENV", ROOT / ".venv"))
    parser.add_argument("--venv", type=Path, default=place, help="where to install ($RESP_VENV, else .venv)")
    parser.add_argument("--torch-index", default="", help="take torch from this package index, such as a CPU-only one")
    commands = parser.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", help="install and do nothing else")
    setup.add_argument("--dev", action="store_true", help="the tools of the tests too")
    setup.add_argument("--libraries-only", action="store_true", help="all but resp itself")
    commands.add_parser("check", help="lint, format, types, import rules and tests")
    health = commands.add_parser("health", help="ask a running page whether it is well")
    # As the settings of the page are given to a container.
    health.add_argument("--port", type=int, default=int(os.environ.get("RESP_PAGE_PORT") or 8501))
    health.add_argument("--path", default=urlsplit(os.environ.get("RESP_PAGE_PUBLIC_URL", "")).path)
    # What follows these goes to pytest or to resp as it stands.
    for name, text in (
        ("test", "run the tests"),
        ("app", "open the clinician page"),
        ("score", "score recordings"),
        ("resp", "run any resp command"),
    ):
        commands.add_parser(name, help=text, add_help=False)
    given, rest = parser.parse_known_args(words)
    if rest and given.command in ("setup", "check", "health"):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return given, rest


def main(words: list[str]) -> int:
    """Run one command; returns the exit status."""
    if sys.version_info < OLDEST_PYTHON:
        oldest, here = (".".join(map(str, version[:2])) for version in (OLDEST_PYTHON, sys.version_info))
        print(f"start.py: this is Python {here}; call it with Python {oldest} or newer", file=sys.stderr)
        return 2
    given, rest = parse(words)
    if given.command == "health":
        return ask_health(given.port, given.path)
    if given.command == "setup":
        set_up(given.venv, dev=given.dev, torch_index=given.torch_index, project=not given.libraries_only)
        return 0
    programs = set_up(given.venv, dev=given.command in ("test", "check"), torch_index=given.torch_index)
    if given.command == "test":
        return test(programs, *rest)
    if given.command == "check":
        return check(programs)
    return run(programs / "resp", *([] if given.command == "resp" else [given.command]), *rest)


def set_up(folder: Path, *, dev: bool, torch_index: str, project: bool = True) -> Path:
    """Install resp into ``folder`` unless it stands there already; returns the folder of its programs."""
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    kind = "dev" if dev else "run"
    # What the tests need includes what running needs.
    if any(_is_installed(folder, have) for have in (kind, "dev")):
        return programs
    print(f"Setting up {folder} (once; some minutes) …", file=sys.stderr, flush=True)
    venv.create(folder, with_pip=True)
    pip = (programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if torch_index:
        install_around_torch(pip, LOCKS[kind], torch_index)
    else:
        must(*pip, "--require-hashes", "-r", LOCKS[kind])
    if project:
        # An editable install follows the checkout, so that `git pull` needs no new set-up.
        must(*pip, "--no-deps", "-e", ROOT)
        (folder / f"installed-{kind}.sha256").write_text(_wanted(kind))
    return programs


def _is_installed(folder: Path, kind: str) -> bool:
    stamp = folder / f"installed-{kind}.sha256"
    return stamp.is_file() and stamp.read_text() == _wanted(kind)


def _wanted(kind: str) -> str:
    return hashlib.sha256(LOCKS[kind].read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()


def install_around_torch(pip: tuple[str | Path, ...], lock: Path, torch_index: str) -> None:
    """Install torch from ``torch_index`` at the locked versions, and everything else by the lock.

    The builds of another index have other hashes, so that only the versions of torch itself are held.
    """
    entries = re.split(r"\n(?=\S)", lock.read_text())
    torch = [entry.split()[0] for entry in entries if re.match(r"^torch(audio)?==", entry)]
    must(*pip, "--index-url", torch_index, *torch)
    rest = "\n".join(entry for entry in entries if not TORCH_STACK.match(entry))
    with tempfile.TemporaryDirectory() as scratch:
        without_torch = Path(scratch) / "requirements.txt"
        without_torch.write_text(rest)
        must(*pip, "--require-hashes", "--no-deps", "-r", without_torch)


def test(programs: Path, *options: str) -> int:
    """Run the tests; those that need what this machine lacks are skipped with the reason.

    In two processes of one thread each, which share what the tests of one file need: many of them wait for a browser, a
    server or a database.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return run(programs / "python", "-m", "pytest", "--numprocesses=2", "--dist=loadfile", *options)


def check(programs: Path) -> int:
    """Run every check of the project and return the first failure's exit status."""
    tools = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("lint-imports",))
    for name, *options in tools:
        if status := run(programs / name, *options):
            return status
    return test(programs, "--cov", "--cov-report=term")


def ask_health(port: int, path: str = "") -> int:
    """Return 0 where the page on this machine answers that it is well; ``path`` is the one that it is served under."""
    address = f"http://127.0.0.1:{port}/{path.strip('/')}".rstrip("/")
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
            return 0 if answer.read().strip() == b"ok" else 1
    except OSError as error:
        print(f"start.py: no healthy page on port {port}: {error}", file=sys.stderr)
        return 1


def run(*words: str | Path) -> int:
    """Run a program in the project's folder for tools, in the caller's for resp; returns its exit status."""
    tool = Path(words[0]).stem != "resp"
    try:
        return subprocess.run([str(word) for word in words], cwd=ROOT if tool else None, check=False).returncode
    except KeyboardInterrupt:
        # Ctrl-C is how the page is closed: no reason for a traceback.
        return INTERRUPTED


def must(*words: str | Path) -> None:
    """Run a program; stop with its status where it fails."""
    status = run(*words)
    if status:
        sys.exit(f"start.py: `{' '.join(map(str, words))}` failed with status {status}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
