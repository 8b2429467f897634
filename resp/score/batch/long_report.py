"""The report of a long recording, of which piece after piece comes."""

from typing import TYPE_CHECKING

from resp.score.batch.judge import Judge
from resp.score.long.sound import Opening, Piece
from resp.score.schema import Report

if TYPE_CHECKING:
    from resp.score.long.judge import Keep, LongJudge


class LongReport:
    """Takes the pieces of a long recording; what goes wrong with one is in the report.

    Parameters
    ----------
    judge
        A scorer.
    keep
        Takes the segments that the report does not hold.
    """

    def __init__(self, judge: Judge, keep: "Keep") -> None:
        self._judge, self._keep = judge, keep
        self._long: LongJudge | None = None
        self._error: Exception | None = None

    def add(self, piece: Piece) -> None:
        """Take a piece; after an error those that follow are let go of."""
        if self._error:
            return
        try:
            if isinstance(piece, Opening):
                self._long = self._judge.long_judge(piece, self._keep)
            elif self._long:
                self._long.add(piece)
        except Exception as error:
            self._error = error

    def report(self, name: str) -> Report:
        """Return the report."""
        try:
            if self._error:
                raise self._error
            if self._long is None:
                raise ValueError("a recording without a beginning")
            return self._long.report()
        except Exception as error:
            return self._judge.failed(name, error)
