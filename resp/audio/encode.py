"""A Recording becomes a WAV file: for playback and for keeping."""

import os
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from resp.audio.errors import AudioError
from resp.audio.recording import Recording
from resp.audio.synthetic_mark import SYNTHETIC


class WavWriter:
    """Writes a 16-bit WAV file a piece at a time.

    Parameters
    ----------
    stream
        Where to: a binary file that can be moved in; it stays open.
    rate_hz, channels
        Of the sound.
    synthetic
        Whether it is synthetic sound, which the comment says.
    """

    def __init__(self, stream: BinaryIO, rate_hz: int, channels: int, *, synthetic: bool = False) -> None:
        import soundfile

        self._sound = soundfile.SoundFile(stream, "w", rate_hz, channels, subtype="PCM_16", format="WAV")
        if synthetic:
            self._sound.comment = SYNTHETIC

    def write(self, samples: NDArray[np.floating]) -> None:
        """Write samples [channels, time]; those beyond [−1, 1] are cut off."""
        self._sound.write(np.clip(np.rint(samples.T * 32768.0), -32768, 32767).astype(np.int16))

    def close(self) -> None:
        """Complete the file's header."""
        self._sound.close()


def to_wav_bytes(recording: Recording, *, peak: float | None = None) -> bytes:
    """Return a 16-bit WAV file that every browser plays; one of synthetic sound says in its comment that it is.

    Parameters
    ----------
    recording
        What to encode; samples beyond [−1, 1] are cut off.
    peak
        Largest absolute sample wanted, to play quiet recordings louder; None leaves the level as it is. A
        recording of zeros stays one.

    Returns
    -------
    bytes
        The whole file.

    Raises
    ------
    AudioError
        A peak not within (0, 1].
    """
    samples = recording.samples
    if peak is not None:
        if not 0 < peak <= 1:
            raise AudioError(f"a peak of {peak}; expected a number above 0 and at most 1")
        loudest = float(np.abs(samples).max())
        samples = samples * np.float32(peak / loudest) if loudest > 0 else samples
    out = BytesIO()
    writer = WavWriter(out, recording.rate_hz, recording.channels, synthetic=recording.synthetic)
    writer.write(samples)
    writer.close()
    return out.getvalue()


def write_wav(recording: Recording, path: str | os.PathLike[str]) -> Path:
    """Write a 16-bit WAV file; one that is there is replaced only once the new one is whole.

    Parameters
    ----------
    recording
        What to write; samples beyond [−1, 1] are cut off.
    path
        Where to; its folder must exist.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    AudioError
        The path cannot be written.
    """
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_bytes(to_wav_bytes(recording))
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise AudioError(
            f"{target}: cannot be written: {error.strerror}; expected a path in a folder that exists"
        ) from error
    return target
