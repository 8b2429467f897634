"""One kind of noise a clip, drawn among several."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform
from resp.augment.errors import AugmentError
from resp.augment.noise import ColouredNoise
from resp.augment.phase_noise import PhaseNoise
from resp.augment.uniform_noise import UniformNoise

NoiseKind = Literal["white", "pink", "red", "blue", "violet", "uniform", "phase"]
NOISE_KINDS: tuple[NoiseKind, ...] = get_args(NoiseKind)


@dataclass(frozen=True, slots=True)
class KindDraw:
    """What one kind drew for the samples that it got.

    Parameters
    ----------
    transform
        The kind.
    rows
        Which samples of the batch, int64.
    drawn
        Its own draw for them.
    """

    transform: WaveformTransform[Any]
    rows: Tensor
    drawn: Any


class AnyNoise(WaveformTransform[tuple[KindDraw, ...]]):
    """Give each sample one kind of noise, all alike likely: what EAT does (Gazneli et al., 2022).

    Parameters
    ----------
    kinds
        Which: see `ColouredNoise`, `UniformNoise` and `PhaseNoise`.
    snr_db
        (lowest, highest) signal-to-noise ratio of those that are added.
    deviation_rad
        (lowest, highest) standard deviation of the angles of ``phase``.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        No kind or an unknown one, a span that its kind refuses, or ``probability`` is not in [0, 1].
    """

    def __init__(
        self,
        kinds: tuple[NoiseKind, ...] = NOISE_KINDS,
        snr_db: Span = (10.0, 40.0),
        deviation_rad: Span = (0.01, 0.3),
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        if isinstance(kinds, str) or not kinds or not set(kinds) <= set(NOISE_KINDS):
            raise AugmentError(f"kinds {kinds!r}; expected a list of some of {', '.join(NOISE_KINDS)}")
        self.kinds = kinds
        self._transforms = tuple(_make(kind, snr_db, deviation_rad) for kind in kinds)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> tuple[KindDraw, ...]:
        """Draw the kind of each sample, and what that kind draws."""
        chosen = torch.randint(len(self.kinds), (len(waveform),), generator=generator, device=generator.device)
        drawn = []
        for number, transform in enumerate(self._transforms):
            rows = (chosen == number).nonzero().flatten().to(waveform.device)
            if len(rows):
                drawn.append(KindDraw(transform, rows, transform.draw(waveform[rows], generator)))
        return tuple(drawn)

    def apply(self, waveform: Tensor, drawn: tuple[KindDraw, ...]) -> Tensor:
        """Return the batch with its noise."""
        changed = waveform
        for kind in drawn:
            changed = changed.index_copy(0, kind.rows, kind.transform.apply(waveform[kind.rows], kind.drawn))
        return changed


def _make(kind: NoiseKind, snr_db: Span, deviation_rad: Span) -> WaveformTransform[Any]:
    if kind == "uniform":
        return UniformNoise(snr_db)
    if kind == "phase":
        return PhaseNoise(deviation_rad)
    return ColouredNoise(snr_db, colours=(kind,))
