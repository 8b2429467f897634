"""What a batch asks of whoever judges, which is a `resp.score.Scorer`."""

from typing import TYPE_CHECKING, Protocol

from resp.models.config import ModelConfig
from resp.score.long.sound import LongSound, Opening
from resp.score.prepare import Prepared
from resp.score.schema import ModelIdentity, Report

if TYPE_CHECKING:
    from resp.score.long.judge import Keep, LongJudge


class Judge(Protocol):
    """Makes reports of what is ready for the network."""

    @property
    def identity(self) -> ModelIdentity:
        """Of the model."""
        ...

    @property
    def config(self) -> ModelConfig:
        """The model's."""
        ...

    @property
    def rate_hz(self) -> int:
        """The network's sampling rate."""
        ...

    def judge_or_fail(self, file: str, made: Prepared | LongSound | Exception, keep: "Keep | None" = None) -> Report:
        """Return the report of what was made of a file."""
        ...

    def long_judge(self, opening: Opening, keep: "Keep | None" = None) -> "LongJudge":
        """Return what takes the other pieces of a long recording."""
        ...

    def failed(self, file: str, error: Exception) -> Report:
        """Return the report of a recording that could not be scored."""
        ...
