"""What the models room refuses."""

from resp.errors import RespError


class ModelError(RespError):
    """A network, a set of weights or a model folder that cannot be used as asked."""
