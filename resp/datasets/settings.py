"""Which data, which labels, which split: the settings that open a data set."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from resp.datasets.errors import DataError
from resp.datasets.items import DataSet
from resp.datasets.readers import READERS

Labels = Literal["four_class", "two_class", "diagnosis"]


class DataSettings(BaseModel):
    """Which data set is read, how its sounds are labelled, and how it is split.

    Parameters
    ----------
    dataset
        Name of a data set (``resp datasets`` lists them), or ``manifest`` for anybody's own recordings listed
        in a CSV file.
    root
        Folder of the data set; for a manifest its CSV file, or the folder with ``manifest.csv``.
    labels
        ``four_class`` (normal, crackle, wheeze, both), ``two_class`` (normal, abnormal) or ``diagnosis``
        (for a manifest: the labels as they stand in the file; without one called normal or healthy, what is measured
        is accuracy). Data sets that have classes of their own, all
        but icbhi, kauh and manifest, do not ask for it.
    classes
        Only for a manifest with ``diagnosis``: the class names in their order; None takes them from the file,
        sorted, a class called normal or healthy first.
    split
        ``official`` is the published division into train and test (ICBHI's 60/40, or the ``split`` column of
        a manifest), ``published_folds`` the folds that came with the data set, ``folds`` our own
        patient-disjoint folds, stratified by label (of a multi-label set: not stratified). ``all`` leaves no
        test part: every patient is learned from, for a model whose results come from folds. ``leave_device_out``
        tests on a device that was not learned from, ``held_out``, and on patients that were not either.
    held_out
        Only for ``leave_device_out``: the device, by its name in the items, or KAUH's filter (``bell``, ``diaphragm``,
        ``extended``). Where others were recorded with other devices alone (ICBHI), the training part is their items
        and the test part all of this device. Where everybody was recorded with it too (KAUH), the test part is this
        device's items of one ``fold``, and the training part the other devices' of the other folds.
    fold, folds
        Which fold is the test part, of how many; both count from 0. Published folds are as many as were
        published, and ``folds`` may be left out.
    validation_share
        About this share of the training items, whole patients only, is kept for choosing the epoch; 0 for
        none. Where the official split has a validation part of its own (Speech Commands), that part is taken
        whatever the share, and at 0 it is left out: published validation items are never learned from.
    seed
        Of the folds and of the validation part.
    more_roots
        Only for ``unlabelled``, whose sounds may lie in several folders: the others.
    without_test_of
        Only for ``unlabelled``, whose one split is ``all``: another data set with its split. The sources of its test
        part are left out, so that what is pre-trained for a fold has never heard those whom that fold is tested on.
        Its ``root`` may be left out where it is the same.

    Raises
    ------
    pydantic.ValidationError
        A value out of its range, or a split that the data set does not have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    root: Path
    labels: Labels = "four_class"
    classes: tuple[str, ...] | None = None
    split: Literal["official", "published_folds", "folds", "all", "leave_device_out"] = "folds"
    held_out: str | None = None
    fold: Annotated[int, Field(ge=0)] = 0
    folds: Annotated[int, Field(ge=2)] = 5
    validation_share: Annotated[float, Field(ge=0, le=0.5)] = 0.2
    seed: Annotated[int, Field(ge=0)] = 0
    more_roots: tuple[Path, ...] = ()
    without_test_of: "DataSettings | None" = None

    @field_validator("dataset")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            return READERS.record(name).name
        except DataError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="before")
    @classmethod
    def _take_published_number(cls, given: Any) -> Any:
        """Fill in how many folds were published where nothing is said."""
        if not isinstance(given, dict) or given.get("split") != "published_folds" or "folds" in given:
            return given
        name = given.get("dataset")
        folds = READERS.record(name).folds if name in [record.name for record in READERS] else None
        return given if folds is None else {**given, "folds": folds}

    @model_validator(mode="before")
    @classmethod
    def _keep_all_unlabelled(cls, given: Any) -> Any:
        """Fill in the one split that unlabelled sounds have where nothing is said."""
        if not isinstance(given, dict) or "split" in given:
            return given
        name = str(given.get("dataset"))
        known = name in [record.name for record in READERS]
        return {**given, "split": "all"} if known and READERS.record(name).task == "unlabelled" else given

    @model_validator(mode="before")
    @classmethod
    def _lies_in_the_same_folder(cls, given: Any) -> Any:
        """Fill in where the tested data set is where nothing is said."""
        tested = given.get("without_test_of") if isinstance(given, dict) else None
        if not isinstance(tested, dict) or "root" in tested or "root" not in given:
            return given
        return {**given, "without_test_of": {**tested, "root": given["root"]}}

    @model_validator(mode="after")
    def _unlabelled_is_only_learned_from(self) -> "DataSettings":
        if READERS.record(self.dataset).task != "unlabelled":
            if self.without_test_of is not None:
                raise ValueError("without_test_of is only for unlabelled sounds; leave it out")
        elif self.split != "all":
            raise ValueError(f"split {self.split}: unlabelled sounds have nothing to be tested on; use split: all")
        elif self.without_test_of is not None and self.without_test_of.split == "all":
            raise ValueError("without_test_of has split: all, which has no test part; name a split that has one")
        return self

    @model_validator(mode="after")
    def _agree(self) -> "DataSettings":
        record = READERS.record(self.dataset)
        if self.fold >= self.folds:
            raise ValueError(f"fold {self.fold} of {self.folds}; expected 0 to {self.folds - 1}")
        if self.classes is not None and not (record.choosable_classes and self.labels == "diagnosis"):
            raise ValueError("classes can be named only for a manifest with labels: diagnosis; leave them out")
        if (self.held_out is None) == (self.split == "leave_device_out"):
            raise ValueError(f"split {self.split}, held_out {self.held_out}; leave_device_out needs it, and no other")
        title = record.title or record.name
        if self.more_roots and not record.several_roots:
            raise ValueError(f"more_roots of {title}, which lies in one folder; leave them out")
        if self.split in ("official", "published_folds") and self.split not in record.published:
            kind = "published folds" if self.split == "published_folds" else "official split"
            other = record.published[0] if record.published else "folds"
            raise ValueError(f"{title} has no {kind}; use split: {other}")
        if self.split == "published_folds" and self.folds != record.folds:
            raise ValueError(f"folds {self.folds}; the published folds of {title} are {record.folds}")
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
    record = READERS.record(settings.dataset)
    chosen: dict[str, Any] = {}
    if record.choosable_labels:
        chosen["labels"] = settings.labels
    if record.choosable_classes:
        chosen["classes"] = settings.classes
    if record.several_roots:
        chosen["more_roots"] = settings.more_roots
    dataset = READERS.create(settings.dataset, root=settings.root, **chosen)
    if settings.without_test_of is None:
        return dataset
    from resp.datasets.unlabelled import without_test_part

    return without_test_part(dataset, settings.without_test_of)
