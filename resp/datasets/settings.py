"""Which data, which labels, which split: the settings that open a data set."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from resp.datasets.items import DataSet

Labels = Literal["four_class", "two_class", "diagnosis"]


class DataSettings(BaseModel):
    """Which data set is read, how its sounds are labelled, and how it is split.

    Parameters
    ----------
    dataset
        ``icbhi``, ``kauh``, or ``manifest`` for anybody's own recordings listed in a CSV file.
    root
        Folder of the data set; for a manifest its CSV file, or the folder with ``manifest.csv``.
    labels
        ``four_class`` (normal, crackle, wheeze, both), ``two_class`` (normal, abnormal) or ``diagnosis``
        (for a manifest: the labels as they stand in the file).
    classes
        Only for a manifest with ``diagnosis``: the class names in their order; None takes them from the file,
        sorted, a class called normal or healthy first.
    split
        ``official`` is the published division into train and test (ICBHI's 60/40, or the ``split`` column of
        a manifest), ``published_folds`` the published folds of patients (ICBHI only), ``folds`` our own
        patient-disjoint folds, stratified by label. ``all`` leaves no test part: every patient is learned
        from, for a model whose results come from folds.
    fold, folds
        Which fold is the test part, of how many.
    validation_share
        About this share of the training items, whole patients only, is kept for choosing the epoch; 0 for
        none.
    seed
        Of the folds and of the validation part.

    Raises
    ------
    pydantic.ValidationError
        A value out of its range, or a split that the data set does not have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Literal["icbhi", "kauh", "manifest"]
    root: Path
    labels: Labels = "four_class"
    classes: tuple[str, ...] | None = None
    split: Literal["official", "published_folds", "folds", "all"] = "folds"
    fold: Annotated[int, Field(ge=0)] = 0
    folds: Annotated[int, Field(ge=2)] = 5
    validation_share: Annotated[float, Field(ge=0, le=0.5)] = 0.2
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _agree(self) -> "DataSettings":
        if self.fold >= self.folds:
            raise ValueError(f"fold {self.fold} of {self.folds}; expected 0 to {self.folds - 1}")
        if self.classes is not None and (self.dataset, self.labels) != ("manifest", "diagnosis"):
            raise ValueError("classes can be named only for a manifest with labels: diagnosis; leave them out")
        if self.split == "official" and self.dataset == "kauh":
            raise ValueError("KAUH has no official split; use split: folds")
        if self.split == "published_folds" and (self.dataset != "icbhi" or self.folds != 5):
            raise ValueError("published_folds are ICBHI's five; use dataset: icbhi with folds: 5, or split: folds")
        return self


def open_dataset(settings: DataSettings) -> DataSet:
    """Read the data set that the settings name.

    Parameters
    ----------
    settings
        Data set, root and labels; the split is another step (`split_dataset`).

    Returns
    -------
    DataSet
        Items whose sound is there, with the census of all that was found and missed.

    Raises
    ------
    DataError
        The root is not there, holds nothing of the data set, or contradicts itself.
    """
    if settings.dataset == "icbhi":
        from resp.datasets.icbhi import read_icbhi

        return read_icbhi(settings.root, settings.labels)
    if settings.dataset == "kauh":
        from resp.datasets.kauh import read_kauh

        return read_kauh(settings.root, settings.labels)
    from resp.datasets.manifest import read_manifest

    return read_manifest(settings.root, settings.labels, settings.classes)
