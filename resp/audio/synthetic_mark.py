"""A WAV file of synthetic sound says so itself, so that it is told from a patient's wherever it goes."""

from typing import BinaryIO

from resp.audio.containers import HEAD_BYTES, sniff
from resp.audio.stream import Nameless

SYNTHETIC = "synthetic: no chest made this sound"
"""The file's comment (chunk LIST, ICMT)."""


def says_synthetic(stream: BinaryIO) -> bool:
    """Tell whether a WAV file says that its sound is synthetic; False for what is no such file."""
    import soundfile

    stream.seek(0)
    container = sniff(stream.read(HEAD_BYTES))
    if container is None or container.name != "WAV":
        return False
    stream.seek(0)
    try:
        with soundfile.SoundFile(Nameless(stream)) as sound:
            return bool(sound.comment == SYNTHETIC)
    except soundfile.LibsndfileError:
        return False
