"""What an objective that needs no labels is measured by: its own loss, on sounds that it did not learn from."""

import torch
from accelerate import Accelerator

from resp.datasets.batches import plan_batches
from resp.models.network import Network
from resp.train.data import TrainingData, own_share
from resp.train.objectives import Objective
from resp.train.recipe import Recipe
from resp.train.seeds import Purpose, derived_generator
from resp.train.totals import EpochTotals


@torch.no_grad()
def held_out_loss(
    objective: Objective, network: Network, data: TrainingData, recipe: Recipe, accelerator: Accelerator
) -> dict[str, float | None]:
    """Compute the mean loss of the validation part, with what it is made of.

    Crops, augmentation and mixes are random and the same in every epoch, so that epochs can be compared.

    Parameters
    ----------
    objective
        What is trained; it comes back in the mode that it was in.
    network
        The network to measure in its place: the moving average of the weights where there is one.
    data, recipe, accelerator
        The run's. Every process takes its share and all get the result.

    Returns
    -------
    dict
        ``loss`` and the objective's parts.
    """
    clip, rate_hz, process = recipe.clip, data.waveforms.rate_hz, accelerator.process_index
    # Of all sizes up to the training batch's: an objective compares the samples of a batch.
    size = min(recipe.training.batch_size, len(data.split.validation))
    order = own_share(
        torch.tensor(data.split.validation),
        size,
        drop_last=len(data.split.validation) % size < objective.smallest_batch * accelerator.num_processes,
        process=process,
        processes=accelerator.num_processes,
    )
    batches = plan_batches(
        data.waveforms,
        data.dataset.targets(),
        order.tolist(),
        batch_size=max(1, size // accelerator.num_processes),
        length=clip.window_samples(rate_hz),
        fit=clip.fit,
        crop="random",
        fade_samples=clip.fade_samples,
        generator=derived_generator(recipe.seed, Purpose.HELD_OUT, process),
    )
    totals = EpochTotals(data.dataset.classes, data.dataset.task, accelerator.device)
    learning, training = objective.network, objective.training
    objective.network = network
    objective.eval()
    try:
        with accelerator.autocast():
            for number, make in enumerate(batches):
                generator = derived_generator(recipe.seed, Purpose.HELD_OUT, process, number)
                batch = make()
                waveform, labels = batch.waveform.to(accelerator.device), batch.labels.to(accelerator.device)
                totals.add(objective(waveform, labels, generator))
    finally:
        objective.network = learning
        objective.train(training)
    return totals.summary(accelerator)
