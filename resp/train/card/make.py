"""A model's card from its folder, the run it comes from, and tables of results."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resp.evaluate.weights import find_weights, protocols, run_folder
from resp.models.config import ModelConfig
from resp.models.folder import find_model, model_checksum, read_config, write_card, write_config
from resp.models.results import ResultTable
from resp.train.card.document import card_text
from resp.train.card.run_facts import MEASURED, measured_table, read_provenance


@dataclass(frozen=True, slots=True)
class Card:
    """A card, and the configuration that it speaks of.

    Parameters
    ----------
    folder
        The model folder.
    config
        What ``config.json`` says with what is known of the run and the tables in it.
    text
        The card, Markdown with a YAML header.
    sha256
        The checksum that reports name once `write` was called.
    changed
        Whether ``config.json`` says something else so far, so that writing changes the model's checksum.
    """

    folder: Path
    config: ModelConfig
    text: str
    sha256: str
    changed: bool

    def write(self) -> None:
        """Write ``README.md``, and ``config.json`` where it changes; nothing else.

        Raises
        ------
        ModelError
            The folder cannot be written.
        """
        if self.changed:
            write_config(self.folder, self.config)
        write_card(self.folder, self.text)


def make_card(
    model: str | os.PathLike[str],
    tables: Mapping[str, ResultTable] | None = None,
    *,
    results: dict[str, Any] | None = None,
) -> Card:
    """Make the card of a model; the same folder and tables give the same bytes.

    Parameters
    ----------
    model
        A run folder (its weights of the honest protocol), a model folder, or the name of an installed model. What
        a run folder says of the data and the training goes into the configuration; a model folder outside of one has
        it there already.
    tables
        Measured results by name, which replace those of the same name.
    results
        The run's own results, where ``results.json`` is not written yet.

    Returns
    -------
    Card
        Nothing is written before its `Card.write`.

    Raises
    ------
    RespError
        No such model, a run without weights, or a damaged file.
    """
    run = run_folder(model)
    folder = find_model(find_weights(model).model)
    found = read_config(folder)
    known = dict(found.results)
    provenance = found.provenance
    if run is not None:
        provenance = read_provenance(run, provenance.weights if provenance is not None else "")
        measured = measured_table(run, found.task, results, own=protocols(folder))
        if measured is not None:
            known[MEASURED] = measured.model_dump(mode="json")
    for name, table in (tables or {}).items():
        known[name] = table.model_dump(mode="json")
    config = found.model_copy(update={"results": known, "provenance": provenance})
    changed = config != found
    sha256 = model_checksum(folder, config if changed else None)
    return Card(folder, config, card_text(folder, config, sha256), sha256, changed)


def write_model_card(
    model: str | os.PathLike[str],
    tables: Mapping[str, ResultTable] | None = None,
    *,
    results: dict[str, Any] | None = None,
) -> Card:
    """Make a model's card (`make_card`) and write it into the model folder."""
    card = make_card(model, tables, results=results)
    card.write()
    return card
