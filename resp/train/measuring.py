"""Measuring epochs, keeping the weights that a protocol chooses, and measuring those on the test part."""

from pathlib import Path
from typing import Any

from accelerate import Accelerator

from resp.evaluate import PROTOCOLS, Predictions, Protocol, evaluate
from resp.evaluate.tasks import LOSS, mean_loss, measure, protocol_words, task_numbers
from resp.evaluate.weights import RUN_WEIGHTS
from resp.models.network import Network
from resp.train.data import TrainingData
from resp.train.folder import LAST, save_network
from resp.train.predicting import predict_part
from resp.train.recipe import Recipe
from resp.train.totals import plain_number

Numbers = dict[str, float | None]

_PART: dict[Protocol, str] = {"honest": "validation", "literature": "test"}


class Measurer:
    """Measures a run's weights by the protocols of its recipe.

    Parameters
    ----------
    recipe, data, accelerator
        The run's.
    folder
        The run folder, into which the first process writes.

    Attributes
    ----------
    best
        Protocol → epoch chosen so far, and the key by which it was.
    """

    def __init__(self, recipe: Recipe, data: TrainingData, accelerator: Accelerator, folder: Path) -> None:
        self._recipe = recipe
        self._data = data
        self._accelerator = accelerator
        self._folder = folder
        self._task = data.dataset.task
        self.best: dict[str, dict[str, Any]] = {}

    def epoch(self, network: Network, epoch: int) -> dict[str, Numbers]:
        """Measure the weights of an epoch and keep them where a protocol would choose them so far.

        The honest protocol chooses by the task's primary number (`resp.evaluate.tasks`) on the validation part, the
        literature protocol by that on the test part; of equal ones, which a small part often has, the lower loss
        is better.

        Returns
        -------
        dict
            Part → loss and the task's numbers; only the parts that choose something.
        """
        measured: dict[str, Numbers] = {}
        for protocol in self._recipe.evaluation.protocols:
            part = _PART[protocol]
            if not getattr(self._data.split, part):
                continue
            numbers = self._numbers(self._predict(network, part))
            measured[part] = numbers
            score, loss = numbers[task_numbers(self._task).primary], numbers[LOSS]
            key = [-1.0 if score is None else score, -float("inf") if loss is None else -loss]
            if protocol not in self.best or key > self.best[protocol]["key"]:
                self.best[protocol] = {"epoch": epoch, "key": key}
                self._save(RUN_WEIGHTS[protocol], network, f"epoch {epoch}, the best on the {part} part so far")
        return measured

    def keep_last(self, network: Network) -> None:
        """Keep the last epoch's weights; without a validation part they are the honest choice too."""
        self._save(LAST, network, "those of the last epoch")
        if not self._data.split.validation:
            self._save(RUN_WEIGHTS["honest"], network, "those of the last epoch; there was no validation part")

    def test(self, protocol: Protocol) -> dict[str, Any]:
        """Measure the weights that a protocol chose on the test part, and write the numbers beside them.

        Returns
        -------
        dict
            ``epoch``, ``protocol`` in words, ``test`` (loss and the task's numbers) and the whole ``evaluation``.
        """
        from resp.models.folder import load_model

        folder = self._folder / RUN_WEIGHTS[protocol]
        network = load_model(folder).network.to(self._accelerator.device)
        # In float32, as the finished model is used.
        predictions = self._predict(network, "test", exact=True)
        epoch = self.best.get(protocol, {"epoch": self._recipe.training.epochs})["epoch"]
        words = protocol_words(PROTOCOLS, protocol, self._task)
        brief = {"epoch": epoch, "protocol": words, "test": self._numbers(predictions)}
        evaluation = evaluate(
            predictions,
            subject=self._recipe.name,
            data=f"{self._data.dataset.name}, test part",
            protocol=protocol,
            without_patients=self._data.split.shared_patients,
            resamples=self._recipe.evaluation.resamples,
        )
        if self._accelerator.is_main_process:
            predictions.save(self._folder / f"predictions_{protocol}.csv")
        self._save(RUN_WEIGHTS[protocol], network, f"epoch {epoch}: {words}", {protocol: brief})
        return {**brief, "evaluation": evaluation.to_dict()}

    def _predict(self, network: Network, part: str, *, exact: bool = False) -> Predictions:
        return predict_part(
            network,
            self._data,
            getattr(self._data.split, part),
            self._recipe.clip,
            self._accelerator,
            batch_size=self._recipe.evaluation.batch_size,
            exact=exact,
            run=f"{self._recipe.name}-seed{self._recipe.seed}",
        )

    def _numbers(self, predictions: Predictions) -> Numbers:
        """Return loss and the task's numbers."""
        numbers = {LOSS: mean_loss(predictions), **measure(predictions)}
        return {name: plain_number(value) for name, value in numbers.items()}

    def _save(self, name: str, network: Network, how: str, results: dict[str, Any] | None = None) -> None:
        if self._accelerator.is_main_process:
            save_network(self._folder / name, network, self._recipe, self._data, results or {}, how)
