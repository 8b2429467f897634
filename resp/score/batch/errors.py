"""What a batch refuses, or what stops it."""

from resp.score.errors import ScoreError


class JournalError(ScoreError):
    """A journal that cannot be written or read; what it holds stays."""


class ClusterError(ScoreError):
    """A cluster that cannot be reached, has no room, or was lost."""


def not_written(place: object, error: OSError) -> JournalError:
    """Return the error of a journal that cannot be written to, such as on a full disk."""
    if isinstance(error, FileNotFoundError):
        return JournalError(f"{place}: cannot be written ({error.strerror}); expected a place in a folder that exists")
    return JournalError(
        f"{place}: cannot be written ({error.strerror or error}); "
        "what was scored is kept: make room, and run the same command again"
    )
