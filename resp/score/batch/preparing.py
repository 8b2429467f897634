"""One recording of a list is read, wherever it lies, and made ready for the network."""

import logging
import os
from contextlib import AbstractContextManager

from resp.audio.stream import Source
from resp.errors import RespError
from resp.models.config import ModelConfig
from resp.score.batch.inputs import Input
from resp.score.batch.remote import downloaded, fetched, is_remote
from resp.score.errors import ScoreError
from resp.score.long.sound import LongSound
from resp.score.prepare import Prepared
from resp.score.prepare_file import prepare_file, prepare_source

logger = logging.getLogger(__name__)


def prepare_input(
    item: Input, config: ModelConfig, rate_hz: int, annotations: str | os.PathLike[str] | None = None
) -> Prepared | LongSound:
    """Read a recording; see `resp.score.prepare_file.prepare_file`.

    Raises
    ------
    AudioError, ScoreError, DataError
        What is wrong with it, or it cannot be fetched.
    """
    if item.problem:
        raise ScoreError(item.problem)
    if not is_remote(item.name):
        return prepare_file(item.name, config, rate_hz, annotations, item.known)

    def again(_: Source) -> AbstractContextManager[Source]:
        return downloaded(item.name)

    with fetched(item.name, item.size) as source:
        return prepare_source(again, source, item.name, config, rate_hz, annotations, item.known)


def portable(error: Exception) -> ScoreError:
    """Return an error that can be sent to another process; others than ours may hold anything."""
    if isinstance(error, RespError):
        return ScoreError(str(error))
    logger.error("a recording could not be read", exc_info=error)
    return ScoreError(f"unexpected {type(error).__name__}: {error}")
