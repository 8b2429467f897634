"""What the explanation room refuses."""

from resp.score.errors import ScoreError


class ExplainError(ScoreError):
    """A stretch of sound, a class or a method that cannot be explained."""


class MethodNotApplicable(ExplainError):  # noqa: N818 - names the answer, not a fault
    """A method that has no meaning for this network: it would draw a picture of nothing."""
