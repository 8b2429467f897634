"""What the evaluate room refuses."""

from resp.errors import RespError


class EvaluationError(RespError):
    """Labels, predictions or a model and a data set that do not belong together."""
