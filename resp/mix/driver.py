"""Run any network with any mix at any of its sites."""

import torch
from torch import Tensor

from resp.mix.contract import Draw, Mix
from resp.models.network import INPUT, OUTPUT, Network


def forward_mixed(
    network: Network,
    value: Tensor,
    mix: Mix[Draw],
    site: str,
    generator: torch.Generator,
    *,
    start: str = INPUT,
    stop: str = OUTPUT,
) -> tuple[Tensor, Draw]:
    """Run a network and mix the batch where it passes a site.

    Parameters
    ----------
    network, mix
        Neither knows of the other.
    value
        The output of stage ``start``, batch first.
    site
        Name of one of the network's sites; it lies at or behind ``start`` and at or before ``stop``.
    generator
        CPU generator from which the mix draws.
    start, stop
        The stretch of stages to run, as in `Network.run`.

    Returns
    -------
    tuple
        The output of stage ``stop`` for the mixed batch, and the draw, whose weights mix the labels
        (`mixed_targets`).
    """
    where = network.site(site)
    batch = network.run(value, start=start, stop=site)
    draw = mix.draw(batch, where, generator)
    return network.run(mix.apply(batch, draw), start=site, stop=stop), draw
