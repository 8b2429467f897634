"""Values of a data set, asked for one by one: what is missing or makes no sense is named by group and element."""

import math
import re
from typing import TYPE_CHECKING, Any

from resp.dicom.errors import DicomError
from resp.dicom.structure import name_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_LONGEST_TEXT = 256
_UID = re.compile(r"[0-9.]{1,64}", re.ASCII)


def tag_of(keyword: str) -> str:
    """Return an element's tag and name, as ``(003A,001A) Sampling Frequency``."""
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword)
    return keyword if tag is None else name_of(tag)


class Values:
    """A data set's values by keyword, with one kind of error.

    Parameters
    ----------
    dataset
        Whose.
    where
        The file, and where in it, for messages.
    """

    def __init__(self, dataset: "Dataset", where: str) -> None:
        self._dataset, self.where = dataset, where

    def elsewhere(self, where: str) -> "Values":
        """Return the same values, called otherwise in messages."""
        return Values(self._dataset, where)

    def bad(self, keyword: str, what: str) -> DicomError:
        """Return the error that says what is wrong with an element."""
        return DicomError(f"{self.where}: {tag_of(keyword)} {what}")

    def raw(self, keyword: str) -> Any:
        """Return a value as pydicom has it, None where there is none or an empty one."""
        try:
            if keyword not in self._dataset:
                return None
            value = self._dataset[keyword].value
        except Exception as error:
            # What pydicom raises for a value that does not fit its representation is of a dozen types.
            raise self.bad(keyword, f"cannot be read ({type(error).__name__}); export it again") from error
        return None if value is None or (hasattr(value, "__len__") and len(value) == 0) else value

    def number(self, keyword: str) -> float | None:
        """Return a number, None where there is none."""
        value = self.raw(keyword)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise self.bad(keyword, f"is {_shown(value)}; expected one number") from error
        if not math.isfinite(number):
            raise self.bad(keyword, f"is {number}; expected a finite number")
        return number

    def need_number(self, keyword: str) -> float:
        """Return a number that has to be there."""
        number = self.number(keyword)
        if number is None:
            raise self.bad(keyword, "is missing; the sound cannot be read without it")
        return number

    def need_count(self, keyword: str) -> int:
        """Return a whole number above 0 that has to be there."""
        number = self.need_number(keyword)
        if number != int(number) or number < 1:
            raise self.bad(keyword, f"is {number:g}; expected a whole number of at least 1")
        return int(number)

    def text(self, keyword: str) -> str | None:
        """Return a text on one line, its several values joined; None where there is none."""
        value = self.raw(keyword)
        if value is None:
            return None
        several = value if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue" else [value]
        words = " ".join(" ".join(str(one) for one in several).replace("\0", " ").split())
        return words[:_LONGEST_TEXT] or None

    def need_text(self, keyword: str) -> str:
        """Return a text that has to be there."""
        text = self.text(keyword)
        if text is None:
            raise self.bad(keyword, "is missing; the sound cannot be read without it")
        return text

    def need_uid(self, keyword: str) -> str:
        """Return a unique identifier that has to be there and to be one: what refers to it depends on it."""
        text = self.need_text(keyword)
        if not _UID.fullmatch(text):
            raise self.bad(keyword, f"is {_shown(text)}; expected digits and dots, at most 64")
        return text

    def items(self, keyword: str) -> "tuple[Dataset, ...]":
        """Return the items of a sequence; none where there is none."""
        from pydicom.sequence import Sequence

        value = self.raw(keyword)
        if value is None:
            return ()
        if not isinstance(value, Sequence):
            raise self.bad(keyword, "is no sequence; export it again")
        return tuple(value)

    def inner(self, keyword: str) -> "tuple[Values, ...]":
        """Return the items of a sequence as values of their own."""
        return tuple(
            Values(item, f"{self.where}: item {number} of {tag_of(keyword)}")
            for number, item in enumerate(self.items(keyword), start=1)
        )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
