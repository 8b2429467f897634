"""A gallery: every registered augmentation and mix of one clip, in one folder."""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

import resp.augment
import resp.mix
from resp.audio import to_wav_bytes
from resp.errors import RespError
from resp.gallery.augmentations import show_augmentation
from resp.gallery.errors import GalleryError
from resp.gallery.exhibit import Exhibit, Heard
from resp.gallery.mixes import show_mix
from resp.gallery.page import Shown, Sound, page_html
from resp.gallery.pictures import draw
from resp.gallery.scene import Scene, read_scene

PAGE = "index.html"
_PICTURES, _SOUNDS = PurePosixPath("pictures"), PurePosixPath("sounds")
# The largest sample that 16 bits hold.
_FULL_SCALE = 32767 / 32768

Job = tuple[Exhibit, Callable[[Exhibit, Scene], Exhibit]]


@dataclass(frozen=True, slots=True)
class Gallery:
    """What was written.

    Parameters
    ----------
    page
        The page that shows it all.
    shown, missing
        What it shows, and what could not be shown and why; together all that is registered.
    """

    page: Path
    shown: tuple[Exhibit, ...]
    missing: tuple[Exhibit, ...]


def make_gallery(
    clip: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    other: str | os.PathLike[str] | None = None,
    rate_hz: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Gallery:
    """Write a page that shows what each augmentation and each mix makes of a clip.

    Parameters
    ----------
    clip
        A sound file; of a long one the beginning.
    out
        Folder of the page, its pictures (PNG) and sounds (16-bit WAV); made where it is not there. Files of an
        earlier gallery are replaced, others stay.
    other
        The sound file that mixes take as the partner; a synthetic breath sound where None.
    rate_hz
        Rate at which everything acts, in Hz; the clip's own where None.
    seed
        The same seed gives the same gallery.
    progress
        Called with how many of how many are done.

    Raises
    ------
    RespError
        A sound that cannot be read, or a folder that cannot be written. What cannot be shown is no error: the
        page says why.
    """
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise GalleryError(f"{folder}: a file; expected a folder to write to")
    scene = read_scene(clip, other, rate_hz=rate_hz, seed=seed)
    try:
        return _write(scene, folder, progress)
    except OSError as error:
        raise GalleryError(f"{folder}: cannot be written: {error.strerror or error}; choose another folder") from error


def registered() -> Iterator[Job]:
    """Give everything that is registered, and what shows it."""
    for one in resp.augment.REGISTRY:
        record = resp.augment.find(one.name)
        exhibit = Exhibit(record.acts_on, record.name, record.description, record.source)
        yield exhibit, partial(show_augmentation, record)
    for one in resp.mix.REGISTRY:
        yield Exhibit("mix", one.name, one.description, one.source), partial(show_mix, one)


def _write(scene: Scene, folder: Path, progress: Callable[[int, int], None] | None) -> Gallery:
    for part in (_PICTURES, _SOUNDS):
        (folder / part).mkdir(parents=True, exist_ok=True)
    given = []
    for title, waveform in (("clip", scene.clip), ("other", scene.other)):
        sound, encoded = _encoded(title, title, waveform, scene)
        (folder / sound.path).write_bytes(encoded)
        given.append(sound)
    jobs = list(registered())
    shown: list[Shown] = []
    missing: list[Exhibit] = []
    for done, (exhibit, show) in enumerate(jobs, 1):
        try:
            one, files = _rendered(show(exhibit, scene), given, scene)
        except (RespError, ImportError) as error:
            missing.append(replace(exhibit, problem=str(error)))
        except Exception as error:
            # One that fails must not cost the others; the page says so.
            missing.append(replace(exhibit, problem=f"{type(error).__name__}: {error}"))
        else:
            for path, content in files.items():
                (folder / path).write_bytes(content)
            shown.append(one)
        if progress is not None:
            progress(done, len(jobs))
    page = folder / PAGE
    page.write_text(page_html(scene, shown, missing), encoding="utf-8")
    return Gallery(page, tuple(one.exhibit for one in shown), tuple(missing))


def _rendered(exhibit: Exhibit, given: Sequence[Sound], scene: Scene) -> tuple[Shown, dict[PurePosixPath, bytes]]:
    """Return an exhibit's files, and their content; the sounds it was given are there already."""
    picture = _PICTURES / f"{exhibit.key}.png"
    files = {picture: draw(exhibit.panels, scene.rate_hz)}
    sounds: tuple[Sound, ...] = ()
    made = exhibit.panels[-1]
    if isinstance(made, Heard):
        sound, files[_sound_path(exhibit.key)] = _encoded(made.title, exhibit.key, made.waveform, scene)
        sounds = (*given[: len(exhibit.panels) - 1], sound)
    return Shown(exhibit, picture, sounds), files


def _encoded(title: str, name: str, waveform: NDArray[np.float32], scene: Scene) -> tuple[Sound, bytes]:
    """Return a sound that 16 bits hold without cutting anything off, and its bytes."""
    recording = scene.recording(waveform)
    peak = float(np.abs(recording.samples).max())
    # A sample of exactly 1 is rounded by one step, which is no cut.
    if peak <= 1:
        return Sound(title, _sound_path(name)), to_wav_bytes(recording)
    encoded = to_wav_bytes(recording, peak=_FULL_SCALE)
    return Sound(title, _sound_path(name), scaled_db=20 * math.log10(_FULL_SCALE / peak)), encoded


def _sound_path(name: str) -> PurePosixPath:
    return _SOUNDS / f"{name}.wav"
