"""FreqMix: the low or the high frequencies of each sound come from a partner.

Source: Gazneli et al., "End-to-end audio strikes back: boosting augmentations towards an efficient audio
classification network", 2022 (EAT), algorithm 1. Its indices run over n_fft; a real sound has n_fft / 2 + 1
bins that are its own, and of those k_c = ⌊λ · bins⌋ are kept. The window length is drawn among several, as the
reference implementation does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from resp.mix.contract import Mix, MixDraw, Origin
from resp.mix.partners import shuffled_partners
from resp.mix.shapes import per_sample
from resp.mix.spectra import (
    WINDOWS,
    check_batch,
    check_windows,
    draw_window,
    mix_spectra,
    waveform_problem,
)
from resp.models.network import Site


@dataclass(frozen=True, slots=True)
class FreqDraw(MixDraw):
    """The draw of one FreqMix batch.

    Parameters
    ----------
    window
        Window length of the transform, in samples.
    first, last
        [batch] int64: the partner's are the bins from ``first`` up to, not including, ``last``, of
        ``window / 2 + 1``; bin k lies at k / window of the sampling rate.
    """

    window: int
    first: Tensor
    last: Tensor


class FreqMix(Mix[FreqDraw]):
    """FreqMix: the low or the high bins of each sample are its partner's, each with probability ½.

    Every sample has its own λ ~ U[0.5, 1]; it keeps ⌊λ · bins⌋ bins, and λ of its label.

    Parameters
    ----------
    windows
        Window lengths in samples, of which one is drawn for each batch.

    Raises
    ------
    MixError
        A window length that is not a positive multiple of four, or none at all.
    """

    def __init__(self, windows: Sequence[int] = WINDOWS) -> None:
        self.windows = check_windows(windows)

    def problem(self, site: Site) -> str | None:
        """Only waveforms have a spectrum that becomes a waveform again."""
        return waveform_problem("FreqMix", site)

    def draw(
        self,
        batch: Tensor,
        site: Site,
        generator: torch.Generator,
        origin: Origin | None = None,  # noqa: ARG002
    ) -> FreqDraw:
        """Draw the partners, the window, the kept shares and the ends.

        Parameters
        ----------
        batch
            [batch, time] or [batch, 1, time], of any length.
        site
            The waveform.
        generator
            A CPU generator.

        Raises
        ------
        MixError
            Another site, samples that are not floating point, or the generator is not on the CPU.
        """
        check_batch("FreqMix", batch, site)
        size = batch.shape[0]
        partner = shuffled_partners(size, generator)
        window = draw_window(self.windows, generator)
        weight = 0.5 + 0.5 * torch.rand(size, generator=generator)
        bins = window // 2 + 1
        # In float64: a product that float32 rounds up to a whole number would keep a bin too many.
        swapped = bins - (weight.double() * bins).long()
        low = torch.rand(size, generator=generator) < 0.5
        first = torch.where(low, 0, bins - swapped)
        return FreqDraw(partner=partner, weight=weight, window=window, first=first, last=first + swapped)

    def apply(self, batch: Tensor, draw: FreqDraw) -> Tensor:
        """Return the waveforms whose drawn bins are the partner's."""

        def mixed(own: Tensor, partner: Tensor) -> Tensor:
            bins = torch.arange(own.shape[-2], device=own.device)[:, None]
            swapped = (bins >= per_sample(draw.first, own)) & (bins < per_sample(draw.last, own))
            return torch.where(swapped, own[partner], own)

        return mix_spectra(batch, draw.partner, draw.window, mixed)
