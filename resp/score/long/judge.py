"""Stretches become the report of a long recording."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.models.config import ModelConfig
from resp.score.conclude import concluded, unusable
from resp.score.errors import ScoreError
from resp.score.familiarity import check_channels, recognise_feature
from resp.score.hear import Heard, Run, hear
from resp.score.long.limits import MOST_SEGMENTS_S
from resp.score.long.sound import Closing, Opening, Piece
from resp.score.prepare import Span
from resp.score.schema import FamiliarityResult, ModelIdentity, Report, Segment, Stretch
from resp.score.summarise import summarise, summarise_logits

Floats = NDArray[np.float64]
Keep = Callable[[Sequence[Segment]], None]


def judge_long(pieces: Iterable[Piece], begin: Callable[[Opening], "LongJudge"]) -> Report:
    """Return the report of `resp.score.long.sound.LongSound.pieces`; ``begin`` makes what takes them."""
    left = iter(pieces)
    opening = next(left, None)
    if not isinstance(opening, Opening):
        raise ScoreError(f"a long recording that begins with {type(opening).__name__}; expected its opening")
    judge = begin(opening)
    for piece in left:
        judge.add(piece)
    return judge.report()


class LongJudge:
    """Takes the pieces of a long recording in order.

    Of each segment it holds its logits and its length alone.

    Parameters
    ----------
    config, identity
        The model's.
    run
        Runs the network: see `resp.score.hear.Run`.
    segment
        Makes a segment of its span, its logits [classes] and the device that it was recorded with.
    opening
        The first piece.
    keep
        Given the segments of each stretch of a recording whose report is not to hold them, before it is known whether
        it is refused (see `resp.score.familiarity.withhold`); None lets go of them.
    """

    def __init__(
        self,
        config: ModelConfig,
        identity: ModelIdentity,
        run: Run,
        segment: Callable[[Span, NDArray[Any], str | None], Segment],
        opening: Opening,
        keep: Keep | None = None,
    ) -> None:
        self._config, self._identity, self._opening = config, identity, opening
        self._run, self._segment = run, segment
        self._inside = (opening.identity.duration_s or 0.0) <= MOST_SEGMENTS_S
        self._keep = keep
        self._segments: list[Segment] = []
        self._logits: list[Floats] = []
        self._lengths_s: list[Floats] = []
        self._labels: Counter[str] = Counter()
        self._stretches: list[Stretch] = []
        self._feature, self._weight = np.zeros(0), 0.0
        self._closing: Closing | None = None

    def add(self, piece: Piece) -> None:
        """Take the next stretch, or what closes the recording.

        Raises
        ------
        ScoreError
            Another opening, or a network that gives values that are not finite numbers.
        """
        if isinstance(piece, Opening):
            raise ScoreError(f"{piece.identity.file}: a second opening of a recording that is not closed")
        if isinstance(piece, Closing):
            self._closing = piece
            return
        if not piece.prepared.spans:
            # Between annotated cycles: silence of the annotator is none of ours.
            return
        heard = hear(piece.prepared, self._run, self._config.familiarity, piece.windows)
        logits = heard.logits
        self._listen(heard)
        device = self._opening.identity.device
        spans = [_moved(span, piece.offset_s) for span in piece.prepared.spans]
        segments = [self._segment(span, row, device) for span, row in zip(spans, logits, strict=True)]
        summary, reason = summarise(
            segments,
            logits,
            self._config,
            piece.prepared.breaths_per_min,
            piece.prepared.breaths_interval,
            device=device,
        )
        self._stretches.append(Stretch(start_s=piece.start_s, end_s=piece.end_s, summary=summary, abstained=reason))
        self._labels.update(segment.label or "abstained" for segment in segments)
        self._logits.append(logits.astype(np.float32))
        self._lengths_s.append(np.array([span.end_s - span.start_s for span in spans]))
        if self._inside:
            self._segments += segments
        elif self._keep:
            self._keep(segments)

    def report(self) -> Report:
        """Return the report."""
        opening, closing = self._opening, self._closing
        if closing is None or not self._logits:
            return unusable(opening, self._identity)
        summary, reason = summarise_logits(
            np.concatenate(self._logits).astype(np.float64),
            np.concatenate(self._lengths_s),
            self._labels,
            self._config,
            closing.rate.per_min,
            closing.rate.interval,
            device=opening.identity.device,
        )
        return concluded(
            opening,
            self._identity,
            self._config,
            summary=summary,
            reason=reason,
            segments=self._segments,
            # One stretch is no more than the whole.
            stretches=self._stretches if len(self._stretches) > 1 else (),
            known=self._recognised(closing),
            noticed=closing.warnings,
        )

    def _listen(self, heard: Heard) -> None:
        """Add the stretch's windows to the recording's feature."""
        if not heard.windows:
            return
        lengths_s = np.array([span.end_s - span.start_s for span in heard.windows])
        weighted = lengths_s @ heard.pooled.astype(np.float64)
        self._feature = weighted if not self._weight else self._feature + weighted
        self._weight += float(lengths_s.sum())

    def _recognised(self, closing: Closing) -> FamiliarityResult | None:
        stored = self._config.familiarity
        if stored is None or not self._weight:
            return None
        check_channels(stored, self._feature.size)
        return recognise_feature(stored, self._feature / self._weight, closing.spectrum)


def _moved(span: Span, offset_s: float) -> Span:
    return Span(span.kind, span.start_s + offset_s, span.end_s + offset_s)
