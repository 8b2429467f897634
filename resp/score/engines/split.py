"""A network in two: the front end, which stays in torch, and the rest, which becomes a graph.

The front end is what comes before the first learned weight: filter bank and normalisation. It holds Fourier
transforms, which graphs do badly, and costs a hundredth of the network. Networks that hear the waveform itself have
none: their graph takes the waveform.
"""

import torch
from torch import Tensor, nn

from resp.features import FixedNormalise
from resp.models.ast import AudioSpectrogramTransformer
from resp.models.ast_stages import Patches, SpectrogramFrontEnd
from resp.models.network import INPUT, OUTPUT, Network
from resp.models.predict import pooling
from resp.score.errors import ScoreError

_FRONT = ("spectrogram", "cepstrum", "heard")
"""Stages without a weight, each the first of a network that has it."""


def graph_start(network: Network) -> str:
    """Return the stage whose output the graph takes: the front end's, or the waveform."""
    first = network.stage_names[1]
    return first if first in _FRONT else INPUT


class FrontEnd(nn.Module):
    """Windows [n, samples] → what the graph takes.

    Parameters
    ----------
    network
        Its front end is taken; weights behind it are not kept.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        start = graph_start(network)
        self.stage: nn.Module = nn.Identity() if start == INPUT else network.stages[start]
        self.rate_hz = network.rate_hz
        self.input_samples = network.input_samples

    def forward(self, windows: Tensor) -> Tensor:
        """Return the graph's input."""
        made: Tensor = self.stage(windows)
        return made


class Rest(nn.Module):
    """All that is behind the front end: its output → logits, and the pooled output of a stage.

    Of an AST fewer frames than its window has are filled up at their end with what a log-mel energy of 0 becomes
    behind the normalisation: what AST's own feature extractor puts there (Gong et al., Interspeech 2021).

    Parameters
    ----------
    network
        In evaluation mode.
    stage
        See `resp.models.predict.predict_pooled`.

    Raises
    ------
    ScoreError
        A stage of the front end, which the graph does not see.
    """

    filling: Tensor

    def __init__(self, network: Network, stage: str) -> None:
        super().__init__()
        names = network.stage_names
        start = names.index(graph_start(network))
        if stage not in names[start + 1 :]:
            raise ScoreError(
                f"familiarity is judged by stage {stage!r}, which is part of the front end; such a model runs on "
                "engine torch alone"
            )
        self.stages = nn.ModuleDict({name: network.stages[name] for name in names[start + 1 :]})
        self.stage = stage
        self.pool = pooling(network, stage)
        self.most_frames: int | None = None
        self.fill: float | None = None
        patches = network.stages["patches"] if isinstance(network, AudioSpectrogramTransformer) else None
        if isinstance(patches, Patches):
            self.most_frames, self.fill = patches.frames, _fill(network)
            filling = torch.full((1, patches.frames, patches.bins), self.fill)
            self.register_buffer("filling", filling, persistent=False)

    def forward(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [n, classes] and pooled output [n, channels]."""
        if self.most_frames is not None:
            # Joined and cut, and not padded by a number that depends on the input: every engine does this the same.
            filling = self.filling.to(value.dtype).expand(value.shape[0], -1, -1)
            value = torch.cat((value, filling), dim=1)[:, : self.most_frames]
        pooled = value
        for name, module in self.stages.items():
            value = module(value)
            if name == self.stage:
                pooled = self.pool(value)
        # Two outputs of a graph must be two values.
        return value, pooled if self.stage != OUTPUT else value.clone()


def _fill(network: Network) -> float:
    front = network.stages[graph_start(network)]
    if not (isinstance(front, SpectrogramFrontEnd) and isinstance(front.normalise, FixedNormalise)):
        raise AssertionError(f"an AST whose front end is a {type(front).__name__}")
    return float(front.normalise(torch.zeros(())))
