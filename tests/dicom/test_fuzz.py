"""Broken input: one clear refusal, never a hang, never more memory than the limits of reading allow.

Seeded and small. Whatever is fed in runs in one child process with a limit on its memory and on its time, so that a
blow-up fails the test and not the machine.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CASES = ("truncated", "flipped", "wrong_vr", "huge_lengths", "recursion", "escapes", "bombs")

# Reads what `fuzz_cases` makes of a seed; says for each case what came of it.
CHILD = """
import json, resource, sys, tempfile, time
from pathlib import Path
import fuzz_cases
from resp.dicom import DicomError, read_dicom
import pydicom, numpy  # what is always there does not count

resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
told = {"read": 0, "refused": 0, "wrong": [], "messages": [], "slowest_s": 0.0}
with tempfile.TemporaryDirectory() as folder:
    for name, source in fuzz_cases.make(sys.argv[1], Path(folder)):
        began = time.process_time()
        try:
            read_dicom(source) if not isinstance(source, bytes) else read_dicom(source, name="it")
            told["read"] += 1
        except DicomError as error:
            told["refused"] += 1
            told["messages"].append(str(error))
        except BaseException as error:
            told["wrong"].append(f"{name}: {type(error).__name__}: {error}")
        told["slowest_s"] = max(told["slowest_s"], time.process_time() - began)
told["more_mib"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(json.dumps(told))
"""


@pytest.fixture(scope="module", params=CASES)
def told(request):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parents[1]))),
        "PYTHONWARNINGS": "ignore",
        # Each thread of a linear algebra library reserves address space, which the limit would count.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD, request.param],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return request.param, json.loads(done.stdout.splitlines()[-1])


def test_only_clear_refusals(told):
    _, outcome = told
    assert outcome["wrong"] == []
    assert outcome["refused"] > 0
    for message in outcome["messages"]:
        assert message.strip()
        assert "\n" not in message
        assert "Traceback" not in message
        assert len(message) < 600


def test_no_hang_and_no_blow_up(told):
    _, outcome = told
    assert outcome["slowest_s"] < 5
    assert outcome["more_mib"] < 400


def test_what_must_not_be_read_is_not(told):
    kind, outcome = told
    if kind in ("truncated", "recursion", "escapes", "bombs", "huge_lengths"):
        assert outcome["read"] == 0
