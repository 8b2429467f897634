"""Folders of noise in the true formats of the data sets."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from resp.datasets.esc import ESC10_CLASSES, ESC50_CLASSES
from resp.datasets.urbansound8k import CLASSES as URBANSOUND8K_CLASSES

Rows = Sequence[tuple[float, float, int, int]]

ESC_HEADER = "filename,fold,target,category,esc10,src_file,take"
URBANSOUND8K_HEADER = "slice_file_name,fsID,start,end,salience,fold,classID,class"
AUDIOSET_CLASSES = (
    "index,mid,display_name",
    '0,/m/09x0r,"Speech"',
    '1,/m/05zppz,"Male speech, man speaking"',
    "2,/t/dd5,Rain",
)
_AUDIOSET_COMMENTS = (
    "# Segments csv created Sun Mar  5 10:54:31 2017",
    "# num_ytids=4, num_segs=4, num_unique_labels=3, num_positive_labels=5",
    "# YTID, start_seconds, end_seconds, positive_labels",
)


def noise(seed: int, duration_s: float, rate_hz: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, int(duration_s * rate_hz)).astype(np.float32)


def write_sound(path: Path, seed: int = 0, duration_s: float = 2.0, rate_hz: int = 4000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise(seed, duration_s, rate_hz), rate_hz, subtype="PCM_16", format="WAV")
    return path


def write_sounds(root: Path, names: Iterable[str], duration_s: float) -> Path:
    """Write sounds, each another noise."""
    for seed, name in enumerate(names):
        write_sound(root / name, seed, duration_s)
    return root


def write_icbhi(
    root: Path,
    recordings: Mapping[str, Rows],
    *,
    folders: bool = False,
    separator: str = "\t",
    silent: Sequence[str] = (),
    tables: Mapping[str, str] | None = None,
    suffix: str = ".wav",
) -> Path:
    """Write recordings (name → rows of the annotation) of 2 s in the layout of the ZIP, or in two folders."""
    sounds = root / "audio" if folders else root / "ICBHI_final_database"
    texts = root / "annotations" if folders else sounds
    texts.mkdir(parents=True)
    for seed, (name, rows) in enumerate(recordings.items()):
        lines = [separator.join(str(cell) for cell in row) for row in rows]
        (texts / f"{name}.txt").write_text("\n".join(lines) + "\n")
        if name not in silent:
            write_sound(sounds / f"{name}{suffix}", seed)
    for name, text in (tables or {}).items():
        (root / name).write_text(text)
    return root


def esc_row(category: str, fold: int, source: int, take: str = "A") -> str:
    """Return a row of ``meta/esc50.csv``."""
    target = ESC50_CLASSES.index(category)
    name = f"{fold}-{source}-{take}-{target}.wav"
    return f"{name},{fold},{target},{category},{category in ESC10_CLASSES},{source},{take}"


def write_esc(
    root: Path,
    rows: Sequence[str],
    *,
    silent: Sequence[str] = (),
    header: str = ESC_HEADER,
    duration_s: float = 0.01,
) -> Path:
    """Write the table of ESC-50 and its sounds; rows in ``silent`` get none."""
    (root / "meta").mkdir(parents=True, exist_ok=True)
    (root / "meta" / "esc50.csv").write_text("\n".join([header, *rows]) + "\n")
    names = [f"audio/{line.partition(',')[0]}" for line in rows if line not in silent]
    return write_sounds(root, names, duration_s)


def urbansound8k_row(source: int, label: int, fold: int, slice_number: int = 0, salience: int = 1) -> str:
    """Return a row of ``metadata/UrbanSound8K.csv``."""
    name = f"{source}-{label}-0-{slice_number}.wav"
    return f"{name},{source},0.5,4.5,{salience},{fold},{label},{URBANSOUND8K_CLASSES[label]}"


def write_urbansound8k(
    root: Path,
    rows: Sequence[str],
    *,
    silent: Sequence[str] = (),
    header: str = URBANSOUND8K_HEADER,
    duration_s: float = 0.01,
) -> Path:
    """Write the table of UrbanSound8K and its sounds; rows in ``silent``, and incomplete ones, get none."""
    (root / "metadata").mkdir(parents=True, exist_ok=True)
    (root / "metadata" / "UrbanSound8K.csv").write_text("\n".join([header, *rows]) + "\n")
    cells = [line.split(",") for line in rows if line not in silent]
    return write_sounds(root, [f"audio/fold{row[5]}/{row[0]}" for row in cells if len(row) == 8], duration_s)


def write_speechcommands(
    root: Path, names: Iterable[str], *, validation: Sequence[str], test: Sequence[str], duration_s: float = 0.01
) -> Path:
    """Write utterances (``word/speaker_nohash_0``) and the two lists of Speech Commands."""
    root.mkdir(parents=True, exist_ok=True)
    for part, listed in (("validation", validation), ("testing", test)):
        (root / f"{part}_list.txt").write_text("".join(f"{name}.wav\n" for name in listed))
    return write_sounds(root, [f"{name}.wav" for name in names], duration_s)


def write_audioset(
    root: Path,
    tables: Mapping[str, Sequence[str] | None],
    sounds: Iterable[str],
    *,
    classes: Sequence[str] = AUDIOSET_CLASSES,
    duration_s: float = 0.01,
) -> Path:
    """Write AudioSet's tables (name → rows; None for no such table), classes, and sounds, ``.wav`` if nothing else."""
    root.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        if rows is not None:
            (root / f"{name}_segments.csv").write_text("\n".join([*_AUDIOSET_COMMENTS, *rows]) + "\n")
    (root / "class_labels_indices.csv").write_text("\n".join(classes) + "\n")
    return write_sounds(root, [f"audio/{name if '.' in name else f'{name}.wav'}" for name in sounds], duration_s)
