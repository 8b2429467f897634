"""One pass of a mixed batch against mixed labels: BC learning, SpeechMix, InterMix, and the mixes of EAT."""

from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from resp.losses import binary_cross_entropy, kl_to_targets, self_distillation, smooth, soft_cross_entropy
from resp.mix import Mix, MixDraw, Origin, Plan, mixed_targets, union_targets
from resp.models.network import OUTPUT, Network, Site
from resp.models.task import Task
from resp.train.augmentation import Augmentation
from resp.train.objectives.contract import (
    MixSettings,
    Objective,
    ObjectiveSettings,
    Outcome,
    SitedMix,
    Spectrogram,
    dominant_labels,
    over_processes,
)

Loss = Literal["kl", "cross_entropy", "bce"]
FromEpoch = Annotated[int, Field(ge=1)]


class DistillationSettings(BaseModel):
    """Self-distillation: the network also learns from the moving average of its own weights.

    Needs ``averaging.name: ema``. The average, in evaluation mode, hears what the network hears, mixed the same
    way, and its softened probabilities are a second target (`resp.losses.self_distillation`); of items with
    several labels, every class is one of its own.

    The paper of EAT (Gazneli et al., 2022) names self-distillation and cites a method with classifiers inside of
    the network (Zhang et al., ICCV 2019). Its implementation takes a finished model of the same network as the
    teacher, with weight 1 and temperature 1. Here it is one run: the teacher is the average, as in Tarvainen and
    Valpola, "Mean teachers are better role models", NeurIPS 2017.

    Parameters
    ----------
    weight
        Of the divergence from the teacher, beside the loss of the labels.
    temperature
        Both networks' logits are divided by it.
    from_epoch
        First epoch, from 1, that has a teacher; the average of a few steps has nothing to teach.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: Annotated[float, Field(ge=0)] = 1.0
    temperature: Annotated[float, Field(gt=0)] = 1.0
    from_epoch: FromEpoch = 2


class MixedSettings(ObjectiveSettings):
    """Settings of `Mixed`.

    Parameters
    ----------
    mix
        Which mix, and where; None for none, so that ``loss: bce`` alone learns several labels of an item.
    loss
        Of mixed batches: ``kl``, the divergence from the mixed label (BC learning, SpeechMix, InterMix);
        ``cross_entropy``, which has the same gradient; ``bce``, binary cross-entropy of each class, summed over
        classes so that it weighs as much as the others (EAT).
    unmixed_loss
        Of batches that are not mixed; None for ``loss``. EAT takes ``cross_entropy`` with its bce.
    targets
        ``mixed`` weighs the labels as the mix says (EAT's paper); ``union`` gives both in full, and one alone
        where it has at least 0.9 (EAT's implementation; only with bce).
    label_smoothing
        Share of each label that is spread over all classes, in batches that are not mixed.
    from_epoch
        First epoch, from 1, that mixes. EAT: 12 (its implementation mixes from the epoch behind the given one).
    probability
        Share of batches that are mixed (EAT's implementation: 0.5).
    distillation
        Learning from the average of the weights; None for none.
    """

    name: Literal["mixed"] = "mixed"
    mix: MixSettings | None = None
    loss: Loss = "kl"
    unmixed_loss: Loss | None = None
    targets: Literal["mixed", "union"] = "mixed"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    from_epoch: FromEpoch = 1
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    distillation: DistillationSettings | None = None

    @model_validator(mode="after")
    def _union_is_binary(self) -> "MixedSettings":
        if self.targets == "union" and self.loss != "bce":
            raise ValueError(
                f"targets: union gives both labels in full, which {self.loss} cannot learn; take loss: bce"
            )
        return self

    @property
    def needs_average(self) -> bool:
        """Whether there is distillation."""
        return self.distillation is not None


class Mixed(Objective):
    """The mixed batch against mixed labels, with the epochs, share of batches and loss of the settings."""

    def __init__(
        self,
        settings: MixedSettings,
        network: Network,
        augmentation: Augmentation,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(network, augmentation, class_weights)
        self._settings = settings
        self._mix = None if settings.mix is None else SitedMix(settings.mix, network)
        # In a tuple, so that its weights are none of this module's own.
        self._teacher: tuple[Network, ...] = ()

    def problem(self, task: Task) -> str | None:
        """Several labels of an item are learned by binary cross-entropy alone."""
        if task != "multi_label":
            return None
        losses = {self._settings.loss, self._settings.unmixed_loss or "bce"}
        if losses != {"bce"}:
            return (
                f"{' and '.join(sorted(losses - {'bce'}))} takes one label of each item, and these have several; "
                "use loss: bce, and unmixed_loss: bce or null"
            )
        if self._settings.label_smoothing:
            return "label_smoothing spreads one label of each item, and these have several; use label_smoothing: 0"
        return None

    def take_teacher(self, network: Network) -> None:
        """Keep the averaged network where there is distillation."""
        if self._settings.distillation is not None:
            self._teacher = (network.eval(),)

    def forward(self, waveform: Tensor, labels: Tensor, generator: torch.Generator) -> Outcome:
        """One pass of the network, and one of the teacher where there is one."""
        settings = self._settings
        batch = self.augmented(waveform, generator)
        targets = labels if labels.ndim == 2 else F.one_hot(labels, len(self.network.classes)).float()
        if self._mix is not None and self._mixes(generator):
            plan = self._plan(batch, self._mix, generator, labels)
            logits, draw = self._run_plan(self.network, batch, plan, generator, stop=OUTPUT)
            again = plan._replace(mix=_Again(plan.mix, draw))
            union = settings.targets == "union"
            targets = union_targets(targets, draw) if union else mixed_targets(targets, draw)
            truth = targets if union and labels.ndim == 2 else dominant_labels(labels, draw)
            loss = self._loss(settings.loss, logits, targets)
        else:
            logits, again, truth = self.unmixed(batch), None, labels
            if settings.label_smoothing:
                targets = smooth(targets, settings.label_smoothing)
            loss = self._loss(settings.unmixed_loss or settings.loss, logits, targets)
        parts = {"classification": loss.detach()}
        if settings.distillation is not None:
            distance = self._distance(settings.distillation, batch, again, generator, logits, several=labels.ndim == 2)
            parts["distillation"] = distance.detach()
            loss = loss + settings.distillation.weight * distance
        return Outcome(loss, logits, truth, parts)

    def _mixes(self, generator: torch.Generator) -> bool:
        """Draw whether a batch is mixed, where that is left to chance."""
        share = self._settings.probability
        if self.epoch < self._settings.from_epoch or share == 0:
            return False
        return share == 1 or float(torch.rand((), generator=generator)) < share

    def _loss(self, name: Loss, logits: Tensor, targets: Tensor) -> Tensor:
        weights = self.class_weights
        if name == "bce":
            loss = binary_cross_entropy(logits, targets, class_weights=weights, over_classes="sum")
        else:
            loss = (kl_to_targets if name == "kl" else soft_cross_entropy)(logits, targets, class_weights=weights)
        if weights is None:
            return loss
        # Each class has its part in every sample of bce. Of several processes one may mix and another not, so
        # that all have to reach this line, whatever their loss.
        counted = weights.mean() * len(targets) if name == "bce" else (targets * weights).sum()
        return over_processes(loss, counted)

    def _distance(
        self,
        settings: DistillationSettings,
        batch: Spectrogram,
        plan: Plan | None,
        generator: torch.Generator,
        logits: Tensor,
        *,
        several: bool,
    ) -> Tensor:
        """Return the divergence from the teacher, which hears the same batch; 0 where there is none yet."""
        if not self._teacher or self.epoch < settings.from_epoch:
            return logits.new_zeros((), dtype=torch.float32)
        (teacher,) = self._teacher
        with torch.no_grad():
            if plan is None:
                theirs = teacher.run(batch.value, start=self.augmentation.site)
            else:
                theirs, _ = self._run_plan(teacher, batch, plan, generator, stop=OUTPUT)
        return self_distillation(logits, theirs, settings.temperature, independent=several)


class _Again(Mix[MixDraw]):
    """A mix that acts as it was drawn before."""

    def __init__(self, mix: Mix[Any], drawn: MixDraw) -> None:
        self._mix, self._drawn = mix, drawn

    def draw(
        self,
        batch: Tensor,  # noqa: ARG002
        site: Site,  # noqa: ARG002
        generator: torch.Generator,  # noqa: ARG002
        origin: Origin | None = None,  # noqa: ARG002
    ) -> MixDraw:
        """Return what was drawn."""
        return self._drawn

    def apply(self, batch: Tensor, draw: MixDraw) -> Tensor:
        """Act as the mix itself."""
        return self._mix.apply(batch, draw)
