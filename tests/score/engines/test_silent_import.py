"""What OpenVINO and NNCF would send over the network stays unsent."""

import subprocess
import sys

import pytest

from exported_models import skip_without

CODE = """
import sys
from resp.score.engines.silent_import import import_silently
assert import_silently({library!r}) is sys.modules[{library!r}]
print([name for name in sys.modules if name.startswith("openvino_telemetry")])
"""


@pytest.mark.parametrize("library", ["openvino", "nncf"])
def test_no_report_of_use_is_sent(library, tmp_path, monkeypatch):
    skip_without("openvino", "int8")
    # Where they would keep the number by which they know a user.
    monkeypatch.setenv("HOME", str(tmp_path))
    ran = subprocess.run(
        [sys.executable, "-c", CODE.format(library=library)], capture_output=True, text=True, check=True, timeout=120
    )
    assert ran.stdout.splitlines()[-1] == "[]"
    assert not (tmp_path / "intel").exists()
