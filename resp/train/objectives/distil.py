"""Distillation of a finished network into a smaller one: its features and its tags are the targets, labels are not."""

from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from resp.losses import self_distillation
from resp.mix import Origin, mix_planned, plan_mix
from resp.models.network import FEATURE, INPUT, OUTPUT, Network
from resp.train.augmentation import Augmentation
from resp.train.errors import TrainError
from resp.train.objectives.contract import MixSettings, Objective, ObjectiveSettings, Outcome, SitedMix
from resp.train.objectives.standardise import RunningStandardise
from resp.train.objectives.teacher import TeacherSettings, load_teacher

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class WaveformMix(BaseModel):
    """Two sounds of a batch made one, of which the teacher says what it is.

    Parameters
    ----------
    mix
        Which mix; its site is ``waveform``, so that the teacher hears it too.
    probability
        Share of batches that are mixed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mix: MixSettings = MixSettings(name="mixup", site=INPUT)
    probability: Annotated[float, Field(ge=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _is_heard_by_both(self) -> "WaveformMix":
        if self.mix.site != INPUT:
            raise ValueError(f"site {self.mix.site!r}: the teacher has to hear the mix; use site: {INPUT}")
        return self


class DistilSettings(ObjectiveSettings):
    """Settings of `Distil`.

    Parameters
    ----------
    teacher
        The finished network.
    feature_weight, feature_loss
        Weight of the distance between the student's feature, through a linear layer that only training has, and the
        teacher's, each channel of which is standardised: ``cosine`` is one minus the cosine of the angle between the
        two, ``mse`` the mean squared difference.
    tag_weight, temperature
        Weight of the divergence from the teacher's classes, each a yes or no of its own, through another such layer;
        the logits of both are divided by the temperature first (`resp.losses.self_distillation`).
    mixing
        Mixed sounds, which need no mixed labels here; None for none.
    """

    name: Literal["distil"] = "distil"
    teacher: TeacherSettings
    feature_weight: Weight = 1.0
    feature_loss: Literal["cosine", "mse"] = "cosine"
    tag_weight: Weight = 1.0
    temperature: Annotated[float, Field(gt=0)] = 1.0
    mixing: WaveformMix | None = WaveformMix()

    @model_validator(mode="after")
    def _learns_something(self) -> "DistilSettings":
        if self.feature_weight == self.tag_weight == 0:
            raise ValueError("feature_weight and tag_weight are both 0, so that nothing is learned; raise one of them")
        return self


class Distil(Objective):
    """Learning what a frozen teacher makes of the very same sound, augmented and mixed.

    Sources: Hinton et al., "Distilling the knowledge in a neural network", 2015 (softened outputs); Romero et al.,
    "FitNets", ICLR 2015 (features through a layer that fits their sizes); Beyer et al., "Knowledge distillation: a good
    teacher is patient and consistent", CVPR 2022 (both hear one augmented and mixed view); Schmid et al., "Efficient
    large-scale audio tagging via transformer-to-CNN knowledge distillation", ICASSP 2023 (tags as independent classes).
    Unlike there, features and logits of the teacher are standardised by their running statistics: what it says of lung
    sounds lies in small differences between very improbable classes, and some channels hardly move.

    Augmentations of the spectrogram act on the student alone. The teacher is no part of what is saved.

    Raises
    ------
    RespError
        No such teacher, weights that do not fit it, or one that takes other waveforms than the network.
    """

    # Of a single first sample the running deviation would be 0.
    smallest_batch = 2
    needs_labels = False

    def __init__(
        self,
        settings: DistilSettings,
        network: Network,
        augmentation: Augmentation,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(network, augmentation, class_weights)
        self._settings = settings
        self._mix = None if settings.mixing is None else SitedMix(settings.mixing.mix, network)
        teacher = load_teacher(settings.teacher)
        _check_teacher(teacher, network)
        # In a tuple, so that its weights are none of this module's own.
        self._teacher: tuple[Network] = (teacher,)
        classes = len(teacher.classes)
        self.to_feature = nn.Linear(network.feature_size, teacher.feature_size)
        self.to_tags = nn.Linear(network.feature_size, classes)
        self.teacher_feature = RunningStandardise(teacher.feature_size)
        self.teacher_tags = RunningStandardise(classes)
        # Nothing teaches the network's own classes.
        network.stages[OUTPUT].requires_grad_(False)

    def forward(self, waveform: Tensor, labels: Tensor, generator: torch.Generator) -> Outcome:
        """One pass of the network and one of the teacher; ``labels`` are only handed through."""
        settings, site = self._settings, self.augmentation.site
        sound = self._mixed_sound(self.augmentation.waveform(waveform, generator), generator)
        value = self.network.run(sound, stop=site)
        value = self.augmentation.mask(value, self.augmentation.masks(value, generator))
        feature = self.network.run(value, start=site, stop=FEATURE)
        their_feature, their_tags = self._taught(sound)
        distance = _distance(self.to_feature(feature), self.teacher_feature(their_feature), settings.feature_loss)
        # The layer says by how much a tag differs from what the teacher usually gives it.
        self.teacher_tags(their_tags)
        tags = self.teacher_tags.undo(self.to_tags(feature))
        divergence = self_distillation(tags, their_tags, settings.temperature, independent=True)
        loss = settings.feature_weight * distance + settings.tag_weight * divergence
        return Outcome(loss, tags, labels, {"feature": distance.detach(), "tags": divergence.detach()})

    def _mixed_sound(self, sound: Tensor, generator: torch.Generator) -> Tensor:
        mixing, mix = self._settings.mixing, self._mix
        if mixing is None or mix is None or float(torch.rand((), generator=generator)) >= mixing.probability:
            return sound
        plan = plan_mix(self.network, mix.mix, mix.sites, Origin(sound, self.network.rate_hz, None), generator)
        mixed, _ = mix_planned(self.network, plan.origin.waveform, plan, generator, stop=INPUT)
        return mixed

    @torch.no_grad()
    def _taught(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Return feature and logits of the teacher, in float32."""
        (teacher,) = self._teacher
        if next(teacher.parameters()).device != sound.device:
            teacher.to(sound.device)
        feature = teacher.run(sound, stop=FEATURE)
        return feature.float(), teacher.run(feature, start=FEATURE).float()


def _distance(own: Tensor, theirs: Tensor, kind: Literal["cosine", "mse"]) -> Tensor:
    own = own.float()
    if kind == "mse":
        return F.mse_loss(own, theirs)
    return 1 - F.cosine_similarity(own, theirs, dim=1).mean()


def _check_teacher(teacher: Network, network: Network) -> None:
    """Refuse a teacher that cannot take the student's waveform."""
    if teacher.rate_hz != network.rate_hz:
        raise TrainError(
            f"objective.teacher hears {teacher.rate_hz} Hz and the network {network.rate_hz} Hz; give both one rate "
            "(mn04: objective.teacher.settings.rate_hz of 4000, 8000, 16000 or 32000)"
        )
    given: Any = network.input_samples
    fixed = teacher.input_samples
    if (fixed is not None and given != fixed) or (given is not None and given < teacher.least_samples):
        raise TrainError(
            f"objective.teacher takes {fixed or f'at least {teacher.least_samples}'} samples, and the network {given}; "
            "give both windows of one length"
        )
