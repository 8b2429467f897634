"""Gather the sounds that are none of a lung, as a model that ships learns them: links in a folder, one folder a kind.

Usage::

    python benchmarks/outside_sounds.py --esc10 ESC10 --speech SPEAKER --music COLLECTION --out OUTSIDE

They are the sounds that ``familiarity.py`` learns from, so that its table holds for the model: of ESC-10 folds 1 and 2,
of the speaker and the collection of music as many as there.
"""

import argparse
from pathlib import Path

from familiarity_sounds import CLIPS_A_SPEAKER, LEAST_SPEECH_BYTES, sound_files, taught_as

from resp.train.familiarity.fitting import spread

LEARNED_FOLDS = "12"


def main() -> None:
    """Link the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("esc10", "speech", "music", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    if given.out.exists() and any(given.out.iterdir()):
        parser.error(f"{given.out} is not empty; links of an earlier call would stay, so give a new folder")
    kinds = {
        "speech": spread(sound_files(given.speech, LEAST_SPEECH_BYTES), CLIPS_A_SPEAKER),
        "music": sound_files(given.music),
    }
    for folder in sorted(path for path in given.esc10.iterdir() if path.is_dir()):
        kind = taught_as(folder.name.partition(" - ")[2].lower())
        kinds.setdefault(kind, []).extend(path for path in sound_files(folder) if path.name[0] in LEARNED_FOLDS)
    for kind, files in kinds.items():
        (given.out / kind).mkdir(parents=True, exist_ok=True)
        for number, path in enumerate(files):
            (given.out / kind / f"{number:03d}{path.suffix}").symlink_to(path.resolve())
        print(f"{kind}: {len(files)} files")


if __name__ == "__main__":
    main()
