"""How long one clip takes, and how many weights each network has.

Usage: ``python benchmarks/latency.py [--seconds 1 5 10] [--repeats 15] [--threads 2] [--device cpu] [--out FILE]``.
Random weights and noise: what is measured is the arithmetic. A network of a fixed input length hears a longer clip in
as many windows side by side as cover it, and one whole window of a shorter clip.
All networks take turns within each repeat, so that a slow moment of the machine falls on all of them; median and
quartiles stand in the table.
"""

import argparse
import statistics
import time
from math import ceil
from pathlib import Path

import torch
from tables import machine

from resp.models import REGISTRY, create
from resp.models.network import Network

CLASSES = 50


def windows(network: Network, seconds: float) -> torch.Tensor:
    """Noise of a clip's length, cut as the network takes it: [windows, time]."""
    samples = round(seconds * network.rate_hz)
    length = network.input_samples
    shape = (1, max(samples, network.least_samples)) if length is None else (ceil(samples / length), length)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 0.1


def milliseconds(network: Network, clip: torch.Tensor) -> float:
    """Return the wall time of one pass."""
    began = time.perf_counter()
    with torch.inference_mode():
        network(clip)
        if clip.is_cuda:
            torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, nargs="+", default=[1, 5, 10])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--networks", nargs="+", default=[record.name for record in REGISTRY])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    networks = {name: create(name, classes=CLASSES).eval().to(given.device) for name in given.networks}
    clips = {
        (name, seconds): windows(network, seconds).to(given.device)
        for name, network in networks.items()
        for seconds in given.seconds
    }
    taken: dict[tuple[str, float], list[float]] = {key: [] for key in clips}
    for (name, _), clip in clips.items():
        milliseconds(networks[name], clip)
    for _ in range(given.repeats):
        for key, clip in clips.items():
            taken[key].append(milliseconds(networks[key[0]], clip))
    text = table(given, networks, taken)
    given.out.write_text(text, encoding="utf-8")
    print(text)


def table(given: argparse.Namespace, networks: dict[str, Network], taken: dict[tuple[str, float], list[float]]) -> str:
    """Return the results as Markdown."""
    lines = [
        "# Latency of one clip",
        "",
        f"`python benchmarks/latency.py --threads {given.threads} --device {given.device} --repeats {given.repeats}`; "
        f"{machine(given.device)}. Milliseconds: median "
        f"(quartiles) of {given.repeats}; {CLASSES} classes, random weights. Ratios compare, milliseconds are this "
        "machine's. A network of a fixed length hears a longer clip in as many windows as cover it.",
        "",
        "| network | weights | input | " + " | ".join(f"{seconds:g} s" for seconds in given.seconds) + " |",
        "|---|---|---|" + "---|" * len(given.seconds),
    ]
    for name, network in networks.items():
        length = "any" if network.input_samples is None else f"{network.input_samples / network.rate_hz:.2f} s"
        cells = []
        for seconds in given.seconds:
            low, middle, high = statistics.quantiles(taken[name, seconds], n=4)
            cells.append(f"{middle:.1f} ({low:.1f} to {high:.1f})")
        weights = sum(parameter.numel() for parameter in network.parameters())
        lines.append(f"| {name} | {weights:,} | {length} at {network.rate_hz / 1000:g} kHz | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
