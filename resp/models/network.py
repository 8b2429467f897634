"""The network contract: an ordered list of named stages, some of whose outputs are sites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from torch import Tensor, nn

from resp.models.errors import ModelError

INPUT = "waveform"
FEATURE = "feature"
OUTPUT = "logits"


@dataclass(frozen=True, slots=True)
class Site:
    """A stage output at which a mix or an augmentation may act.

    Parameters
    ----------
    name
        Name of the stage that makes the value; ``"waveform"`` is the input itself.
    axes
        What each axis of the value is, such as ``("batch", "patch", "channel")``.
    grid
        ``(frequency, time)`` layout of a flattened ``patch`` axis; None where there is none.
    """

    name: str
    axes: tuple[str, ...]
    grid: tuple[int, int] | None = None


class Network(nn.Module):
    """An ordered list of named stages from ``waveform`` [batch, time] to ``logits`` [batch, classes].

    A stage is named after what it makes. Any stretch of stages can be run on its own, which is all that a mix
    or an augmentation needs to act between two of them: no network knows of any mix.

    Parameters
    ----------
    stages
        Stage name → module, in the order in which they run; the last is ``logits``.
    sites
        The stage outputs at which a mix may act, beside ``waveform``, which every network offers.
    classes
        Class names, in the order of the logits.
    rate_hz
        Sampling rate of the waveform, in Hz.
    input_samples
        Length of the waveform in samples, or None where any length is taken.
    feature_size
        Size of the value of the stage ``feature``.
    least_samples
        The fewest samples that are taken where any length is.

    Raises
    ------
    ModelError
        The last stage is not ``logits``, or a site names no stage.
    """

    def __init__(
        self,
        stages: Mapping[str, nn.Module],
        *,
        sites: Sequence[Site],
        classes: Sequence[str],
        rate_hz: int,
        input_samples: int | None,
        feature_size: int,
        least_samples: int = 1,
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleDict(stages)
        self.stage_names: tuple[str, ...] = (INPUT, *stages)
        if self.stage_names[-1] != OUTPUT:
            raise ModelError(f"the last stage is {self.stage_names[-1]!r}; it must be {OUTPUT!r}")
        self.sites = {site.name: site for site in (Site(INPUT, ("batch", "time")), *sites)}
        for name in self.sites:
            self._index(name)
        self.classes = tuple(classes)
        self.rate_hz = rate_hz
        self.input_samples = input_samples
        self.feature_size = feature_size
        self.least_samples = least_samples
        self.frozen: tuple[str, ...] = ()

    def site(self, name: str) -> Site:
        """Return the site called ``name``.

        Raises
        ------
        ModelError
            This network has no such site.
        """
        if name not in self.sites:
            raise ModelError(f"no mix site {name!r} in {type(self).__name__}; it has {', '.join(self.sites)}")
        return self.sites[name]

    @property
    def hidden_sites(self) -> tuple[str, ...]:
        """Names of the sites between the front end and the feature: those whose values have channels."""
        return tuple(site.name for site in self.sites.values() if "channel" in site.axes and site.name != FEATURE)

    def run(self, value: Tensor, *, start: str = INPUT, stop: str = OUTPUT) -> Tensor:
        """Run the stages behind ``start`` up to and including ``stop``.

        Parameters
        ----------
        value
            The output of stage ``start``.
        start, stop
            Stage names; ``start == stop`` gives ``value`` back.

        Raises
        ------
        ModelError
            No such stage, ``stop`` lies before ``start``, or a waveform of another shape than the network takes.
        """
        first, last = self._index(start), self._index(stop)
        if last < first:
            raise ModelError(f"stage {stop!r} lies before {start!r}; the order is {', '.join(self.stage_names)}")
        if start == INPUT:
            self.check_waveform(value)
        for name in self.stage_names[first + 1 : last + 1]:
            value = self.stages[name](value)
        return value

    def check_waveform(self, waveform: Tensor) -> None:
        """Raise `ModelError` for a waveform that is not [batch, time] or not of a length that the network takes."""
        wanted, least = self.input_samples, self.least_samples
        if waveform.ndim == 2 and (waveform.shape[1] >= least if wanted is None else waveform.shape[1] == wanted):
            return
        if wanted is None and least > 1:
            expected = (
                f"[batch, at least {least}] ({least / self.rate_hz:g} s at {self.rate_hz} Hz): "
                "repeat the sound or give a longer one"
            )
        elif wanted is None:
            expected = f"[batch, time] at {self.rate_hz} Hz"
        else:
            expected = (
                f"[batch, {wanted}] ({wanted / self.rate_hz:g} s at {self.rate_hz} Hz): "
                "cut or repeat the sound to that length"
            )
        raise ModelError(f"a waveform of shape {tuple(waveform.shape)}; expected {expected}")

    def freeze(self, *names: str) -> None:
        """Keep stages as they are in training: no gradient, no dropout, no new batch statistics.

        Parameters
        ----------
        names
            Stage names; they replace those that were frozen before.

        Raises
        ------
        ModelError
            No such stage, or ``waveform``, which is none of the network's own.
        """
        for name in names:
            if self._index(name) == 0:
                raise ModelError(f"stage {name!r} cannot be frozen: the waveform has nothing to freeze")
        for name, stage in self.stages.items():
            stage.requires_grad_(name not in names)
        self.frozen = names
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set training mode, but for frozen stages."""
        super().train(mode)
        for name in self.frozen:
            self.stages[name].eval()
        return self

    def forward(self, waveform: Tensor) -> Tensor:
        """``waveform`` [batch, time] → logits [batch, classes]."""
        return self.run(waveform)

    def _index(self, name: str) -> int:
        if name not in self.stage_names:
            raise ModelError(f"no stage {name!r} in {type(self).__name__}; it has {', '.join(self.stage_names)}")
        return self.stage_names.index(name)
