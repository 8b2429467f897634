"""What the training room refuses."""

from resp.errors import RespError


class TrainError(RespError):
    """A recipe, a run folder, starting weights or data that training cannot work with."""
