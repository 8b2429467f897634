"""Dividing a data set into train, validation and test without dividing a patient."""

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from resp.datasets.census import name_some
from resp.datasets.errors import DataError
from resp.datasets.items import DataSet, Item
from resp.datasets.settings import DataSettings


@dataclass(frozen=True, slots=True)
class Split:
    """Indices into a data set's items.

    Parameters
    ----------
    train, validation, test
        Ascending, without an index in common.
    shared_patients
        Patients with items in both train and test: those that the published split divides (156 and 218 in
        ICBHI's official one), and none where the split is ours. They are never in the validation part.
    unassigned
        Items that the published split puts nowhere, or into a validation part that is not asked for.
    withheld
        Items that are in no part because they share a patient with the test part (UrbanSound8K's published folds
        divide a recording) or a device (that is left out of training).
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    shared_patients: tuple[str, ...] = ()
    unassigned: tuple[int, ...] = ()
    withheld: tuple[int, ...] = ()

    def text(self, dataset: DataSet) -> str:
        """Return the size of every part as lines of text."""
        lines = []
        for name, part in (("train", self.train), ("validation", self.validation), ("test", self.test)):
            lines.append(f"{name:<10}  {len(part):>6} items of {dataset.describe(part)}")
        if self.shared_patients:
            lines.append(f"note: patients on both sides as published: {name_some(list(self.shared_patients), 10)}")
        if self.unassigned:
            lines.append(f"note: in no part of the published split: {len(self.unassigned)} items")
        if self.withheld:
            why = "as the test part has their source or device"
            lines.append(f"note: not learned from, {why}: {len(self.withheld)} items")
        return "\n".join(lines)


def split_dataset(dataset: DataSet, settings: DataSettings) -> Split:
    """Divide a data set as the settings say.

    Folds and the validation part are drawn over patients, with about the same share of every class in each
    (scikit-learn's ``StratifiedGroupKFold``; where an item has several classes, without regard to them). The
    validation part is taken out of the training part, unless the official split has one of its own.

    Parameters
    ----------
    dataset
        What `open_dataset` returned for the same settings.
    settings
        Split, fold, folds, share of the validation part, and seed.

    Returns
    -------
    Split
        The parts. The same data set and settings give the same split.

    Raises
    ------
    DataError
        The data set has no such split, has too few patients for it, or a part comes out empty.
    """
    everything = tuple(range(len(dataset)))
    published_validation: tuple[int, ...] = ()
    withheld: tuple[int, ...] = ()
    if settings.split == "official":
        train, published_validation, test = _published_parts(dataset)
    elif settings.split == "published_folds":
        train, withheld, test = _published_folds(dataset, settings.fold)
    elif settings.split == "all":
        train, test = everything, ()
    elif settings.split == "leave_device_out":
        train, withheld, test = _without_device(dataset, settings)
    else:
        test = _fold(dataset, everything, settings.folds, settings.fold, settings.seed)
        train = _without(everything, test)
    _refuse_empty(dataset, train, "train")
    if settings.split != "all":
        _refuse_empty(dataset, test, "test")
    shared = tuple(sorted(_patients(dataset, train) & _patients(dataset, test), key=_natural))
    if settings.validation_share == 0:
        validation: tuple[int, ...] = ()
    else:
        validation = published_validation or _validation(dataset, train, shared, settings)
    placed = {*train, *validation, *test, *withheld}
    split = Split(
        train=_without(train, validation),
        validation=validation,
        test=test,
        shared_patients=shared,
        unassigned=_without(everything, placed),
        withheld=withheld,
    )
    check_split(dataset, split, as_published=settings.split == "official", without_test=settings.split == "all")
    return split


def check_split(dataset: DataSet, split: Split, *, as_published: bool = False, without_test: bool = False) -> None:
    """Refuse a split that lets what was seen in training into the validation or the test part.

    Parameters
    ----------
    as_published
        Train and test are as somebody published them and may have patients in common, which then must be the
        split's ``shared_patients``.
    without_test
        No test part is meant to be there.

    Raises
    ------
    DataError
        An item or a patient is in two parts, or train or test is empty.
    """
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    _refuse_empty(dataset, split.train, "train")
    if not without_test:
        _refuse_empty(dataset, split.test, "test")
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        if set(parts[one]) & set(parts[other]):
            raise DataError(f"{dataset.name}: items are in both {one} and {other}")
        both = _patients(dataset, parts[one]) & _patients(dataset, parts[other])
        if as_published and (one, other) == ("train", "test"):
            both -= set(split.shared_patients)
        if both:
            names = name_some(sorted(both, key=_natural))
            raise DataError(f"{dataset.name}: patients are in both {one} and {other}: {names}")


def _refuse_empty(dataset: DataSet, part: tuple[int, ...], name: str) -> None:
    if not part:
        raise DataError(
            f"{dataset.name}: the {name} part is empty ({len(dataset)} items of "
            f"{len(set(dataset.patients))} patients); choose another split or fold, or add recordings"
        )


def _published_parts(dataset: DataSet) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return train, validation (empty where none was published) and test."""
    if not any(item.part for item in dataset.items):
        raise DataError(
            f"{dataset.name}: no item is in a published split; put official_split.txt into the folder "
            "(ICBHI), give the manifest a column split, or use split: folds"
        )
    train, validation, test = (
        tuple(index for index, item in enumerate(dataset.items) if item.part == part)
        for part in ("train", "validation", "test")
    )
    return train, validation, test


def _published_folds(dataset: DataSet, fold: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return train, what is withheld from it, and test."""
    folds = [item.attributes.get("fold") for item in dataset.items]
    if not any(folds):
        raise DataError(
            f"{dataset.name}: no published folds found (of ICBHI: patient_list_foldwise.txt); use split: folds"
        )
    test = tuple(index for index, name in enumerate(folds) if name == str(fold))
    others = tuple(index for index, name in enumerate(folds) if name not in (None, str(fold)))
    tested = _patients(dataset, test)
    withheld = tuple(index for index in others if dataset.items[index].patient in tested)
    return _without(others, withheld), withheld, test


def recorded_with(item: Item) -> str | None:
    """Return what an item was recorded with: the filter where one stethoscope has several, else the device."""
    return item.attributes.get("filter") or item.device


def _without_device(
    dataset: DataSet, settings: DataSettings
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return train, what is withheld from it, and test: no device and no patient is on both sides."""
    everything = range(len(dataset))
    known = sorted({name for item in dataset.items if (name := recorded_with(item))}, key=str.casefold)
    wanted = (settings.held_out or "").casefold()
    if wanted not in [name.casefold() for name in known]:
        raise DataError(
            f"{dataset.name}: held_out {settings.held_out!r}; expected one of its devices: {', '.join(known) or 'none'}"
        )
    held_out = tuple(index for index in everything if (recorded_with(dataset.items[index]) or "").casefold() == wanted)
    patients = _patients(dataset, held_out)
    if patients == set(dataset.patients):
        # Folds of patients, so that those of the same fold and seed are the same whatever device is held out.
        tested = _patients(dataset, _fold(dataset, tuple(everything), settings.folds, settings.fold, settings.seed))
    else:
        tested = patients
    test = tuple(index for index in held_out if dataset.items[index].patient in tested)
    gone = set(held_out)
    train = tuple(index for index in everything if index not in gone and dataset.items[index].patient not in tested)
    return train, _without(_without(tuple(everything), train), test), test


def _validation(
    dataset: DataSet, train: tuple[int, ...], shared: tuple[str, ...], settings: DataSettings
) -> tuple[int, ...]:
    """Take whole patients out of train; those that the test part knows stay, so that it chooses nothing."""
    eligible = tuple(index for index in train if dataset.items[index].patient not in shared)
    folds = max(2, round(1 / settings.validation_share))
    patients = len(_patients(dataset, eligible))
    if patients < 2:
        raise DataError(
            f"{dataset.name}: {patients} patients to take a validation part from; expected at least 2 "
            "(validation_share: 0 does without)"
        )
    return _fold(dataset, eligible, min(folds, patients), 0, settings.seed)


def _fold(dataset: DataSet, indices: tuple[int, ...], folds: int, fold: int, seed: int) -> tuple[int, ...]:
    """Return those of the indices that make the given fold."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    patients = [dataset.items[index].patient for index in indices]
    if len(set(patients)) < folds:
        raise DataError(
            f"{dataset.name}: {len(set(patients))} patients cannot make {folds} folds; "
            "take fewer folds or add recordings"
        )
    labels = [dataset.items[index].label for index in indices]
    # Stratified by the first of several classes, a class would be spread by chance all the same, and slowly.
    plain = dataset.task in ("multi_label", "unlabelled")
    kind = GroupKFold if plain else StratifiedGroupKFold
    folder = kind(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer items than folds is not everywhere, and the census shows that already.
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        try:
            parts = list(folder.split(labels, labels, patients))
        except ValueError as error:
            raise DataError(
                f"{dataset.name}: {len(indices)} items cannot make {folds} folds ({error}); take fewer folds"
            ) from error
    return tuple(indices[position] for position in parts[fold][1])


def _patients(dataset: DataSet, indices: Sequence[int]) -> set[str]:
    return {dataset.items[index].patient for index in indices}


def _without(indices: Sequence[int], taken: Collection[int]) -> tuple[int, ...]:
    gone = set(taken)
    return tuple(index for index in indices if index not in gone)


def _natural(name: str) -> tuple[int, str]:
    return (int(name) if name.isdigit() else 0, name)
