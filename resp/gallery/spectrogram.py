"""The log-mel spectrogram on which the gallery shows what has no sound, and its patches."""

from torch import Tensor, nn

from resp.features import FeatureError, FilterBankSettings, LogMel
from resp.gallery.errors import GalleryError
from resp.models.network import Network, Site

GRID = (4, 8)
"""(frequency, time) patches: few, so that each can be seen."""
_MEL_BINS = (128, 64, 32, 16)


def filter_bank(rate_hz: int) -> FilterBankSettings:
    """Return AST's filter bank, with fewer bins where the rate is too low for them.

    Raises
    ------
    GalleryError
        The rate is too low for any.
    """
    for bins in _MEL_BINS:
        try:
            return FilterBankSettings(rate_hz=rate_hz, bins=bins)
        except FeatureError:
            continue
    raise GalleryError(f"{rate_hz} Hz is too low for a spectrogram of {_MEL_BINS[-1]} bins; give a higher rate")


class Patches(nn.Module):
    """Cuts spectrograms into a grid of patches.

    Parameters
    ----------
    grid
        (frequency, time) number of patches.
    """

    def __init__(self, grid: tuple[int, int] = GRID) -> None:
        super().__init__()
        self.grid = grid

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Cut [batch, frame, bin] into [batch, patch, cell], row by row; frames that fill no patch are left out.

        Raises
        ------
        GalleryError
            Fewer frames than patches.
        """
        rows, columns = self.grid
        batch, frames, bins = spectrogram.shape
        if frames < columns:
            raise GalleryError(f"{frames} frames for {columns} patches; give a longer clip")
        width = frames // columns
        cells = spectrogram[:, : width * columns].reshape(batch, columns, width, rows, bins // rows)
        return cells.permute(0, 3, 1, 2, 4).reshape(batch, rows * columns, -1)

    def join(self, patches: Tensor, bins: int) -> Tensor:
        """Put [batch, patch, cell] together to [batch, frame, bin] again."""
        rows, columns = self.grid
        cells = patches.reshape(len(patches), rows, columns, -1, bins // rows)
        return cells.permute(0, 2, 3, 1, 4).reshape(len(patches), -1, bins)


def show_network(rate_hz: int) -> Network:
    """Return a network that learns nothing and has the sites at which the gallery shows mixes.

    ``waveform``, ``spectrogram`` ("batch", "frame", "bin") and ``patches``.
    """
    return Network(
        {"spectrogram": LogMel(filter_bank(rate_hz)), "patches": Patches(), "logits": nn.Flatten()},
        sites=[
            Site("spectrogram", ("batch", "frame", "bin")),
            Site("patches", ("batch", "patch", "cell"), grid=GRID),
        ],
        classes=("clip", "other"),
        rate_hz=rate_hz,
        input_samples=None,
        feature_size=0,
    )
