"""Annotated breath cycles that lie beside recordings."""

import os
from pathlib import Path

from resp.score.errors import ScoreError


def cycles_for(
    recording: str | os.PathLike[str], annotations: str | os.PathLike[str]
) -> tuple[tuple[float, float], ...] | None:
    """Return the annotated cycles ``(start_s, end_s)`` of a recording.

    Parameters
    ----------
    recording
        The sound file.
    annotations
        A text file in the format of the ICBHI database, or a folder that may hold ``<name of the sound
        file>.txt``.

    Returns
    -------
    tuple or None
        None where the folder holds no annotation of this recording.

    Raises
    ------
    ScoreError
        Neither a file nor a folder, or a file without any cycle.
    DataError
        A row that is not a cycle.
    """
    from resp.datasets.icbhi_tables import read_annotation

    place = Path(annotations)
    if place.is_dir():
        place = place / f"{Path(recording).stem}.txt"
        if not place.is_file():
            return None
    elif not place.is_file():
        raise ScoreError(f"{place}: no such annotation file or folder")
    cycles = tuple((cycle.start_s, cycle.end_s) for cycle in read_annotation(place))
    if not cycles:
        raise ScoreError(f"{place}: no cycle in it; expected rows of start, end, crackles, wheezes")
    return cycles
