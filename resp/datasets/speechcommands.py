"""Speech Commands, version 2: 105 829 utterances of 35 words, about a second each.

Warden 2018, "Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition", arXiv 1804.03209. Read are a
folder for each word (``bed/026290a7_nohash_0.wav``: speaker, number) and the two lists of the official split,
``validation_list.txt`` and ``testing_list.txt``; what neither lists is for training. The speaker is the item's
``patient``. ``_background_noise_`` is no word: its files are counted and left out.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from resp.datasets.census import Census, Count, name_some
from resp.datasets.clips import divided_note, find_table, list_folder
from resp.datasets.errors import DataError
from resp.datasets.items import DataSet, Item

# Table 1 of the paper; the classes stand in this, the alphabetical order.
WORD_UTTERANCES = {
    "backward": 1664,
    "bed": 2014,
    "bird": 2064,
    "cat": 2031,
    "dog": 2128,
    "down": 3917,
    "eight": 3787,
    "five": 4052,
    "follow": 1579,
    "forward": 1557,
    "four": 3728,
    "go": 3880,
    "happy": 2054,
    "house": 2113,
    "learn": 1575,
    "left": 3801,
    "marvin": 2100,
    "nine": 3934,
    "no": 3941,
    "off": 3745,
    "on": 3845,
    "one": 3890,
    "right": 3778,
    "seven": 3998,
    "sheila": 2022,
    "six": 3860,
    "stop": 3872,
    "three": 3727,
    "tree": 1759,
    "two": 3880,
    "up": 3723,
    "visual": 1592,
    "wow": 2123,
    "yes": 4044,
    "zero": 4052,
}
WORDS = tuple(WORD_UTTERANCES)
PART_UTTERANCES = {"train": 84_843, "validation": 9_981, "test": 11_005}
LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
NOISE = "_background_noise_"


def read_speechcommands(root: Path) -> DataSet:
    """Read Speech Commands.

    Parameters
    ----------
    root
        Folder of the data set, or of a part of it.

    Returns
    -------
    DataSet
        One item per utterance, sorted by word and file name; ``part`` is train, validation or test.

    Raises
    ------
    DataError
        A list is not there or has a wrong line, a folder is no word, a file name is no utterance's, or no sound
        is there.
    """
    files = list_folder(root, "the folder of Speech Commands")
    base = find_table(root, files, LISTS["test"]).parent
    part_of = _read_lists(base)
    items: list[Item] = []
    noises = 0
    for path in files:
        if path.parent.parent != base or path.suffix.lower() != ".wav" or path.name.startswith("."):
            continue
        word = path.parent.name
        if word == NOISE:
            noises += 1
            continue
        speaker = re.fullmatch(r"([0-9a-f]+)_nohash_\d+", path.stem)
        if word not in WORDS:
            raise DataError(f"{path.parent}: no word of Speech Commands; expected {', '.join(WORDS)} or {NOISE}")
        if speaker is None:
            raise DataError(f"{path}: not the name of an utterance; expected SPEAKER_nohash_NUMBER.wav")
        name = f"{word}/{path.stem}"
        items.append(
            Item(
                recording=name,
                path=path,
                start_s=None,
                end_s=None,
                label=WORDS.index(word),
                patient=speaker[1],
                part=part_of.pop(name, "train"),
            )
        )
    if not items:
        raise DataError(f"{base}: no utterance found; expected a folder of wav files for each word beside the lists")
    items.sort(key=lambda item: item.recording)
    notes = [f"left out, no word: {noises} files of {NOISE}"] if noises else []
    if part_of:
        lost = Counter(part_of.values())
        listed = ", ".join(f"{count} of {LISTS[part]}" for part, count in sorted(lost.items()))
        notes.append(f"sound missing: {listed} ({name_some(sorted(part_of))})")
    notes += divided_note(items, lambda item: str(item.part))
    return DataSet("speechcommands", WORDS, tuple(items), Census(tuple(_counts(items)), tuple(notes)), "single_label")


def _read_lists(base: Path) -> dict[str, str]:
    """Return word/name → part of everything that is not for training."""
    part_of: dict[str, str] = {}
    for part, file_name in LISTS.items():
        table = base / file_name
        try:
            lines = table.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{table}: cannot be read ({error}); expected lines such as bed/0_nohash_0.wav") from error
        for number, line in enumerate(lines, start=1):
            name = line.strip().removesuffix(".wav")
            if not name:
                continue
            if name.partition("/")[0] not in WORDS:
                raise DataError(f"{table}, line {number}: {line!r}; expected a word and a file, as bed/0_nohash_0.wav")
            if name in part_of:
                raise DataError(f"{table}, line {number}: {line!r} is listed already (for {part_of[name]})")
            part_of[name] = part
    return part_of


def _counts(items: list[Item]) -> Iterable[Count]:
    yield Count("utterances", len(items), sum(WORD_UTTERANCES.values()))
    yield Count("speakers", len({item.patient for item in items}))
    parts = Counter(item.part for item in items)
    for part, expected in PART_UTTERANCES.items():
        yield Count(part, parts[part], expected)
    words = Counter(item.label for item in items)
    for label, (word, expected) in enumerate(WORD_UTTERANCES.items()):
        yield Count(word, words[label], expected)
