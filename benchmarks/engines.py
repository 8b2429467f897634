"""How fast each engine is beside what people use now, whether it says the same, and what an hour of audio costs.

Usage: ``python benchmarks/engines.py [--data FOLDER] [--threads 2] [--clips 40] [--recordings 75] [--repeats 5]
[--weights FOLDER] [--device cuda] [--price 0.10] [--out FILE]``.

AST base384, windows of 8 s, the same clips for everybody, whose turns alternate, so that a slow moment of the machine
falls on all. Weights are random ones in the published Hugging Face layout, or those of ``--weights``; with random ones,
agreement of labels says little, changes of probabilities say how far numbers move, and no export is refused. Above the
table stands what the arithmetic would take at the most that this machine multiplies. Ratios compare; seconds are this
machine's.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from speed import peak_rate, spread
from tables import machine
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from resp.errors import RespError
from resp.evaluate.calibration import softmax
from resp.models import create
from resp.models.ast_weights import load_ast_weights
from resp.models.config import ClipSettings, ModelConfig
from resp.models.folder import load_model, save_model
from resp.models.results import markdown_table
from resp.score import find_inputs
from resp.score.engines import Engine, TorchEngine, agreement, export_model
from resp.score.engines.at_once import LARGE, segments_at_once
from resp.score.engines.packages import missing_library
from resp.score.engines.windows import real_windows

CLASSES = ("normal", "crackle", "wheeze", "both")
WINDOW_S, FRAMES = 8.0, 798
PEER = "transformers, eager, fp32"
Run = Callable[[np.ndarray], np.ndarray]


@dataclass
class Contender:
    """Who takes part: waveforms [n, samples] → logits [n, classes], so many at a time."""

    name: str
    run: Run
    at_once: int
    seconds: list[float] = field(default_factory=list)
    logits: np.ndarray | None = None

    def take_turn(self, clips: np.ndarray) -> None:
        """Hear every clip once."""
        began = time.perf_counter()
        parts = [self.run(clips[first : first + self.at_once]) for first in range(0, len(clips), self.at_once)]
        self.seconds.append((time.perf_counter() - began) / len(clips))
        self.logits = np.concatenate(parts)


def published_model(weights: Path | None, depth: int, folder: Path) -> Path:
    """Return a Hugging Face folder of an AST of 8 s, with random weights where none are given."""
    if weights is not None:
        return weights
    from transformers import ASTConfig, ASTForAudioClassification

    torch.manual_seed(0)
    config = ASTConfig(max_length=FRAMES, num_labels=len(CLASSES), num_hidden_layers=depth)
    ASTForAudioClassification(config).save_pretrained(folder / "published")
    return folder / "published"


def transformers_peer(published: Path) -> tuple[Run, Any]:
    """Return transformers' own way, and its feature extractor."""
    from transformers import ASTFeatureExtractor, ASTForAudioClassification

    model = ASTForAudioClassification.from_pretrained(published, attn_implementation="eager").eval()
    extractor = ASTFeatureExtractor(max_length=FRAMES)

    def run(waveforms: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            given = extractor(list(waveforms), sampling_rate=16_000, return_tensors="pt")
            return np.asarray(model(**given).logits.numpy())

    return run, extractor


def runtime_peer(graph: Path, extractor: Any, threads: int) -> Run:
    """Return ONNX Runtime as a script would use it: clip by clip behind transformers' feature extractor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def run(waveforms: np.ndarray) -> np.ndarray:
        given = extractor(list(waveforms), sampling_rate=16_000, return_tensors="np")["input_values"]
        return np.asarray(session.run(["logits"], {"frames": given})[0])

    return run


def by_engine(engine: Engine) -> Run:
    return lambda waveforms: engine.run(waveforms).logits


def ours(model: Path, data: Path, folder: Path, given: argparse.Namespace) -> tuple[list[Contender], list[str]]:
    """Return our engines, and what could not take part."""
    loaded = load_model(model, device=given.device)
    size = segments_at_once(loaded, given.device)
    on = f" on {given.device}" if given.device != "cpu" else ""
    made = [
        Contender(
            f"resp torch {precision}{on}",
            by_engine(TorchEngine(loaded.network, stage="logits", device=given.device, precision=precision)),
            size,
        )
        for precision in ("fp32", "bf16")
    ]
    if given.device != "cpu":
        compiled = TorchEngine(loaded.network, stage="logits", device=given.device, precision="bf16", compiled=True)
        return [*made, Contender(f"resp torch bf16 compiled{on}", by_engine(compiled), size)], []
    tolerance = None
    if given.weights is None:
        # Labels of random weights turn at a touch: nothing is refused for them, and the table says by how much.
        agreement.LEAST_AGREEMENT, tolerance = 0.0, 1.0
    left_out = []
    for engine, precision in (
        ("onnx", "fp32"),
        ("onnx", "int8"),
        ("openvino", "fp32"),
        ("openvino", "bf16"),
        ("openvino", "int8"),
    ):
        if problem := missing_library(engine, exporting=precision):
            left_out.append(problem)
            continue
        try:
            exported = export_model(
                model,
                folder / f"{engine}-{precision}",
                engine=engine,
                precision=precision,
                calibration=data,
                tolerance=None if precision == "fp32" else tolerance,
            )
        except RespError as error:
            left_out.append(f"{engine} {precision}: {error}")
            continue
        print(f"{engine} {precision}: {exported.exported.agreement.told()}", flush=True)
        made.append(Contender(f"resp {engine} {precision}", by_engine(exported.engine(given.threads)), size))
    return made, left_out


def compare_on_ast(given: argparse.Namespace, folder: Path) -> list[str]:
    """Return the table, and what is said of it."""
    published = published_model(given.weights, given.depth, folder)
    network = create("ast", classes=CLASSES, window_s=WINDOW_S, depth=given.depth)
    load_ast_weights(network, published, head="require")
    config = ModelConfig(
        name="ast-base384",
        network="ast",
        settings={"window_s": WINDOW_S, "depth": given.depth},
        classes=CLASSES,
        clip=ClipSettings(window_s=WINDOW_S, hop_s=WINDOW_S / 2),
    )
    model = folder / "ast"
    save_model(model, network.eval(), config)
    some = folder / "recordings"
    some.mkdir()
    for path in spread(find_inputs([given.data]), given.recordings):
        (some / path.name).symlink_to(path.resolve())
    clips = real_windows(some, config, network.rate_hz).compared[: given.clips]
    peer, extractor = transformers_peer(published)
    contenders = [Contender(PEER, peer, LARGE)]
    plain = TorchEngine(network.eval(), stage="logits")
    contenders.append(Contender("torch, a plain loop over clips, fp32", by_engine(plain), 1))
    own, left_out = ours(model, some, folder, given)
    graph = folder / "onnx-fp32" / "model.onnx"
    if graph.is_file():
        alone = runtime_peer(graph, extractor, given.threads)
        contenders.append(Contender("ONNX Runtime behind transformers' features, clip by clip, fp32", alone, 1))
    contenders += own
    for contender in contenders:
        contender.run(clips[: contender.at_once])
    for repeat in range(given.repeats):
        for contender in contenders:
            contender.take_turn(clips)
        print(f"turn {repeat + 1} of {given.repeats}", flush=True)
    return [
        f"## AST base384, {given.depth} blocks, {WINDOW_S:g} s windows, {len(clips)} real clips",
        "",
        f"Weights: {given.weights.name if given.weights else 'random'}. Times: median of {given.repeats} alternating "
        "turns; the ratio is the median of each turn's. Agreement is with the first row. "
        f"An hour of audio is {3600 / WINDOW_S:.0f} windows; at {given.price:g} an hour for this machine it costs what "
        "the last column says.",
        "",
        _limit(network, clips[:1], given.threads),
        "",
        markdown_table(
            [
                "",
                "s a clip",
                "times as fast",
                "labels agree",
                "largest change of a probability",
                "an hour of audio costs",
            ],
            [_row(contender, contenders[0], given.price) for contender in contenders],
        ),
        "",
        *(f"Not in the table: {problem}." for problem in left_out),
        "",
    ]


def _limit(network: nn.Module, clip: np.ndarray, threads: int) -> str:
    """Return in words how fast this machine could be."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.from_numpy(clip))
    work = counter.get_total_flops()
    peaks = {precision: peak_rate(precision, threads) for precision in ("fp32", "bf16", "int8")}
    rates = ", ".join(f"{peak / 1e9:.0f} in {precision}" for precision, peak in peaks.items())
    times = ", ".join(f"{work / peak:.2f}" for peak in peaks.values())
    return (
        f"A clip is {work / 1e9:.0f} billion operations, and a large matrix product does so many billion of them a "
        f"second here: {rates}. With all at that rate a clip takes {times} s; the last "
        "block of resp's networks makes only the tokens that are read, which saves them some."
    )


def _row(contender: Contender, first: Contender, price: float) -> list[str]:
    taken = statistics.median(contender.seconds)
    ratio = statistics.median(one / other for one, other in zip(first.seconds, contender.seconds, strict=True))
    if contender.logits is None or first.logits is None:
        raise ValueError(f"{contender.name} had no turn")
    expected, found = softmax(first.logits), softmax(contender.logits)
    agree = float(np.mean(expected.argmax(1) == found.argmax(1)))
    hour = 3600 / WINDOW_S * taken / 3600 * price
    changed = f"{np.abs(found - expected).max():.2g}"
    return [contender.name, f"{taken:.3f}", f"{ratio:.2f}", f"{agree:.1%}", changed, f"{hour:.5f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RESP_DATA", beside)) / "kauh")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--recordings", type=int, default=75, help="To calibrate and compare the exports on.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--weights", type=Path, help="Hugging Face folder of an AST of 798 frames and 4 classes.")
    parser.add_argument("--depth", type=int, default=12, help="Blocks of the AST; fewer to try this script out.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--price", type=float, default=0.10, help="Of an hour of this machine, in any currency.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    command = (
        f"python benchmarks/engines.py --threads {given.threads} --clips {given.clips} --recordings {given.recordings} "
        f"--repeats {given.repeats} --depth {given.depth} --device {given.device} --price {given.price:g}"
    )
    with tempfile.TemporaryDirectory() as folder:
        lines = ["# Engines", "", f"`{command}`; {machine(given.device)}.", "", *compare_on_ast(given, Path(folder))]
    text = "\n".join(lines).rstrip() + "\n"
    given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
