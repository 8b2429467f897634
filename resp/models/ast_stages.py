"""The stages of an AST that stand around its encoder blocks."""

import torch
from torch import Tensor, nn

from resp.features import FixedNormalise, LogMel
from resp.models.errors import ModelError

TOKENS = 2
"""The class and the distillation token."""
INITIAL_STD = 0.02


class SpectrogramFrontEnd(nn.Module):
    """Waveform [batch, samples] → normalised log-mel spectrogram [batch, frames, bins].

    Parameters
    ----------
    log_mel, normalise
        Its two halves.
    subtract_mean
        Whether each waveform loses its mean first.
    """

    def __init__(self, log_mel: LogMel, normalise: FixedNormalise, *, subtract_mean: bool) -> None:
        super().__init__()
        self.log_mel = log_mel
        self.normalise = normalise
        self.subtract_mean = subtract_mean

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the spectrogram."""
        if self.subtract_mean:
            waveform = waveform - waveform.mean(dim=1, keepdim=True)
        spectrogram: Tensor = self.normalise(self.log_mel(waveform))
        return spectrogram


class Patches(nn.Module):
    """Spectrogram [batch, frames, bins] → patch vectors [batch, N, width], frequency outermost.

    Parameters
    ----------
    width
        Size of a vector.
    frames, bins
        The one spectrogram size that is taken.
    patch, stride
        Size of a patch and step between patches, ``(bins, frames)``.
    """

    def __init__(self, width: int, *, frames: int, bins: int, patch: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        self.frames = frames
        self.bins = bins
        self.projection = nn.Conv2d(1, width, kernel_size=patch, stride=stride)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Return the vectors; `ModelError` for a spectrogram of another shape."""
        if spectrogram.ndim != 3 or spectrogram.shape[1:] != (self.frames, self.bins):
            raise ModelError(
                f"a spectrogram of shape {tuple(spectrogram.shape)}; "
                f"expected [batch, {self.frames} frames, {self.bins} bins]"
            )
        image = spectrogram.transpose(1, 2).unsqueeze(1)
        vectors: Tensor = self.projection(image).flatten(2).transpose(1, 2)
        return vectors


class Tokens(nn.Module):
    """Patch vectors [batch, N, width] → tokens [batch, 2 + N, width]: two tokens in front, positions added.

    Parameters
    ----------
    width
        Size of a token.
    grid
        ``(frequency, time)`` layout of the patches.
    dropout
        Behind the sum.
    """

    def __init__(self, width: int, grid: tuple[int, int], dropout: float) -> None:
        super().__init__()
        self.grid = grid
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.distillation_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, TOKENS + grid[0] * grid[1], width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, patches: Tensor) -> Tensor:
        """Return the tokens; `ModelError` where the number or size of the patches is another."""
        count, width = self.positions.shape[1] - TOKENS, self.positions.shape[2]
        if patches.ndim != 3 or patches.shape[1:] != (count, width):
            raise ModelError(
                f"patches of shape {tuple(patches.shape)}; expected [batch, {count}, {width}], "
                f"a grid (frequency, time) of {self.grid}"
            )
        front = torch.cat((self.class_token, self.distillation_token), dim=1).expand(patches.shape[0], -1, -1)
        tokens: Tensor = self.dropout(torch.cat((front.to(patches.dtype), patches), dim=1) + self.positions)
        return tokens


class Feature(nn.Module):
    """Tokens [batch, 2 + N, width] → feature [batch, width]: the mean of the first two, normalised.

    Parameters
    ----------
    width
        Size of a token.
    norm_eps
        What the layer norm adds to the variance.
    """

    def __init__(self, width: int, norm_eps: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=norm_eps)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the feature."""
        # Only these two: a layer norm works on each token by itself.
        feature: Tensor = self.norm(tokens[:, :TOKENS]).mean(dim=1)
        return feature


def initialise(module: nn.Module, generator: torch.Generator | None = None) -> None:
    """Give every weight of a transformer's stages its random starting value, in place.

    Weights, tokens and positions are drawn from a normal distribution of standard deviation 0.02, biases are 0
    and layer norms the identity.

    Parameters
    ----------
    module
        A stage, or several.
    generator
        Where the randomness comes from, on the weights' device; torch's own where None.
    """
    norms = {id(p) for part in module.modules() if isinstance(part, nn.LayerNorm) for p in part.parameters()}
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif id(parameter) in norms:
                parameter.fill_(1.0)
            else:
                nn.init.normal_(parameter, 0.0, INITIAL_STD, generator=generator)
