"""Self-supervised pre-training of an AST: hidden patches of the spectrogram are told from the others."""

from typing import Annotated, Literal, cast

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from resp.models.ast_stages import INITIAL_STD, TOKENS, Feature, Patches
from resp.models.network import FEATURE, OUTPUT, Network
from resp.train.augmentation import SPECTROGRAM, Augmentation
from resp.train.errors import TrainError
from resp.train.objectives.contract import Objective, ObjectiveSettings, Outcome

PATCHES = "patches"
# What the variance of a patch is given, so that silence is not divided by 0.
_EPS = 1e-6

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class MaskedPatchesSettings(ObjectiveSettings):
    """Settings of `MaskedPatches`.

    Parameters
    ----------
    share
        Share of the patches of each clip that are hidden. Published: 0.78 (400 of 512; SSAST), 0.75 (MAE-AST).
    cluster
        Hidden patches lie together in squares of about so many patches a side; 1 hides each by itself. SSAST draws 3
        to 5.
    reconstruction_weight
        Of the mean squared difference from the hidden patches. SSAST: 10.
    contrastive_weight
        Of telling which hidden patch of the same clip is which (InfoNCE). SSAST: 1; 0 is MAE-AST's choice.
    normalise
        The patches to be told have a mean of 0 and a variance of 1 each, as in He et al., "Masked autoencoders are
        scalable vision learners", CVPR 2022; otherwise they are as the network's front end gives them, as in SSAST.
    """

    name: Literal["masked_patches"] = "masked_patches"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.75
    cluster: Annotated[int, Field(ge=1)] = 3
    reconstruction_weight: Weight = 10.0
    contrastive_weight: Weight = 1.0
    normalise: bool = True

    @model_validator(mode="after")
    def _learns_something(self) -> "MaskedPatchesSettings":
        if self.reconstruction_weight == self.contrastive_weight == 0:
            raise ValueError(
                "reconstruction_weight and contrastive_weight are both 0, so that nothing is learned; raise one of them"
            )
        return self


class MaskedPatches(Objective):
    """Hidden patch vectors become one learnt vector; two small heads say what the patches were.

    Source: Gong et al., "SSAST: self-supervised audio spectrogram transformer", AAAI 2022, which trains both heads
    together; with ``contrastive_weight: 0`` it is reconstruction alone (Baade et al., "MAE-AST", Interspeech 2022),
    but that here, as in SSAST, the transformer runs over the hidden patches too. Both heads are a linear layer, ReLU
    and another linear layer, behind the norm of the stage ``feature``.

    Raises
    ------
    TrainError
        The network is no AST over patches of its spectrogram.
    """

    needs_labels = False

    def __init__(
        self,
        settings: MaskedPatchesSettings,
        network: Network,
        augmentation: Augmentation,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(network, augmentation, class_weights)
        self._settings = settings
        projection, self.grid = _patch_projection(network)
        self._patch, self._stride = projection.kernel_size, projection.stride
        count = self.grid[0] * self.grid[1]
        self.hidden = min(count - 1, max(1, round(settings.share * count)))
        if self.hidden < 1:
            raise TrainError("objective masked_patches needs two patches or more; lengthen the window")
        width, values = projection.out_channels, projection.kernel_size[0] * projection.kernel_size[1]
        self.mask_vector = nn.Parameter(INITIAL_STD * torch.randn(width))
        # None where its weight is 0: a layer that never learns would keep several processes waiting.
        self.reconstruct = _head(width, values) if settings.reconstruction_weight else None
        self.tell_apart = _head(width, values) if settings.contrastive_weight else None
        # Nothing teaches the network's own classes.
        network.stages[OUTPUT].requires_grad_(False)

    def forward(self, waveform: Tensor, labels: Tensor, generator: torch.Generator) -> Outcome:
        """One pass of the network; ``labels`` are only handed through."""
        settings, network = self._settings, self.network
        spectrogram = self.augmented(waveform, generator).value
        place = hidden_patches(len(waveform), self.grid, self.hidden, settings.cluster, generator)
        place = place.to(spectrogram.device)
        vectors = network.run(spectrogram, start=SPECTROGRAM, stop=PATCHES)
        mask = torch.zeros(vectors.shape[:2], dtype=torch.bool, device=vectors.device).scatter_(1, place, True)
        vectors = torch.where(mask[:, :, None], self.mask_vector.to(vectors.dtype), vectors)
        last = network.stage_names[network.stage_names.index(FEATURE) - 1]
        norm = cast(Feature, network.stages[FEATURE]).norm
        told = norm(network.run(vectors, start=PATCHES, stop=last)[:, TOKENS:])
        told = _chosen(told, place)
        truth = _chosen(spectrogram_patches(spectrogram.float(), self._patch, self._stride), place)
        if settings.normalise:
            truth = F.layer_norm(truth, truth.shape[-1:], eps=_EPS)
        loss, parts = told.new_zeros((), dtype=torch.float32), dict[str, Tensor]()
        if self.reconstruct is not None:
            distance = F.mse_loss(self.reconstruct(told).float(), truth)
            loss, parts["reconstruction"] = loss + settings.reconstruction_weight * distance, distance.detach()
        if self.tell_apart is not None:
            entropy = _info_nce(self.tell_apart(told).float(), truth)
            loss, parts["contrastive"] = loss + settings.contrastive_weight * entropy, entropy.detach()
        return Outcome(loss, told.mean(dim=1), labels, parts)


def hidden_patches(batch: int, grid: tuple[int, int], count: int, cluster: int, generator: torch.Generator) -> Tensor:
    """Draw which patches of each clip are hidden.

    Every patch draws a number, takes the greatest of the square around it, and the ``count`` with the greatest are
    hidden: whole squares around the greatest draws. SSAST adds squares around random patches until there are enough.

    Parameters
    ----------
    batch
        Number of clips.
    grid
        ``(frequency, time)`` layout of the patches.
    count
        How many of each clip.
    cluster
        Patches on a side of the square.
    generator
        CPU generator.

    Returns
    -------
    Tensor
        [batch, count] int64 indices of patches, frequency outermost.
    """
    drawn = torch.rand(batch, 1, *grid, generator=generator)
    before = (cluster - 1) // 2
    padded = F.pad(drawn, (before, cluster - 1 - before, before, cluster - 1 - before), value=-1.0)
    greatest = F.max_pool2d(padded, cluster, stride=1).flatten(1)
    # A square that is cut through hides those of its patches that come first by this.
    within = 1e-6 * torch.rand(greatest.shape, generator=generator)
    return (greatest + within).topk(count, dim=1).indices


def spectrogram_patches(spectrogram: Tensor, patch: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """Cut a spectrogram into its patches.

    Parameters
    ----------
    spectrogram
        [batch, frames, bins].
    patch, stride
        Size of a patch and step between patches, ``(bins, frames)``.

    Returns
    -------
    Tensor
        [batch, patches, bins · frames of a patch], in the order of the stage ``patches``: frequency outermost.
    """
    image = spectrogram.transpose(1, 2).unsqueeze(1)
    return F.unfold(image, kernel_size=tuple(patch), stride=tuple(stride)).transpose(1, 2)


def _info_nce(told: Tensor, truth: Tensor) -> Tensor:
    """Return the cross-entropy of finding each hidden patch among those of its clip; both [batch, hidden, values]."""
    likeness = told @ truth.transpose(1, 2)
    right = torch.arange(likeness.shape[1], device=likeness.device).expand(len(likeness), -1)
    return F.cross_entropy(likeness.flatten(0, 1), right.flatten())


def _chosen(values: Tensor, place: Tensor) -> Tensor:
    """[batch, patches, size], [batch, count] → [batch, count, size]."""
    return values.gather(1, place[:, :, None].expand(-1, -1, values.shape[2]))


def _head(width: int, values: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, values))


def _patch_projection(network: Network) -> tuple[nn.Conv2d, tuple[int, int]]:
    site = network.sites.get(PATCHES)
    patches, feature = (network.stages[name] if name in network.stage_names else None for name in (PATCHES, FEATURE))
    if site is None or site.grid is None or not isinstance(patches, Patches) or not isinstance(feature, Feature):
        raise TrainError(
            f"objective masked_patches hides patches of the spectrogram, and a {type(network).__name__} with the "
            f"stages {', '.join(network.stage_names)} has none; take network.name ast, ast_small or ast_tiny"
        )
    return patches.projection, site.grid
