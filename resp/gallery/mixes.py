"""Mixes on show: at the waveform where they can act there, else at a spectrogram or its patches."""

from dataclasses import fields, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from resp.gallery.errors import GalleryError
from resp.gallery.exhibit import Exhibit, Heard, Seen, settings_of
from resp.gallery.scene import Scene
from resp.gallery.spectrogram import GRID, Patches, show_network
from resp.mix import Mix, MixDraw, Origin, Plan, create, plan_mix
from resp.models.network import INPUT, Network
from resp.registry import Record

# Of so many draws with a fair share of both sounds, the one that changes the clip most is shown.
_CANDIDATES = 6
_FAIR = (0.25, 0.75)
_DRAWS = 64


def show_mix(record: Record, exhibit: Exhibit, scene: Scene) -> Exhibit:
    """Let a mix act on the clip and its partner, with its default settings.

    Raises
    ------
    RespError
        It cannot be made, fits no site, or never took the partner.
    """
    network = show_network(scene.rate_hz)
    waveform = torch.from_numpy(scene.clip).repeat(2, 1)
    waveform[1] = torch.from_numpy(scene.other)
    origin = Origin(waveform, scene.rate_hz, torch.tensor([0, 1]))
    with torch.no_grad():
        drawn = _drawn(network, create(record.name), origin, scene.generator(exhibit.key))
    plan, value, mixed = drawn.plan, drawn.value, drawn.mixed
    who = "" if type(plan.mix) is record.load() else f"{type(plan.mix).__name__} was drawn. "
    shown = replace(exhibit, settings=settings_of(record), note=f"{who}{_told(drawn.draw)} At the {plan.site.name}.")
    if plan.site.name == INPUT:
        heard = (Heard("clip", scene.clip), Heard("other", scene.other), Heard(record.name, mixed[0].numpy()))
        return replace(shown, panels=heard)
    grid = GRID if plan.site.grid else None
    titles = ("clip", "other", record.name)
    seen = tuple(
        Seen(title, _spectrogram(network, plan, one).numpy(), grid)
        for title, one in zip(titles, (value[0], value[1], mixed[0]), strict=True)
    )
    return replace(shown, panels=seen)


class _Drawn(NamedTuple):
    plan: Plan
    value: Tensor
    draw: MixDraw
    mixed: Tensor


def _drawn(network: Network, mix: Mix[Any], origin: Origin, generator: torch.Generator) -> _Drawn:
    """Draw until the clip was mixed with the other one often enough, and return what can be told best."""
    site = next((site.name for site in network.sites.values() if mix.problem(site) is None), None)
    if site is None:
        problems = "; ".join(str(mix.problem(site)) for site in network.sites.values())
        raise GalleryError(f"it fits neither a waveform nor a spectrogram nor its patches: {problems}")
    fair: list[_Drawn] = []
    other: list[_Drawn] = []
    for _ in range(_DRAWS):
        plan = plan_mix(network, mix, site, origin, generator)
        value = network.run(plan.origin.waveform, stop=site)
        draw = plan.mix.draw(value, plan.site, generator, plan.origin)
        if int(draw.partner[0]) == 0:
            continue
        candidates = fair if _FAIR[0] <= float(draw.weight[0]) <= _FAIR[1] else other
        if len(candidates) < _CANDIDATES:
            candidates.append(_Drawn(plan, value, draw, plan.mix.apply(value, draw)))
        if len(fair) == _CANDIDATES:
            break
    if not fair and not other:
        raise GalleryError(f"in {_DRAWS} draws it mixed the clip with itself only")
    return max(fair or other, key=lambda one: float((one.mixed[0] - one.value[0]).norm()))


def _told(draw: MixDraw) -> str:
    """Return what was drawn for the clip, in words."""
    share = float(draw.weight[0])
    parts = [f"label: {share:.2f} clip, {1 - share:.2f} other"]
    for field in fields(draw):
        value = getattr(draw, field.name)
        if field.name in ("partner", "weight", "axis"):
            continue
        if isinstance(value, Tensor):
            # One number a sample, or a set of places that all samples share.
            value = value[0].item() if value.shape == draw.partner.shape else value.tolist()
        shown = f"{value:.3g}" if isinstance(value, float) else str(value)
        parts.append(f"{field.name} {shown}")
    return "Drawn: " + "; ".join(parts) + "."


def _spectrogram(network: Network, plan: Plan, value: Tensor) -> Tensor:
    """Return the spectrogram [frame, bin] of a value at the planned site."""
    patches = network.stages["patches"]
    if plan.site.grid is None or not isinstance(patches, Patches):
        return value
    bins = network.run(plan.origin.waveform[:1], stop="spectrogram").shape[-1]
    return patches.join(value[None], bins)[0]
