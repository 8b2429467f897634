"""A judge of recordings without torch, and the script that the tests of a batch kill: fast to start, slow to score."""

import sys
import time
from pathlib import Path

import numpy as np

from resp.errors import RespError
from resp.models.config import ClipSettings, ModelConfig
from resp.score.schema import ModelIdentity, Report, Segment, Summary

CLASSES = ("normal", "crackle", "wheeze", "both")
RATE_HZ = 4000
CONFIG = ModelConfig(
    name="levels", network="ast", classes=CLASSES, task="single_label", clip=ClipSettings(window_s=1.0, hop_s=0.5)
)


class LevelJudge:
    """Takes a segment's RMS for what it is; ``pause_s`` is how long it thinks."""

    classes = CLASSES
    config = CONFIG
    rate_hz = RATE_HZ

    def __init__(self, pause_s=0.0, version="1"):
        self.pause_s = pause_s
        self.asked = []
        self.identity = ModelIdentity(name="levels", version=version, sha256="ab" * 32, card="")

    def judge_or_fail(self, file, made, keep=None):
        self.asked.append(file)
        time.sleep(self.pause_s)
        if isinstance(made, Exception):
            return self.failed(file, made)
        segments = []
        for span, wave in zip(made.spans, np.concatenate(list(made.batches(8))), strict=True):
            loud = float(np.clip(np.sqrt(np.mean(wave.astype(np.float64) ** 2)), 0, 0.25))
            named = dict(zip(CLASSES, (1 - 3 * loud, loud, loud, loud), strict=True))
            label = "crackle" if loud > 0.2 else "normal"
            segments.append(
                Segment(kind="window", start_s=span.start_s, end_s=span.end_s, probabilities=named, label=label)
            )
        summary = Summary(
            label=segments[0].label,
            probabilities=segments[0].probabilities,
            p_abnormal=1 - segments[0].probabilities["normal"],
            segment_counts={"normal": len(segments)},
        )
        return Report(
            status="scored",
            recording=made.identity,
            quality=made.quality,
            segments=tuple(segments),
            summary=summary,
            model=self.identity,
            warnings=made.warnings,
        )

    def long_judge(self, opening, keep=None):
        raise RespError(f"{opening.identity.file}: nothing here is long")

    def failed(self, file, error):
        return Report.failure(file, str(error))


def main(out, *arguments):
    """Write a table of what is in a folder; every recording takes its time."""
    from resp.report.batch import write_batch
    from resp.score.batch import list_inputs

    folder, pause_s, workers = Path(arguments[0]), float(arguments[1]), int(arguments[2])
    print("begun", flush=True)
    write_batch(
        LevelJudge(pause_s),
        list_inputs([folder]),
        Path(out),
        "csv",
        level="segment",
        parameters={},
        workers=workers,
        begin=lambda done, told: print(done, flush=True),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
