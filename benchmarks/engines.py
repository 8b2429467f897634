"""How fast each engine is beside what people use now, whether it says the same, and what an hour of audio costs.

Usage: ``python benchmarks/engines.py [--data FOLDER] [--threads 2] [--clips 40] [--recordings 75] [--repeats 5]
[--files 100] [--weights FOLDER] [--device cuda] [--price 0.10] [--out FILE]``.

Two tables in one run. The first: AST base384, windows of 8 s, the same clips for everybody, whose turns alternate, so
that a slow moment of the machine falls on all. Weights are random ones in the published Hugging Face layout, or those
of ``--weights``; with random ones, agreement of labels says little, changes of probabilities say how far numbers move,
and no export is refused. The second: the model that ships, from files to reports, stage by stage, and its arithmetic
beside the most that this machine multiplies; and OpenSoundscape on the same files, where it is installed. Ratios
compare; seconds are this machine's.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import opensoundscape_peer
import torch
from tables import machine
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from resp.audio import load_recording, measure_quality
from resp.datasets.sound import prepare_waveform
from resp.errors import RespError
from resp.evaluate.calibration import softmax
from resp.models import create
from resp.models.ast_weights import load_ast_weights
from resp.models.config import ClipSettings, ModelConfig
from resp.models.folder import load_model, save_model
from resp.models.results import markdown_table
from resp.score import Scorer, find_cycles, find_inputs
from resp.score.engines import Engine, TorchEngine, agreement, export_model
from resp.score.engines.at_once import LARGE, segments_at_once
from resp.score.engines.contract import Precision
from resp.score.engines.packages import missing_library
from resp.score.engines.split import FrontEnd
from resp.score.engines.windows import real_windows
from resp.score.prepare import prepare

CLASSES = ("normal", "crackle", "wheeze", "both")
WINDOW_S, FRAMES = 8.0, 798
PEER = "transformers, eager, fp32"
Run = Callable[[np.ndarray], np.ndarray]


class Clock:
    """Wall seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


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
    """Return the first table."""
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
    for path in _spread(find_inputs([given.data]), given.recordings):
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


def _spread(files: Sequence[Path], count: int) -> list[Path]:
    return [files[place] for place in np.unique(np.linspace(0, len(files) - 1, count).astype(int))]


def peak_rate(precision: Precision, threads: int) -> float:
    """Return the most operations a second that this machine does in a large matrix product."""
    torch.set_num_threads(threads)
    size = 2048
    made = torch.randn(2, size, size)
    if precision == "int8":
        (one, other), product = (20 * made).to(torch.int8), torch._int_mm
    else:
        (one, other), product = made.to(torch.float32 if precision == "fp32" else torch.bfloat16), torch.mm
    product(one, other)
    best = min(_timed(lambda: product(one, other)) for _ in range(8))
    return 2 * size**3 / best


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def shipped(given: argparse.Namespace) -> list[str]:
    """Return the second table."""
    chosen = _spread(find_inputs([given.data]), given.files)
    peak = peak_rate("fp32", given.threads)
    loaded = load_model()
    window = torch.zeros(1, loaded.config.clip.window_samples(loaded.network.rate_hz))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        loaded.network(window)
    a_window = counter.get_total_flops()
    lines, rows = [], []
    for engine in ("torch", "onnx", "openvino"):
        if problem := missing_library(engine, exporting="fp32"):
            lines.append(f"Not in the table: {problem}.")
            continue
        scorer = Scorer.load(threads=given.threads, engine=engine)
        clock = Clock()
        scorer.score_file(chosen[0])
        measured = [_in_stages(scorer, FrontEnd(loaded.network), path, clock) for path in chosen]
        audio_s, windows = sum(part[0] for part in measured), sum(part[1] for part in measured)
        walls = clock.seconds
        # The engine runs both; the front end was timed by itself before.
        walls["network"] -= walls["front end"]
        overlapped = [_timed(lambda scorer=scorer: list(scorer.score_paths(chosen))) for _ in range(given.repeats)]
        rows.append(
            [
                engine,
                *(f"{100 * wall / sum(walls.values()):.0f} %" for wall in walls.values()),
                f"{audio_s / statistics.median(overlapped):.0f}",
                f"{100 * windows * a_window / walls['network'] / peak:.0f} %",
                f"{given.price * statistics.median(overlapped) / audio_s:.6f}",
            ]
        )
    names = list(walls)
    if opensoundscape_peer.is_installed():
        peer, score = opensoundscape_peer.peer(loaded, segments_at_once(loaded, "cpu"))
        score(chosen[:1])
        its_windows = score(chosen)
        taken = statistics.median(_timed(lambda: score(chosen)) for _ in range(given.repeats))
        missing = ["–"] * len(names)
        rows.append([peer, *missing, f"{audio_s / taken:.0f}", "–", f"{given.price * taken / audio_s:.6f}"])
        lines.append(
            f"{peer}: {its_windows} windows of the same length and step; no quality, no breath cycles, no familiarity."
        )
    else:
        lines.append("Not in the table: OpenSoundscape, which is not installed; run: pip install opensoundscape.")
    return [
        f"## The model that ships, {len(chosen)} files, {audio_s:.0f} s of audio, {windows} cycles and windows",
        "",
        f"{a_window / 1e6:.0f} MFLOP a window; a large float32 matrix product does {peak / 1e9:.0f} GFLOP a second. "
        "Shares are of the stages one after the other; times real time is of `Scorer.score_paths`, which overlaps "
        f"them, median of {given.repeats}.",
        "",
        markdown_table(
            ["engine", *names, "times real time", "network's FLOP over peak", "an hour of audio costs"], rows
        ),
        "",
        *lines,
    ]


def _in_stages(scorer: Scorer, front: FrontEnd, path: Path, clock: Clock) -> tuple[float, int]:
    config, rate_hz = scorer.config, scorer.rate_hz
    with clock.stage("decode"):
        recording = load_recording(path)
    with clock.stage("measure quality"):
        measure_quality(recording)
    with clock.stage("resample, level"):
        waveform = prepare_waveform(recording, rate_hz, config.clip.fade_samples, config.clip.level)
    with clock.stage("find breath cycles"):
        find_cycles(waveform, rate_hz)
    prepared = prepare(recording, config, rate_hz, file=str(path))
    # As `resp.score.hear` does it: cycles and the windows by which the sound is recognised, in common batches.
    windows = prepared.in_windows().spans
    prepared = prepared.with_spans((*prepared.spans, *(windows if windows != prepared.spans else ())))
    batches = list(prepared.batches(scorer.at_once))
    with clock.stage("front end"), torch.inference_mode():
        for batch in batches:
            front(torch.from_numpy(batch))
    with clock.stage("network"):
        for batch in batches:
            scorer.engine.run(batch)
    return recording.duration_s, len(prepared.spans)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RESP_DATA", beside)) / "kauh")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--recordings", type=int, default=75, help="To calibrate and compare the exports on.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--weights", type=Path, help="Hugging Face folder of an AST of 798 frames and 4 classes.")
    parser.add_argument("--depth", type=int, default=12, help="Blocks of the AST; fewer to try this script out.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--price", type=float, default=0.10, help="Of an hour of this machine, in any currency.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    command = (
        f"python benchmarks/engines.py --threads {given.threads} --clips {given.clips} --recordings {given.recordings} "
        f"--repeats {given.repeats} "
        f"--files {given.files} --depth {given.depth} --device {given.device} --price {given.price:g}"
    )
    with tempfile.TemporaryDirectory() as folder:
        lines = ["# Engines", "", f"`{command}`; {machine(given.device)}.", "", *compare_on_ast(given, Path(folder))]
    if given.device == "cpu":
        lines += shipped(given)
    text = "\n".join(lines).rstrip() + "\n"
    given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
