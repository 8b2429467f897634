"""Threads of a network give way to other programs."""

import os
import subprocess
import sys

import pytest

SAYS = """
import os
from resp.cli import main
try:
    main(["--version"])
except SystemExit:
    print(os.environ.get("GOMP_SPINCOUNT"))
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "None")],
)
def test_they_sleep_soon_unless_somebody_says_otherwise(given, expected):
    free = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    told = subprocess.run([sys.executable, "-c", SAYS], env=free | given, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == expected


def test_it_is_said_before_torch_is_there():
    asked = "import sys; import resp.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
