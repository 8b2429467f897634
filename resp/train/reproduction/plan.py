"""A plan: the rows of a published table, and the recipe and settings that make each again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resp.evaluate import Protocol
from resp.train.errors import TrainError
from resp.train.recipe import Recipe, load_recipe

# How each protocol trains. Papers that keep the best test epoch learn from the whole train split; choosing an epoch
# honestly costs a part of it. The honest numbers of a literature run, those of its last epoch, stay in its folder.
_OF_PROTOCOL: dict[Protocol, tuple[str, ...]] = {
    "literature": ("data.validation_share=0", "evaluation.protocols=[honest, literature]"),
    "honest": ("evaluation.protocols=[honest]",),
}
# What has an option of its own.
_GIVEN_ELSEWHERE = ("seed", "data.root", "network.weights")


@dataclass(frozen=True, slots=True)
class Published:
    """Published numbers in percent, and where they stand; ``two_class`` are (Sp, Se, Score) of two classes."""

    sp: float
    se: float
    score: float
    source: str
    two_class: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A row: one way of training, measured by one protocol.

    Parameters
    ----------
    method, title
        Which rows belong together, as a name and in words.
    recipe
        Name of the recipe.
    choices
        (what is chosen, what is taken, setting of the recipe): how it differs from the method's other rows.
    protocol
        How its weights are chosen.
    published
        What is published of the method by this protocol; None for nothing.
    as_published
        The choices are those of the published numbers.
    """

    method: str
    title: str
    recipe: str
    choices: tuple[tuple[str, str, str], ...]
    protocol: Protocol
    published: Published | None = None
    as_published: bool = False

    @property
    def name(self) -> str:
        """Names the row on the command line, and its folders, such as ``patchmix_cl-reference-live-literature``."""
        return "-".join((self.method, *(taken for _, taken, _ in self.choices), self.protocol))

    @property
    def settings(self) -> tuple[str, ...]:
        """Settings of the recipe, as ``resp train --set`` takes them."""
        return (*(setting for *_, setting in self.choices), *_OF_PROTOCOL[self.protocol])


@dataclass(frozen=True, slots=True)
class Plan:
    """A published table.

    Parameters
    ----------
    name, title
        On the command line, and in words.
    dataset
        Title of the data set.
    rows
        In the order of the table.
    train_items, test_items
        How many items the parts of the whole data set have, for estimates of time.
    notes
        What a reader of the table must know.
    """

    name: str
    title: str
    dataset: str
    rows: tuple[PlanRow, ...]
    train_items: int
    test_items: int
    notes: tuple[str, ...] = ()

    def choose(self, names: Sequence[str] | None, protocols: Sequence[str] | None = None) -> tuple[PlanRow, ...]:
        """Return rows by method or by name, and by protocol; None for all.

        Raises
        ------
        TrainError
            A name that is none, or nothing is left.
        """
        known = {name for row in self.rows for name in (row.method, row.name)}
        _check_known("row", names, known, sorted({row.method for row in self.rows}))
        measured = sorted({row.protocol for row in self.rows})
        _check_known("protocol", protocols, set(measured), measured)
        chosen = tuple(
            row
            for row in self.rows
            if (names is None or {row.method, row.name} & set(names))
            and (protocols is None or row.protocol in protocols)
        )
        if not chosen:
            raise TrainError(
                f"{self.name}: no row has these names and protocols; `resp reproduce {self.name} --plan` lists all"
            )
        return chosen


@dataclass(frozen=True, slots=True)
class Changes:
    """What is changed of all recipes of a plan.

    Parameters
    ----------
    root
        Folder of the data set.
    weights
        What all networks start from; None for what the recipes say.
    random
        Random weights instead.
    smoke
        The preset that tries a recipe out.
    settings
        As ``resp train --set`` takes them; not those that make a row what it is.
    """

    root: Path
    weights: str | None = None
    random: bool = False
    smoke: bool = False
    settings: tuple[str, ...] = ()

    def recipe(self, row: PlanRow, seed: int = 0) -> Recipe:
        """Return the recipe of a row's run.

        Raises
        ------
        TrainError
            A setting that is wrong, or that the row or another field here decides.
        """
        self._check_settings(row)
        preset = "smoke" if self.smoke else None
        recipe = load_recipe(row.recipe, (*row.settings, *self.settings), preset=preset)
        network: dict[str, Any] = {}
        if self.random or self.smoke:
            network["weights"] = None
        elif self.weights is not None:
            network["weights"] = self.weights
        return recipe.model_copy(
            update={
                "seed": seed,
                "data": recipe.data.model_copy(update={"root": self.root}),
                "network": recipe.network.model_copy(update=network),
                # No number of the table comes of it, and it hears every training item once more.
                "familiarity": None,
            }
        )

    def _check_settings(self, row: PlanRow) -> None:
        decided = {*_GIVEN_ELSEWHERE, *(setting.partition("=")[0] for setting in row.settings)}
        for setting in self.settings:
            key = setting.partition("=")[0].strip()
            if any(own == key or own.startswith(f"{key}.") for own in decided):
                raise TrainError(
                    f"--set {setting}: decided already by the rows of the plan, or by an option of its own "
                    f"({', '.join(sorted(decided))}); leave it out"
                )


def _check_known(what: str, given: Sequence[str] | None, known: set[str], told: Sequence[str]) -> None:
    unknown = [name for name in given or () if name not in known]
    if unknown or (given is not None and not given):
        raise TrainError(f"no {what} {', '.join(unknown) or 'given'}; expected some of {', '.join(told)}")
