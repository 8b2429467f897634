"""Measuring epochs, keeping the weights that a protocol chooses, and measuring those on the test part."""

from pathlib import Path
from typing import Any

from accelerate import Accelerator

from resp.evaluate import PROTOCOLS, Predictions, Protocol, evaluate
from resp.evaluate.confidence import calibrated
from resp.evaluate.tasks import LOSS, mean_loss, measure, protocol_words, task_numbers
from resp.evaluate.weights import RUN_WEIGHTS
from resp.models.config import Calibration
from resp.models.network import Network
from resp.train.calibration import fit_on_validation
from resp.train.data import TrainingData
from resp.train.folder import LAST, save_network
from resp.train.held_out import held_out_loss
from resp.train.objectives import Objective
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
    objective
        Measures sounds without labels by its loss.

    Attributes
    ----------
    best
        Protocol → epoch chosen so far, and the key by which it was.
    """

    def __init__(
        self, recipe: Recipe, data: TrainingData, accelerator: Accelerator, folder: Path, objective: Objective
    ) -> None:
        self._recipe = recipe
        self._data = data
        self._accelerator = accelerator
        self._folder = folder
        self._objective = objective
        self._task = data.dataset.task
        self._calibrations: dict[Protocol, Calibration] = {}
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
            if self._task == "unlabelled":
                numbers = held_out_loss(self._objective, network, self._data, self._recipe, self._accelerator)
            else:
                numbers = self._numbers(self._predict(network, part))
            measured[part] = numbers
            primary = task_numbers(self._task).primary
            score, loss = None if primary is None else numbers[primary], numbers[LOSS]
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

    def held_out(self, history: list[dict[str, Any]]) -> dict[str, Any]:
        """Return ``epoch``, ``protocol`` in words, and ``validation``: the loss of the weights that it chose.

        Parameters
        ----------
        history
            A row of metrics for every epoch.
        """
        epoch = self.best["honest"]["epoch"]
        words = "honest: the epoch with the lowest loss on sources that were not learned from; nothing was tested"
        return {"epoch": epoch, "protocol": words, "validation": history[epoch - 1]["validation"]}

    def calibrate(self) -> None:
        """Fit the calibration of the honest protocol's weights on the validation part, and keep it with them.

        Nothing is fitted where there is no such part, too few patients in it, or several labels an item.
        """
        if "honest" not in self.best or self._task == "unlabelled":
            return
        network = self._chosen("honest")
        calibration = fit_on_validation(self._predict(network, "validation", exact=True))
        if calibration == Calibration():
            return
        self._calibrations["honest"] = calibration
        how = f"epoch {self.best['honest']['epoch']}, the best on the validation part"
        self._save(RUN_WEIGHTS["honest"], network, how, calibration=calibration)

    def test(self, protocol: Protocol) -> dict[str, Any]:
        """Measure the weights that a protocol chose on the test part, and write the numbers beside them.

        Returns
        -------
        dict
            ``epoch``, ``protocol`` in words, ``test`` (loss and the task's numbers) and the whole ``evaluation``.
        """
        network = self._chosen(protocol)
        calibration = self._calibrations.get(protocol, Calibration())
        # In float32 and calibrated, as the finished model is used.
        predictions = calibrated(self._predict(network, "test", exact=True), calibration)
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
        self._save(RUN_WEIGHTS[protocol], network, f"epoch {epoch}: {words}", {protocol: brief}, calibration)
        return {**brief, "evaluation": evaluation.to_dict()}

    def _chosen(self, protocol: Protocol) -> Network:
        """Return the network with the weights that a protocol chose, on the run's device."""
        from resp.models.folder import load_model

        return load_model(self._folder / RUN_WEIGHTS[protocol]).network.to(self._accelerator.device)

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

    def _save(
        self,
        name: str,
        network: Network,
        how: str,
        results: dict[str, Any] | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        if self._accelerator.is_main_process:
            save_network(self._folder / name, network, self._recipe, self._data, results or {}, how, calibration)
