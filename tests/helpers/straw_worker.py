"""A worker with a scorer of straw, in a process of its own: what happens to a process is tried on it, without torch.

``python straw_worker.py FOLDER SECONDS``: every recording takes so long; ``begun`` in the folder tells that one has.
"""

import sys
import time
from pathlib import Path

from resp.audio import Recording, measure_quality
from resp.records import worker
from resp.records.settings_sources import load_settings
from resp.score.schema import RecordingIdentity, Report


class StrawScorer:
    """Takes its time, and abstains."""

    def __init__(self, seconds: float = 0.0, begun: Path | None = None) -> None:
        self.seconds, self.begun = seconds, begun
        self.asked: list[Recording] = []

    def score(self, recording: Recording) -> Report:
        self.asked.append(recording)
        if self.begun:
            self.begun.touch()
        time.sleep(self.seconds)
        return Report(
            status="abstained",
            reason="made of straw",
            recording=RecordingIdentity(file=recording.source, body_site=recording.body_site),
            quality=measure_quality(recording),
        )


if __name__ == "__main__":
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    worker.Worker._load_scorer = lambda self, model: StrawScorer(seconds, folder / "begun")  # type: ignore[assignment]
    worker.work(load_settings(options={"folder": folder, "worker.lease_s": 3, "worker.poll_s": 0.05}))
