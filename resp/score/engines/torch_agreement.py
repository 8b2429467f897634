"""Whether torch in fewer bits says what torch in fp32 says: before it is let loose on a million recordings."""

from resp.models.folder import LoadedModel
from resp.score.engines.agreement import Agreement, Tolerance
from resp.score.engines.contract import Answer, Precision
from resp.score.engines.torch_engine import TorchEngine
from resp.score.engines.windows import synthetic_windows
from resp.score.errors import ScoreError


def check_agreement(
    loaded: LoadedModel, precision: Precision, expected: Answer, found: Answer, recordings: int
) -> None:
    """Refuse answers that differ from those of torch in fp32 on the same windows of made-up recordings.

    Raises
    ------
    ScoreError
        By more than the precision's tolerance; it says by how much.
    """
    agreement = Agreement.between(expected, found, loaded.config, sounds="synthetic", recordings=recordings)
    if problem := agreement.problem(Tolerance.of(precision)):
        raise ScoreError(f"does not agree with torch in fp32: {problem}")


def check_torch(loaded: LoadedModel, engine: TorchEngine, device: str) -> None:
    """Compare torch at another precision with torch in fp32, as exports are, on breathing that is made up.

    Raises
    ------
    ScoreError
        They do not agree.
    """
    windows = synthetic_windows(loaded.config, loaded.network.rate_hz)
    plain = TorchEngine(loaded.network, stage=engine.stage, device=device)
    try:
        check_agreement(
            loaded,
            engine.precision,
            plain.run(windows.compared),
            engine.run(windows.compared),
            windows.compared_recordings,
        )
    except ScoreError as error:
        raise ScoreError(
            f"{loaded.config.name} in {engine.precision} {error}; leave out --precision {engine.precision}"
        ) from error
