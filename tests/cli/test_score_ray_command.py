"""``resp score --ray local``: a cluster of its own, the same table, nothing left behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from resp.audio import Recording, write_wav

pytest.importorskip("ray", reason="a cluster needs Ray: pip install 'resp[ray]'")

RATE_HZ = 4000
COMMAND = [sys.executable, "-c", "import sys; from resp.cli import main; sys.exit(main(sys.argv[1:]))", "score"]


def begin(folder, out, *more, **settings):
    given = [str(folder), "--out", str(out), "--threads", "1", "--level", "segment", *more]
    # What ends it with Ctrl-C is not to be ignored because whoever runs the tests ignores it.
    return subprocess.Popen(
        [*COMMAND, *given],
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **settings,
    )


@pytest.fixture
def temporary():
    """Sockets lie there, and pytest's folders have longer paths than a socket may have."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield folder


@pytest.mark.slow
def test_stopped_by_control_c_and_gone_on_with(tmp_path, temporary):
    folder = tmp_path / "in"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(60):
        write_wav(Recording(generator.normal(scale=0.1, size=RATE_HZ * 12), RATE_HZ), folder / f"{number:02}.wav")
    (folder / "05.wav").write_text("a letter")
    home = tmp_path / "home"
    home.mkdir()
    settings = {"env": os.environ | {"HOME": str(home), "TMPDIR": temporary}}
    stopped = begin(folder, tmp_path / "x.csv", "--ray", "local", **settings)
    log = tmp_path / "x.csv.journal" / "reports.log"
    while not (log.exists() and log.read_bytes().count(b"\n") > 5):
        assert stopped.poll() is None
        time.sleep(0.1)
    os.killpg(stopped.pid, signal.SIGINT)
    told, said = stopped.communicate(timeout=60)
    assert (stopped.returncode, told) == (130, "")
    assert "the same command goes on" in said
    gone_on = begin(folder, tmp_path / "x.csv", "--ray", "local", **settings)
    assert "60 of 60" not in gone_on.communicate(timeout=300)[1]
    assert gone_on.returncode == 1
    plain = begin(folder, tmp_path / "plain.csv")
    plain.communicate(timeout=300)
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()
    assert not list(Path(temporary).glob("resp-*"))
    assert not (home / ".ray").exists()
