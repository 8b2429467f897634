"""OpenSoundscape (MIT) as a peer: the batch tool for sounds nearest to `resp score` that installs from the index.

Kitzes Lab, "OpenSoundscape: an open-source bioacoustics analysis package for Python", Methods in Ecology and Evolution,
2023. It reads files, cuts them into windows and scores them with any network; it is given the network that ships, the
same windows and as many at once. It measures no quality, looks for no breath cycles and asks for no familiarity.
"""

import importlib.util
import logging
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resp.models.folder import LoadedModel

# Processes of its data loader: none, as with `resp score` (timed by hand with one and two: no faster on two cores).
LOADERS = 0


class _OneChannel(nn.Module):
    """[n, 1, samples] → logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, sounds: Tensor) -> Any:
        return self.network(sounds.squeeze(1))


def is_installed() -> bool:
    """Return whether it can take part: ``pip install opensoundscape``."""
    return importlib.util.find_spec("opensoundscape") is not None


def peer(loaded: LoadedModel, at_once: int) -> tuple[str, Callable[[Sequence[Path]], int]]:
    """Return its name with its version, and what scores files and returns the number of windows."""
    import opensoundscape
    from opensoundscape.ml.cnn import SpectrogramClassifier
    from opensoundscape.preprocess.actions import Action
    from opensoundscape.preprocess.preprocessors import AudioPreprocessor

    clip = loaded.config.clip
    model = SpectrogramClassifier(
        architecture=_OneChannel(loaded.network.eval()),
        classes=list(loaded.config.classes),
        sample_duration=clip.window_s,
        sample_rate=loaded.network.rate_hz,
        single_target=True,
        preprocessor_cls=AudioPreprocessor,
        device="cpu",
    )
    model.preprocessor.insert_action("to_tensor", Action(lambda audio: torch.from_numpy(audio.samples)[None].float()))

    def score(files: Sequence[Path]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = model.predict(
                [str(file) for file in files],
                batch_size=at_once,
                num_workers=LOADERS,
                clip_step=clip.hop_s,
                progress_bar=False,
            )
        if found.isna().any(axis=None):
            raise AssertionError("OpenSoundscape left windows without a score")
        return len(found)

    logging.getLogger("opensoundscape").setLevel(logging.ERROR)
    return f"OpenSoundscape {opensoundscape.__version__}, the same network", score
