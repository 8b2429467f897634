"""Run any network with any mix at any of its sites."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from resp.mix.contract import Mix, MixDraw, Origin
from resp.mix.errors import MixError
from resp.models.network import INPUT, OUTPUT, Network, Site


class Plan(NamedTuple):
    """What happens to one batch.

    Parameters
    ----------
    mix, site
        Which mix acts, and where.
    origin
        The sounds as the network hears them.
    changed
        Whether they are other sounds than were given.
    """

    mix: Mix[Any]
    site: Site
    origin: Origin
    changed: bool


def plan_mix(
    network: Network, mix: Mix[Any], sites: str | Sequence[str], origin: Origin, generator: torch.Generator
) -> Plan:
    """Draw which mix acts on a batch and where, and let it prepare the sounds.

    Parameters
    ----------
    network, mix
        Neither knows of the other.
    sites
        One site of the network, or several of which one is drawn for each batch, among those that fit.
    origin
        The batch of waveforms, with its labels where the mix shall know them.
    generator
        A CPU generator.

    Raises
    ------
    RespError
        The network has no such site, or the mix fits none of them.
    """
    known = [network.site(name) for name in ([sites] if isinstance(sites, str) else sites)]
    acting = mix.choose(known, generator)
    problems = {site.name: acting.problem(site) for site in known}
    fitting = [site for site in known if problems[site.name] is None]
    if not fitting:
        why = "; ".join(str(problem) for problem in problems.values()) or "no site was named"
        raise MixError(f"{why} (sites of this network: {', '.join(network.sites)})")
    # Nothing is drawn where there is nothing to choose.
    place = int(torch.randint(len(fitting), (), generator=generator)) if len(fitting) > 1 else 0
    if not acting.changes_waveform:
        return Plan(acting, fitting[place], origin, changed=False)
    return Plan(acting, fitting[place], acting.prepare(origin, generator), changed=True)


def mix_planned(
    network: Network,
    value: Tensor,
    plan: Plan,
    generator: torch.Generator,
    *,
    start: str = INPUT,
    stop: str = OUTPUT,
) -> tuple[Tensor, MixDraw]:
    """Run a network from ``start`` and mix the batch where it passes the planned site.

    Parameters
    ----------
    value
        The output of stage ``start`` for the plan's sounds, batch first.
    plan
        From `plan_mix`; its site lies at or behind ``start`` and at or before ``stop``.
    generator
        CPU generator from which the mix draws.
    start, stop
        The stretch of stages to run, as in `Network.run`.
    """
    site = plan.site.name
    batch = network.run(value, start=start, stop=site)
    draw = plan.mix.draw(batch, plan.site, generator, plan.origin)
    return network.run(plan.mix.apply(batch, draw), start=site, stop=stop), draw


def forward_mixed(
    network: Network,
    waveform: Tensor,
    mix: Mix[Any],
    sites: str | Sequence[str],
    generator: torch.Generator,
    *,
    stop: str = OUTPUT,
    labels: Tensor | None = None,
) -> tuple[Tensor, MixDraw]:
    """Run a network on waveforms and mix the batch where it passes a site.

    Parameters
    ----------
    network, mix
        Neither knows of the other.
    waveform
        [batch, time].
    sites
        One of the network's sites, or several of which one is drawn, among those that the mix fits.
    generator
        CPU generator from which the mix draws.
    stop
        The stage to run to.
    labels
        [batch] classes or [batch, classes]; some mixes take partners of another class.

    Returns
    -------
    tuple
        The output of stage ``stop`` for the mixed batch, and the draw, whose weights mix the labels
        (`mixed_targets`).

    Raises
    ------
    RespError
        No such site, or the mix fits none of them.
    """
    plan = plan_mix(network, mix, sites, Origin(waveform, network.rate_hz, labels), generator)
    return mix_planned(network, plan.origin.waveform, plan, generator, stop=stop)
