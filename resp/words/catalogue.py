"""Messages by key: read once, plural by count, numbers and dates as the language writes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from resp.words.errors import WordsError
from resp.words.sentences import Sentences

LANGUAGES = ("en", "de")
"""Every one that ships, English first: all others are held to its keys and placeholders by a test."""
PLURALS = ("one", "other")

Message = str | dict[str, str]


@dataclass(frozen=True)
class Words:
    """The messages of one language; made by `words`.

    Parameters
    ----------
    language
        Its code after ISO 639-1, as in the attribute ``lang`` of a page.
    messages
        Key → text with ``{placeholders}``, or ``{"one": …, "other": …}`` where a count decides.
    sentences
        What the scoring says in English, in this language.
    """

    language: str
    messages: Mapping[str, Message]
    sentences: Sentences = field(default_factory=lambda: Sentences({}))

    def text(self, key: str, **values: object) -> str:
        """Return a message with its values put in.

        Parameters
        ----------
        key
            Such as ``"report.title"``.
        **values
            For the placeholders; ``count`` also chooses between one and several. A float is written by
            `number` first: how many digits it deserves is for the caller to say.

        Raises
        ------
        WordsError
            No such message, a placeholder without a value, or a message of several forms without a count.
        """
        message = self._message(key)
        if isinstance(message, dict):
            if "count" not in values:
                raise WordsError(f"message {key!r} has a form for one and one for several; give count=…")
            message = message["one" if values["count"] == 1 else "other"]
        try:
            return message.format_map(values)
        except KeyError as error:
            raise WordsError(f"message {key!r} needs a value for {error.args[0]!r}; given: {sorted(values)}") from error

    def section(self, name: str) -> dict[str, Message]:
        """Return all messages below ``name``, by the rest of their key: for a component that fills them in itself.

        Raises
        ------
        WordsError
            No message begins so.
        """
        found = {key[len(name) + 1 :]: text for key, text in self.messages.items() if key.startswith(f"{name}.")}
        if not found:
            raise WordsError(f"no message in the section {name!r}; sections: {', '.join(self._sections())}")
        return found

    def has(self, key: str) -> bool:
        """Whether there is such a message: for names that others choose, such as the classes of a model."""
        return key in self.messages

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number with so many digits behind the decimal sign of the language, and a true minus sign."""
        written = f"{value:.{digits}f}".replace("-", "−").replace(".", self.text("format.decimal"))
        return written.removeprefix("−") if not written.strip("−0.,") else written

    def percent(self, share: float) -> str:
        """Return a share in per cent that never claims certainty: 0.999 is ``> 99 %``."""
        if share > 0.99:
            return self.text("format.above_99")
        if share < 0.01:
            return self.text("format.below_1")
        return self.text("format.percent", number=self.number(share * 100))

    def day(self, moment: date) -> str:
        """Return a date, such as ``21 Nov 2026`` or ``21.11.2026``; of a time, in the zone that it carries."""
        return self.text(
            "format.day",
            day=str(moment.day),
            day_of_two=f"{moment.day:02d}",
            month_of_two=f"{moment.month:02d}",
            month=self.text("format.months").split()[moment.month - 1],
            year=str(moment.year),
        )

    def moment(self, moment: datetime) -> str:
        """Return a date and time to the minute, in the zone that it carries; UTC says so."""
        zone = " UTC" if moment.tzinfo is not None and moment.tzname() == "UTC" else ""
        return self.text("format.moment", day=self.day(moment), time=f"{moment:%H:%M}") + zone

    def seconds(self, length_s: float) -> str:
        """Return a duration as ``14.5 s`` or, from a minute on, ``2:05 min``."""
        if length_s < 60:
            return f"{self.number(length_s, 1)} s"
        return f"{int(length_s // 60)}:{int(length_s % 60):02d} min"

    def finding(self, label: str | None, *, inline: bool = False) -> str:
        """Return a model's class in words; an abstention where None, and a class without words under its own name.

        Parameters
        ----------
        label
            The class.
        inline
            As it stands within a sentence, not at its beginning.
        """
        name = "abstained" if label is None else label
        if inline:
            return self.text(f"finding.inline.{name}") if self.has(f"finding.inline.{name}") else name.replace("_", " ")
        return self.text(f"finding.{name}") if self.has(f"finding.{name}") else name.replace("_", " ").capitalize()

    def listed(self, parts: list[str]) -> str:
        """Return parts as a list in a sentence: ``a, b and c``."""
        if len(parts) < 2:
            return "".join(parts)
        return self.text("format.list", first=", ".join(parts[:-1]), last=parts[-1])

    def said(self, sentence: str) -> str:
        """Return what a report says in English (a reason, a warning) in this language.

        A sentence that is not known, such as one of an older version, stays as it was written: it is shown, not lost.
        """
        return self.sentences.translate(sentence)

    def _message(self, key: str) -> Message:
        try:
            return self.messages[key]
        except KeyError as error:
            raise WordsError(f"no message {key!r} in {self.language!r}") from error

    def _sections(self) -> list[str]:
        return sorted({key.split(".")[0] for key in self.messages})


@cache
def words(language: str = "en") -> Words:
    """Return the messages of a language.

    Parameters
    ----------
    language
        One of `LANGUAGES`; of a longer code, such as ``de-CH``, the beginning counts.

    Raises
    ------
    WordsError
        A language that does not ship, or a file that holds something else than messages.
    """
    code = language.lower().replace("_", "-").split("-")[0]
    if code not in LANGUAGES:
        raise WordsError(f"no words in {language!r}; expected one of {', '.join(LANGUAGES)}")
    messages = dict(_flat(_read(code), f"{code}.yaml"))
    if code == "en":
        return Words(code, messages)
    said = {key: _one(text) for key, text in messages.items() if key.startswith("said.")}
    pairs = {_one(words("en").messages[key]): text for key, text in said.items()}
    return Words(code, messages, Sentences(pairs, decimal=_one(messages["format.decimal"])))


def language_names() -> dict[str, str]:
    """Return each language's code and its own name for itself, for a menu."""
    return {code: words(code).text("language.name") for code in LANGUAGES}


def placeholders(message: Message) -> set[str]:
    """Return the names that a message has values for, ``count`` too where it has several forms."""
    if isinstance(message, dict):
        return set().union({"count"}, *(placeholders(text) for text in message.values()))
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


def _read(code: str) -> Any:
    import yaml

    return yaml.safe_load(files(__package__).joinpath(f"{code}.yaml").read_text(encoding="utf-8"))


def _flat(part: Any, place: str, prefix: str = "") -> Iterator[tuple[str, Message]]:
    if not isinstance(part, dict):
        raise WordsError(f"{place}: {prefix or 'the file'} is {part!r}; expected keys with texts")
    for name, value in part.items():
        key = f"{prefix}.{name}" if prefix else name
        if not isinstance(name, str):
            raise WordsError(f"{place}: the key {key!r} is no text to YAML; write it in quotes")
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict) and set(value) == set(PLURALS):
            yield key, dict(value)
        else:
            yield from _flat(value, place, key)


def _one(message: Message) -> str:
    return message if isinstance(message, str) else message["other"]
