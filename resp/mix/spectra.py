"""What mixes of time-frequency spectra share: how they change a batch, where they can act, their windows."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from resp.features.errors import FeatureError
from resp.features.stft import check_stft_window, istft, stft
from resp.mix.errors import MixError
from resp.models.network import INPUT, Site

WINDOWS = (512, 1024, 2048)
"""Window lengths in samples from which one is drawn for each batch; at 22.05 kHz they last 23 to 93 ms."""
TIME_AXIS = "time"


def mix_spectra(batch: Tensor, partner: Tensor, window: int, mixed: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Change the spectrum of each waveform of a batch by its partner's.

    Parameters
    ----------
    batch
        [batch, ..., time]; half precision is computed in float32.
    partner
        [batch] int64.
    window
        Window length in samples.
    mixed
        From the spectra [batch, ..., bins, frames] and the partners, on their device, to the mixed spectra.

    Returns
    -------
    Tensor
        A new tensor of the batch's shape, type and device.
    """
    own = stft(batch, window)
    changed = mixed(own, partner.to(own.device))
    return istft(changed, window, batch.shape[-1]).to(batch.dtype)


def waveform_problem(mix: str, site: Site) -> str | None:
    """Say why a mix of waveforms cannot act at a site; None where it can."""
    if site.name == INPUT and site.axes[-1] == TIME_AXIS:
        return None
    return (
        f"{mix} cannot act at site {site.name!r} with axes {site.axes}; "
        f"choose the site {INPUT!r}, its {TIME_AXIS!r} axis last"
    )


def check_batch(mix: str, batch: Tensor, site: Site) -> None:
    """Raise `MixError` where a mix of waveforms cannot act on a batch at a site."""
    if problem := waveform_problem(mix, site):
        raise MixError(problem)
    if batch.ndim != len(site.axes) or not batch.is_floating_point() or 0 in batch.shape:
        raise MixError(
            f"a batch of shape {tuple(batch.shape)} and type {batch.dtype} at site {site.name!r}; "
            f"expected floating-point samples {list(site.axes)}, at least one"
        )


def check_windows(windows: Sequence[int]) -> tuple[int, ...]:
    """Return window lengths in samples; `MixError` where one is none, or where there are none."""
    if isinstance(windows, str) or not isinstance(windows, Sequence) or not windows:
        raise MixError(f"windows={windows!r}; expected a list of window lengths in samples, such as {list(WINDOWS)}")
    for window in windows:
        try:
            check_stft_window(window)
        except FeatureError as error:
            raise MixError(f"windows={windows!r}: {error}") from error
    return tuple(windows)


def draw_window(windows: tuple[int, ...], generator: torch.Generator) -> int:
    """Draw one of the window lengths, each as likely as the others."""
    return windows[int(torch.randint(len(windows), (), generator=generator))]
