"""The objective contract: one forward pass of a batch gives a loss and logits."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from resp.mix import Mix, MixDraw, Origin, Plan, mix_planned, plan_mix
from resp.mix import create as create_mix
from resp.models.network import OUTPUT, Network
from resp.models.task import Task
from resp.train.augmentation import Augmentation
from resp.train.groups import Groups

ClassWeights = Literal["none", "inverse_frequency"]
HIDDEN = "hidden"
SiteName = Annotated[str, Field(min_length=1)]


class ObjectiveSettings(BaseModel):
    """What all objectives can be told.

    Parameters
    ----------
    class_weights
        Weight of each class in the cross-entropy: ``none``, or by the ``inverse_frequency`` of its training
        items, normalised to a sum of one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    class_weights: ClassWeights = "none"

    @property
    def needs_average(self) -> bool:
        """Whether the objective learns from the moving average of the weights."""
        return False

    @property
    def grouped_by(self) -> tuple[str, ...]:
        """What the objective wants to know of items besides their labels; see `resp.train.groups.find_groups`."""
        return ()


class GroupedSettings(ObjectiveSettings):
    """What objectives can be told that learn of groups of items.

    Parameters
    ----------
    by
        What makes a group: see `resp.train.groups.find_groups`.
    """

    by: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] = ("device",)

    @property
    def grouped_by(self) -> tuple[str, ...]:
        """``by``."""
        return self.by


class MixSettings(BaseModel):
    """Which mix, and at which site of the network.

    Parameters
    ----------
    name, settings
        Name in the registry of mixes (``resp mixes``) and the mix's own settings.
    site
        One of the network's sites, or a list of which one is drawn for each batch, among those that fit;
        ``hidden`` stands for all between the front end and the feature (`Network.hidden_sites`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "patch"
    settings: dict[str, Any] = Field(default_factory=dict)
    site: SiteName | Annotated[tuple[SiteName, ...], Field(min_length=1)] = "patches"


class Outcome(NamedTuple):
    """What one batch gave.

    Parameters
    ----------
    loss
        Scalar, mean over the batch.
    logits
        [batch, classes], for the Score during training.
    truth
        [batch] or, of items with several labels, [batch, classes]: the labels that the logits are judged by; of
        a mixed sample, those of the part with the greater share.
    parts
        Name → scalar without gradient: what the loss is made of; an objective has the same names in every
        batch.
    """

    loss: Tensor
    logits: Tensor
    truth: Tensor
    parts: dict[str, Tensor]


class Spectrogram(NamedTuple):
    """An augmented batch before any mix.

    Parameters
    ----------
    value
        [batch, …] at the augmentation's site, masked.
    waveform
        [batch, time] that it was made from.
    masks
        Of the spectrogram's augmentations, which a view that is mixed earlier gets too.
    """

    value: Tensor
    waveform: Tensor
    masks: tuple[Any, ...]


class Objective(nn.Module, ABC):
    """What is trained: a network, what else has weights (a projector), and the loss of a batch.

    It is one module with one forward pass, so that distributed training wraps it as a whole.

    Parameters
    ----------
    network
        The network.
    augmentation
        Acts once per batch.
    class_weights
        [classes], or None.

    Attributes
    ----------
    epoch
        Number of the epoch in progress, from 1.
    progress
        Share of the training that is done, from 0 to 1; the trainer keeps it.
    groups
        Those of the items, where the settings ask for them (``grouped_by``); `forward` is then also given
        ``groups``, [batch] int64.
    """

    class_weights: Tensor | None
    # Samples that a process needs in each of its batches.
    smallest_batch = 1
    # Otherwise it learns from sounds alone, as pre-training does.
    needs_labels = True

    def __init__(self, network: Network, augmentation: Augmentation, class_weights: Tensor | None = None) -> None:
        super().__init__()
        self.network = network
        self.augmentation = augmentation
        self.epoch = 1
        self.progress = 0.0
        self.groups: Groups | None = None
        self.register_buffer("class_weights", class_weights, persistent=False)

    def problem(self, task: Task) -> str | None:
        """Say why this objective cannot learn a task; None where it can."""
        if task == "multi_label":
            return "it takes one label of each item, and these have several; use objective mixed with loss: bce"
        return None

    def begin_epoch(self, epoch: int) -> None:
        """Learn the number of the epoch that begins or is taken up again, from 1."""
        self.epoch = epoch

    def take_groups(self, groups: Groups) -> None:
        """Learn which groups there are; called once, before the optimiser is made, where the settings ask for them."""
        self.groups = groups

    def take_teacher(self, network: Network) -> None:
        """Learn which network holds the averaged weights; called once, before the first epoch."""

    @abstractmethod
    def forward(self, waveform: Tensor, labels: Tensor, generator: torch.Generator) -> Outcome:
        """Compute the loss of a batch.

        Parameters
        ----------
        waveform
            [batch, time].
        labels
            [batch] class indices; [batch, classes] of zeros and ones where items have several.
        generator
            CPU generator of this batch's augmentation and mix.
        """

    def augmented(self, waveform: Tensor, generator: torch.Generator) -> Spectrogram:
        """Augment a batch once and run it up to the augmentation's site."""
        sound = self.augmentation.waveform(waveform, generator)
        value = self.network.run(sound, stop=self.augmentation.site)
        masks = self.augmentation.masks(value, generator)
        return Spectrogram(self.augmentation.mask(value, masks), sound, masks)

    def unmixed(self, batch: Spectrogram, *, stop: str = OUTPUT) -> Tensor:
        """Run the unmixed view to a stage."""
        return self.network.run(batch.value, start=self.augmentation.site, stop=stop)

    def mixed(
        self,
        batch: Spectrogram,
        mix: "SitedMix",
        generator: torch.Generator,
        *,
        stop: str = OUTPUT,
        labels: Tensor | None = None,
    ) -> tuple[Tensor, MixDraw]:
        """Run the mixed view to a stage, from the same augmented batch as the unmixed one.

        Parameters
        ----------
        batch
            From `augmented`.
        mix
            Which mix, and where. A mix at a site before the spectrogram (of the waveform) starts from the
            augmented waveform, and its spectrogram gets the same masks.
        generator
            CPU generator.
        stop
            The stage to run to.
        labels
            [batch] or [batch, classes]: told to mixes that take partners of another class.
        """
        plan = self._plan(batch, mix, generator, labels)
        return self._run_plan(self.network, batch, plan, generator, stop=stop)

    def views(
        self, batch: Spectrogram, mix: "SitedMix", generator: torch.Generator, *, stop: str
    ) -> tuple[Tensor, Tensor, MixDraw]:
        """Run the unmixed and the mixed view to a stage; what lies before the mix is computed once."""
        plan = self._plan(batch, mix, generator, None)
        site = plan.site.name
        if plan.changed or not self._behind_masks(plan):
            mixed, draw = self._run_plan(self.network, batch, plan, generator, stop=stop)
            return self.unmixed(batch, stop=stop), mixed, draw
        shared = self.unmixed(batch, stop=site)
        mixed, draw = mix_planned(self.network, shared, plan, generator, start=site, stop=stop)
        return self.network.run(shared, start=site, stop=stop), mixed, draw

    def _plan(self, batch: Spectrogram, mix: "SitedMix", generator: torch.Generator, labels: Tensor | None) -> Plan:
        origin = Origin(batch.waveform, self.network.rate_hz, labels)
        return plan_mix(self.network, mix.mix, mix.sites, origin, generator)

    def _behind_masks(self, plan: Plan) -> bool:
        stages = self.network.stage_names
        return stages.index(plan.site.name) >= stages.index(self.augmentation.site)

    def _run_plan(
        self, network: Network, batch: Spectrogram, plan: Plan, generator: torch.Generator, *, stop: str
    ) -> tuple[Tensor, MixDraw]:
        """Run a network, this one or its teacher, which have one front end, on the mixed view."""
        middle = self.augmentation.site
        if self._behind_masks(plan):
            value = batch.value
            if plan.changed:
                value = self.augmentation.mask(network.run(plan.origin.waveform, stop=middle), batch.masks)
            return mix_planned(network, value, plan, generator, start=middle, stop=stop)
        value, draw = mix_planned(network, plan.origin.waveform, plan, generator, stop=middle)
        return network.run(self.augmentation.mask(value, batch.masks), start=middle, stop=stop), draw

    def cross_entropy(self, logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
        """Return the (class-weighted) cross-entropy of unmixed samples, in float32."""
        loss = F.cross_entropy(logits.float(), labels, self.class_weights, label_smoothing=smoothing)
        return loss if self.class_weights is None else over_processes(loss, self.class_weights[labels].sum())


class SitedMix:
    """A mix and the sites at which it may act.

    Raises
    ------
    RespError
        No such mix, or the network has no such site.
    """

    def __init__(self, settings: MixSettings, network: Network) -> None:
        self.mix: Mix[Any] = create_mix(settings.name, **settings.settings)
        asked = (settings.site,) if isinstance(settings.site, str) else settings.site
        self.sites = network.hidden_sites if asked == (HIDDEN,) else tuple(network.site(name).name for name in asked)


def over_processes(mean: Tensor, weight: Tensor) -> Tensor:
    """Scale a process's weighted mean so that the processes' average is the weighted mean over all of them.

    Gradients are averaged over processes; without this, one with rare classes would count too little.

    Parameters
    ----------
    mean
        Scalar, over this process's share of the batch.
    weight
        Scalar, the sum of that share's weights.
    """
    if not _processes():
        return mean
    everywhere = weight.clone()
    torch.distributed.all_reduce(everywhere)
    return mean * weight * _processes() / everywhere


def dominant_labels(labels: Tensor, draw: MixDraw) -> Tensor:
    """Return of each mixed sample the label, or the row of labels, with the greater share; ``labels``' shape."""
    own = draw.weight.to(labels.device) >= 0.5
    return torch.where(own if labels.ndim == 1 else own[:, None], labels, labels[draw.partner.to(labels.device)])


def _processes() -> int:
    """Return how many processes train together; 0 outside of distributed training."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return 0
    return torch.distributed.get_world_size()
