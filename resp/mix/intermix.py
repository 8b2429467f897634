"""InterMix: two samples interfere at a hidden stage, after their sounds were turned in phase.

Source: Sawhney & Neerkaje, "InterMix: an interference-based data augmentation and regularization technique for
automatic deep sound classification", ICASSP 2022. Each sound's phase is turned by φ ~ U[−π/2, π/2]. With BC
learning's r and p (Tokozume et al., ICLR 2018), h̃₁ = p·h₁ / √(p² + (1 − p)²) and
h̃₂ = (1 − p)·h₂ / √(p² + (1 − p)²), a stage drawn for each batch gets

    h = h̃₁ + h̃₂ + 2·√(h̃₁·h̃₂)·cos(φ₁ − φ₂),    label r·y₁ + (1 − r)·y₂.

The root is real behind an activation that leaves nothing negative. For signed values (the waveform itself, or a
stage before its activation) the paper says nothing; here it is sign(h̃₁)·√(h̃₁·h̃₂) where both have one sign,
and 0 where their signs differ.
"""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor

from resp.mix.contract import Mix, Origin
from resp.mix.errors import MixError
from resp.mix.linear import LinearDraw, draw_ratio, equal_power, heard_ratio, weighted_pair
from resp.mix.loudness import a_weighted_level_db
from resp.mix.partners import check_generator, other_class_partners
from resp.mix.shapes import per_sample
from resp.mix.sounds import full_samples, known_origin
from resp.models.network import Site


@dataclass(frozen=True, slots=True)
class InterDraw(LinearDraw):
    """The draw of one InterMix batch.

    Parameters
    ----------
    coherence
        [batch] cos(φ₁ − φ₂) in [−1, 1]: how a sample and its partner interfere.
    """

    coherence: Tensor


class InterMix(Mix[InterDraw]):
    """InterMix at any site; name several to have one drawn for each batch.

    Partners are of another class where the labels are known and there is one in the batch.

    Parameters
    ----------
    weighting
        ``level``: p, by the levels of the sounds. ``label``: r in place of p, the paper's ablation ("vanilla",
        when it acts on the waveform).

    Raises
    ------
    MixError
        ``weighting`` is neither.
    """

    changes_waveform: ClassVar[bool] = True

    def __init__(self, weighting: Literal["level", "label"] = "level") -> None:
        if weighting not in ("level", "label"):
            raise MixError(f"weighting={weighting!r}; expected 'level' or 'label'")
        self.weighting = weighting

    def prepare(self, origin: Origin, generator: torch.Generator) -> Origin:
        """Turn the phase of each sound by an angle of its own.

        Raises
        ------
        MixError
            The generator is not on the CPU.
        """
        check_generator(generator)
        uniform = torch.rand(len(origin.waveform), generator=generator)
        rotation = ((uniform - 0.5) * math.pi).to(origin.waveform.device)
        return replace(origin, waveform=turn_phase(origin.waveform, rotation), rotation=rotation)

    def draw(
        self,
        batch: Tensor,
        site: Site,  # noqa: ARG002
        generator: torch.Generator,
        origin: Origin | None = None,
    ) -> InterDraw:
        """Draw the partners and the ratios.

        Raises
        ------
        MixError
            The sounds or their rotations are not told, or the generator is not on the CPU.
        """
        sounds = known_origin(batch, origin)
        if sounds.rotation is None:
            raise MixError(
                "InterMix does not know how the sounds' phases were turned; "
                "give the network what prepare() returns, and draw() too, as forward_mixed does"
            )
        partner = other_class_partners(len(batch), sounds.labels, generator)
        ratio = draw_ratio(partner, generator)
        weighted = ratio
        if self.weighting == "level":
            weighted = heard_ratio(ratio, a_weighted_level_db(sounds.waveform, sounds.rate_hz), partner)
        own, theirs = equal_power(weighted)
        coherence = (sounds.rotation - sounds.rotation[partner.to(sounds.rotation.device)]).cos()
        return InterDraw(partner=partner, weight=ratio, own=own, theirs=theirs, coherence=coherence)

    def apply(self, batch: Tensor, draw: InterDraw) -> Tensor:
        """Return the interfering sums, computed in float32 at least."""
        own, theirs = weighted_pair(batch, draw)
        return (own + theirs + 2 * per_sample(draw.coherence, batch) * _signed_root(own, theirs)).to(batch.dtype)


def turn_phase(waveform: Tensor, rotation: Tensor) -> Tensor:
    """Turn the phase of every frequency of each sound by one angle.

    The spectrum of the whole sound is multiplied by e^{jφ} at positive frequencies (and by its conjugate at
    negative ones), so that magnitudes stay and the sound wraps around at its ends: x·cos φ − H(x)·sin φ with
    the Hilbert transform H. A real sound has no phase to turn at 0 Hz and at half of its rate; these two stay
    as they are, where cos φ would weaken them.

    Parameters
    ----------
    waveform
        [batch, time] of any length.
    rotation
        [batch] φ in radians.

    Returns
    -------
    Tensor
        [batch, time], a new tensor of the waveform's type and device.

    Raises
    ------
    MixError
        Not [batch, time], or no time at all.
    """
    spectrum = torch.fft.rfft(full_samples(waveform))
    time = waveform.shape[1]
    place = torch.arange(spectrum.shape[1], device=waveform.device)
    turned = (place > 0) & (2 * place < time)
    angle = rotation.to(waveform.device, spectrum.real.dtype)[:, None] * turned
    sound: Tensor = torch.fft.irfft(spectrum * torch.polar(torch.ones_like(angle), angle), n=time)
    return sound.to(waveform.dtype)


def _signed_root(own: Tensor, theirs: Tensor) -> Tensor:
    product = own * theirs
    agree = product > 0
    # The root has no gradient at 0, where an activation leaves much: those values must not reach it.
    return torch.where(agree, own.sign() * product.where(agree, torch.ones_like(product)).sqrt(), 0.0)
