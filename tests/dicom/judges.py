"""Judges that are not ours: dicom3tools, dcmtk, Orthanc and poppler, as Debian packages them.

Each function runs one program on bytes or a file and fails with what the program said. A test whose program is missing
is skipped with the reason, and fails where RESP_REQUIRE names the Debian package (`.ci/run` does).
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

PACKAGES = {
    "dciodvfy": "dicom3tools",
    "dcentvfy": "dicom3tools",
    "dcmdump": "dcmtk",
    "dsrdump": "dcmtk",
    "echoscu": "dcmtk",
    "storescu": "dcmtk",
    "storescp": "dcmtk",
    "findscu": "dcmtk",
    "getscu": "dcmtk",
    "dcmmkdir": "dcmtk",
    "pdftotext": "poppler-utils",
    "pdfinfo": "poppler-utils",
    "Orthanc": "orthanc",
}
PATIENCE_S = 60
# Of one length, so that no length in the file changes.
_GENERAL_AUDIO, _BASIC_VOICE = b"1.2.840.10008.5.1.4.1.1.9.4.2", b"1.2.840.10008.5.1.4.1.1.9.4.1"
_TOO_NEW = (
    "Unrecognized enumerated value <0x20> for value 1 of attribute <Waveform Bits Allocated>",
    "Unrecognized enumerated value <SL> for value 1 of attribute <Waveform Sample Interpretation>",
    "Unrecognized enumerated value <UL> for value 1 of attribute <Waveform Sample Interpretation>",
)
# The system's folders first: pynetdicom puts programs of its own, with dcmtk's names, beside Python. Daemons stand
# where an ordinary user's PATH does not look.
_PATH = os.pathsep.join(("/usr/bin", "/usr/sbin", "/usr/local/sbin", os.environ.get("PATH", os.defpath)))


def program(name: str) -> str:
    """The path of one of `PACKAGES`; without it the test is skipped, or fails where RESP_REQUIRE names its package."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        package = PACKAGES[name]
        missing = f"{name} was not found (Debian: apt-get install {package})"
        if package in os.environ.get("RESP_REQUIRE", "").split(","):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def run(name: str, *words: str | Path) -> str:
    """What the program says on both outputs; a failure of the test where it exits with another status than 0."""
    done = _done(name, *words)
    assert done.returncode == 0, f"{name} {' '.join(map(str, words))}: status {done.returncode}\n{done.stdout}"
    return done.stdout


def dciodvfy_errors(file: Path) -> list[str]:
    """The lines in which dciodvfy calls the file wrong; empty for a valid one.

    dciodvfy knows no General Audio Waveform (dicom3tools of 2022), so it is shown such a file as the Basic Voice Audio
    that it knows: the same modules, of which it checks every attribute. What it then holds against the file because
    its edition is older, 32-bit samples, is no error.
    """
    if _GENERAL_AUDIO not in file.read_bytes():
        return _errors(file)
    with tempfile.TemporaryDirectory() as folder:
        shown = Path(folder) / file.name
        shown.write_bytes(file.read_bytes().replace(_GENERAL_AUDIO, _BASIC_VOICE))
        return [line for line in _errors(shown) if not line.endswith(_TOO_NEW)]


def check_valid(files: Path | Iterable[Path]) -> None:
    """Each file is a valid instance of its information object, as dciodvfy judges."""
    for file in [files] if isinstance(files, Path) else files:
        errors = dciodvfy_errors(file)
        assert errors == [], f"{file}:\n" + "\n".join(errors)


def check_consistent(files: Iterable[Path]) -> None:
    """The files agree on what patient, study and series are, as dcentvfy judges."""
    said = _done("dcentvfy", *files).stdout
    errors = [line for line in said.splitlines() if "Error" in line]
    assert errors == [], "\n".join(errors)


def dcmdump(file: Path, *options: str) -> str:
    """Every element of the file, as dcmtk reads it; long values whole."""
    return run("dcmdump", "+L", *options, file)


def dsrdump(file: Path, *options: str) -> str:
    """The structured report as dcmtk prints it, after it has checked its tree of content items."""
    return run("dsrdump", *options, file)


def pdf_text(file: Path) -> str:
    """The text of a PDF, as poppler reads it, in reading order."""
    return run("pdftotext", "-layout", file, "-")


def _errors(file: Path) -> list[str]:
    done = _done("dciodvfy", file)
    lines = done.stdout.splitlines()
    errors = [line for line in lines if line.startswith("Error")]
    # A silent judge has not looked: it names the information object that it judged by.
    judged = any(line and not line.startswith(("Error", "Warning", "(0x")) for line in lines)
    if not errors and (done.returncode or not judged):
        return [f"dciodvfy: status {done.returncode}: {done.stdout}"]
    return errors


def _done(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program(name), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=PATIENCE_S,
        check=False,
    )
