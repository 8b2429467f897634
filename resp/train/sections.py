"""The sections of a recipe that no other room describes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Positive = Annotated[int, Field(ge=1)]
Factor = Annotated[float, Field(gt=0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NetworkSettings(_Section):
    """Which network, and what it starts from.

    Parameters
    ----------
    name, settings
        Name in the registry of networks (``resp models``) and its own settings.
    weights
        None for random weights; a resp model folder or the name of an installed model (all but its last
        stage is taken); or AudioSet weights: a Hugging Face folder, ``hub:NAME``, a published checkpoint. ``{fold}``
        in it stands for ``data.fold``: a model pre-trained for each fold.
    frozen
        Stages that stay as they start.
    """

    name: str
    settings: dict[str, Any] = Field(default_factory=dict)
    weights: str | None = None
    frozen: tuple[str, ...] = ()


class OptimiserSettings(_Section):
    """How weights are changed.

    Parameters
    ----------
    name
        ``adam`` (weight decay is part of the gradient), ``adamw`` (decoupled), or ``sgd`` (part of the
        gradient) with Nesterov's momentum.
    lr, weight_decay
        Learning rate and weight decay. All weights decay, biases and those of normalisation too, as
        published.
    momentum
        Of ``sgd``; 0 is plain gradient descent.
    head_lr_factor
        The last stage, and what only training has (a projector), learn this much faster.
    clip_norm
        Gradients are cut to this norm; None leaves them.
    sam_rho
        ρ of sharpness-aware minimisation (Foret et al., ICLR 2021; there 0.05): each step goes by the gradient at
        the worst place within ρ, at twice the time; None for plain steps.
    """

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: Annotated[float, Field(gt=0)] = 5e-5
    weight_decay: Annotated[float, Field(ge=0)] = 1e-6
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    head_lr_factor: Annotated[float, Field(gt=0)] = 1.0
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    sam_rho: Annotated[float, Field(gt=0)] | None = None


class AveragingSettings(_Section):
    """How weights are averaged over steps.

    Parameters
    ----------
    name
        ``none``; ``live``: after each step the weights become β · before + (1 − β) · after, as the Patch-Mix
        reference does (its ma_update); ``ema``: a moving average beside them that is evaluated and kept.
    beta
        β of ``live``.
    decay
        Decay of ``ema``.
    """

    name: Literal["none", "live", "ema"] = "none"
    beta: Annotated[float, Field(ge=0, lt=1)] = 0.5
    decay: Annotated[float, Field(ge=0, lt=1)] = 0.999


class TrainingSettings(_Section):
    """Epochs and batches.

    Parameters
    ----------
    epochs
        How often the training items are gone through.
    batch_size
        Clips of one forward pass, over all processes together.
    accumulate
        Forward passes of one optimiser step.
    drop_last
        Leave out a last batch that is not full.
    crop
        Which part of an item longer than the clip is learned from: its ``start``, or a ``random`` part.
    time_scale
        Bounds of the factor that the duration of each item is multiplied by before it is padded and cropped (BC
        learning: [0.8, 1.25]), drawn uniformly on a logarithmic axis; null leaves it.
    repeats
        How often each item comes in an epoch.
    balanced
        Draw items so that each class comes equally often.
    precision
        ``auto`` is fp16 on CUDA and none on a CPU.
    device
        ``auto`` is CUDA where there is one.
    ahead
        How many batches are made ahead, each in a thread of its own; it changes no result. 0 makes each when its
        step begins.
    """

    epochs: Positive = 50
    batch_size: Positive = 8
    accumulate: Positive = 1
    drop_last: bool = True
    crop: Literal["start", "random"] = "start"
    time_scale: tuple[Factor, Factor] | None = None
    repeats: Positive = 1
    balanced: bool = False
    precision: Literal["auto", "none", "bf16", "fp16"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    ahead: Annotated[int, Field(ge=0)] = 4

    @field_validator("time_scale")
    @classmethod
    def _in_order(cls, time_scale: tuple[float, float] | None) -> tuple[float, float] | None:
        if time_scale is not None and time_scale[0] > time_scale[1]:
            raise ValueError(f"{list(time_scale)}; expected the lower bound first, such as [0.8, 1.25]")
        return time_scale


class EvaluationSettings(_Section):
    """What is measured.

    Parameters
    ----------
    batch_size
        Clips of one forward pass, of each process.
    protocols
        ``honest``: the validation part chooses the epoch and the test part is seen once. ``literature``: the
        epoch with the best test Score, as most published work does; only beside ``honest``, and so labelled.
    resamples
        Of the patient bootstrap.
    """

    batch_size: Positive = 16
    protocols: tuple[Literal["honest", "literature"], ...] = ("honest",)
    resamples: Positive = 2000

    @model_validator(mode="after")
    def _honest_first(self) -> "EvaluationSettings":
        if "honest" not in self.protocols or len(set(self.protocols)) != len(self.protocols):
            raise ValueError(f"{list(self.protocols)}; expected [honest] or [honest, literature]")
        return self


class CardSettings(_Section):
    """What only a person knows of the model; all else on its card comes out of the run folder.

    Parameters
    ----------
    description, version, licence, trained_band_hz
        See `resp.models.config.ModelConfig`.
    intended_use
        What the model is for, a sentence or two; by default what its task says.
    not_for
        What it must not be used for, beside what every card says.
    trained_on
        What it learned from besides the run's own data: what the weights that it started from have heard.
    credits
        Whose work is in it (weights, data, methods), with licences.
    cautions
        Limits that no file of the run tells, such as how labels were given.
    cite
        How to cite it, a line each.
    made_by
        The commands that make weights and card again, a line each, where `resp train` and `resp card` alone do not.
    """

    description: str = ""
    version: str = "1"
    licence: str = ""
    trained_band_hz: tuple[float, float] | None = None
    intended_use: str = ""
    not_for: tuple[str, ...] = ()
    trained_on: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    cite: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()
