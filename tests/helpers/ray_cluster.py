"""A Ray cluster of several processes on this machine, and what its processes are made to do.

Files say what becomes of the process that reads them: ``CRASH`` ends it, ``ONCE`` ends it the first time. Recordings of
more than eight seconds are long ones.
"""

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from batch_judge import LevelJudge
from resp.audio import Limits
from resp.score import prepare_file
from resp.score.batch.long_report import LongReport
from resp.score.long import sound
from resp.score.long.sound import LongSound, PreparedStretch
from resp.score.schema import Report, Segment, Stretch, Summary

# Runs in every process that works for the cluster, before anything else.
_THERE = """
import sys
if "default_worker.py" in " ".join(sys.orig_argv):
    import os
    from resp.audio import Limits
    from resp.score import prepare_file
    from resp.score.batch import preparing
    from resp.score.long import sound
    prepare_file.WHOLE, sound.STRETCH_S = Limits(max_duration_s=8.0), 10.0
    prepare = preparing.prepare_input
    def crash(item, *rest):
        with open(item.name, "rb") as file:
            word = file.read(5)
        if word == b"CRASH":
            os._exit(7)
        if word[:4] == b"ONCE" and not os.path.exists(item.name + ".seen"):
            open(item.name + ".seen", "w").close()
            os._exit(7)
        return prepare(item, *rest)
    preparing.prepare_input = crash
"""


def shorten(monkeypatch):
    """Make this process take the same recordings for long ones."""
    monkeypatch.setattr(prepare_file, "WHOLE", Limits(max_duration_s=8.0))
    monkeypatch.setattr(sound, "STRETCH_S", 10.0)


@contextmanager
def cluster(folder, nodes=2):
    """Yield the address of a cluster of machines with a core and a GPU that is none; its processes end with it."""
    (folder / "sitecustomize.py").write_text(_THERE)
    helpers, root = Path(__file__).parent, Path(__file__).parents[2]
    path = os.pathsep.join([str(folder), str(root), str(helpers), os.environ.get("PYTHONPATH", "")])
    settings = {"PYTHONPATH": path, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    # Its sockets lie there, and pytest's folders have longer paths than a socket may have.
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(prefix="resp-ray-", dir="/tmp") as short:
        for name, value in (settings | {"RAY_TMPDIR": short}).items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        made = Cluster()
        try:
            for _ in range(nodes):
                made.add_node(num_cpus=1, num_gpus=1, object_store_memory=100 << 20, include_dashboard=False)
            yield made.address
        finally:
            made.shutdown()


def kill_one(name, folder):
    """Kill a process of the cluster of that folder whose title begins with a name; tell whether there was one."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                title, settings = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:
                continue
            if title.startswith(name.encode()) and f"PYTHONPATH={folder}".encode() in settings:
                os.kill(int(entry.name), signal.SIGKILL)
                return True
    return False


class StretchJudge(LevelJudge):
    """Judges long recordings too: a segment a window, loud or not."""

    def judge_or_fail(self, file, made, keep=None):
        if not isinstance(made, LongSound):
            return super().judge_or_fail(file, made, keep)
        long = LongReport(self, keep)
        for piece in made.pieces():
            long.add(piece)
        return long.report(file)

    def long_judge(self, opening, keep=None):
        return _LongLevels(self, opening, keep)


class OtherJudge(StretchJudge):
    """Of another version."""

    def __init__(self):
        super().__init__(version="2")


class SlowJudge(StretchJudge):
    """Takes its time, and leaves its process number in the cluster's folder."""

    def __init__(self):
        super().__init__(pause_s=0.1)
        Path(os.environ["PYTHONPATH"].partition(os.pathsep)[0], f"judge-{os.getpid()}").touch()


class _LongLevels:
    def __init__(self, judge, opening, keep):
        self._judge, self._opening, self._keep = judge, opening, keep
        self._stretches = []

    def add(self, piece):
        if not isinstance(piece, PreparedStretch):
            return
        short = self._judge.judge_or_fail("", piece.prepared).segments
        at = piece.offset_s
        self._keep([one.model_copy(update={"start_s": one.start_s + at, "end_s": one.end_s + at}) for one in short])
        self._stretches.append(Stretch(start_s=piece.start_s, end_s=piece.end_s, summary=_summary(short)))

    def report(self):
        return Report(
            status="scored",
            recording=self._opening.identity,
            quality=self._opening.quality,
            stretches=tuple(self._stretches),
            summary=self._stretches[0].summary,
            model=self._judge.identity,
        )


def _summary(segments: tuple[Segment, ...]) -> Summary:
    normal = float(np.mean([one.probabilities["normal"] for one in segments]))
    return Summary(
        label="normal",
        probabilities=segments[0].probabilities,
        p_abnormal=1 - normal,
        segment_counts={"normal": len(segments)},
    )
