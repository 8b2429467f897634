"""Time shift: a breath cycle has no fixed first sample."""

import math
from typing import Literal

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.errors import AugmentError

ShiftMode = Literal["cyclic", "linear"]


class TimeShift(WaveformTransform[Tensor]):
    """Shift each sample in time, by whole samples or by any amount.

    It keeps a label of the whole clip. Labels with times (start and end of an event) would have to move too.

    Parameters
    ----------
    shift_share
        (lowest, highest) shift as a share of the clip, within −1 to 1; positive is later.
    probability
        Chance of each sample of a batch.
    mode
        ``cyclic``: what leaves at one end comes back at the other; ``linear``: it is lost, and zeros come in.
    fractional
        Shifts between whole samples too, by the shift theorem: the spectrum times exp(−2πi·f·shift), of the clip
        or, linear, of the clip with as many zeros behind it. It is exact for what lies below the Nyquist frequency;
        a step at an end of the clip is no such thing and rings.

    Raises
    ------
    AugmentError
        ``shift_share`` runs backwards or leaves [−1, 1], no such mode, or ``probability`` is not in [0, 1].
    """

    def __init__(
        self,
        shift_share: Span = (-0.5, 0.5),
        probability: float = 1.0,
        *,
        mode: ShiftMode = "cyclic",
        fractional: bool = False,
    ) -> None:
        super().__init__(probability)
        self.shift_share = check_span("shift_share", shift_share, low=-1, high=1)
        if mode not in ("cyclic", "linear"):
            raise AugmentError(f"mode {mode!r}; expected 'cyclic' or 'linear'")
        self.mode = mode
        self.fractional = fractional

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the shifts in samples, [batch, 1]: int64, or float64 where they are fractional."""
        share = uniform(waveform, self.shift_share, generator)
        if self.fractional:
            return share.double() * waveform.shape[1]
        return (share * waveform.shape[1]).round().long()

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the batch, each row shifted."""
        if self.fractional:
            return self._delay(waveform, drawn)
        # Row by row, because copies of stretches are many times faster than a gather.
        return torch.stack([self._move(row, by) for row, by in zip(waveform, drawn.flatten().tolist(), strict=True)])

    def _move(self, row: Tensor, by: int) -> Tensor:
        if self.mode == "cyclic":
            return row.roll(by)
        silence = row.new_zeros(abs(by))
        return torch.cat([silence, row[: len(row) - by]] if by >= 0 else [row[-by:], silence])

    def _delay(self, waveform: Tensor, samples: Tensor) -> Tensor:
        time = waveform.shape[1]
        size = time if self.mode == "cyclic" else 2 * time
        spectrum = torch.fft.rfft(waveform, n=size)
        turns = torch.arange(size // 2 + 1, dtype=torch.float64, device=waveform.device) * samples / size
        # Of many turns only the last part counts, and only it fits into single precision.
        angle = (-2 * math.pi * turns.frac()).to(waveform.dtype)
        delayed: Tensor = torch.fft.irfft(spectrum * torch.complex(angle.cos(), angle.sin()), n=size)[:, :time]
        return delayed
