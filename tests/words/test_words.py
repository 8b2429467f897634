import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from message_use import Use, used_messages
from resp.words import LANGUAGES, Words, WordsError, language_names, words
from resp.words.catalogue import placeholders

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [language for language in LANGUAGES if language != "en"]


@pytest.fixture(scope="module")
def use() -> Use:
    return used_messages([ROOT / "resp", ROOT / "app"])


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_keys_of_english_and_no_other(language):
    english, other = set(words("en").messages), set(words(language).messages)
    assert other - english == set()
    assert english - other == set()


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_placeholders(language):
    english, other = words("en").messages, words(language).messages
    # How a date is put together is the language's own affair.
    for key in english.keys() - {"format.day"}:
        assert placeholders(other[key]) == placeholders(english[key]), key
        assert isinstance(other[key], dict) == isinstance(english[key], dict), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_empty_or_has_blanks_at_its_ends(language):
    for key, message in words(language).messages.items():
        for text in message.values() if isinstance(message, dict) else [message]:
            assert text.strip() == text.removesuffix("\n"), key
            assert text, key


@pytest.mark.parametrize("language", OTHERS)
def test_long_messages_are_translated(language):
    # A whole sentence that is the same in two languages was forgotten.
    english, other = words("en").messages, words(language).messages
    same = [key for key, text in english.items() if isinstance(text, str) and len(text) > 24 and other[key] == text]
    assert [key for key in same if " " in re.sub(r"\{\w+\}", "", str(english[key])).strip()] == []


def test_every_message_that_the_code_asks_for_is_there(use):
    known = words("en").messages
    assert sorted(key for key in use.keys if key not in known) == []
    assert sorted(start for start in use.beginnings if not any(key.startswith(start) for key in known)) == []


def test_every_message_is_asked_for_by_the_code(use):
    unused = [
        key
        for key in words("en").messages
        # The sentences of the scoring are looked for by their patterns.
        if not key.startswith("said.") and not use.asks_for(key)
    ]
    assert unused == []


def test_values_are_put_in_and_counts_choose_the_form():
    assert words("en").text("report.recordings", count=1) == "1 recording"
    assert words("en").text("report.recordings", count=0) == "0 recordings"
    assert words("de").text("report.recordings", count=2) == "2 Aufnahmen"


def test_a_message_a_value_or_a_language_that_is_not_there_is_an_error():
    with pytest.raises(WordsError, match=r"no message 'report\.no'"):
        words().text("report.no")
    with pytest.raises(WordsError, match="'day'"):
        words().text("report.visit_before")
    with pytest.raises(WordsError, match="count"):
        words().text("report.recordings")
    with pytest.raises(WordsError, match="'xx'"):
        words("xx")
    with pytest.raises(WordsError, match="section"):
        words().section("repor")


def test_a_section_is_given_by_short_keys():
    assert words("de").section("finding.sign")["wheeze"] == "G"


def test_a_longer_code_of_a_language_is_understood():
    assert words("de-CH").language == "de"
    assert words("en_GB").language == "en"
    assert language_names() == {"en": "English", "de": "Deutsch"}


def test_numbers_and_dates_are_written_as_the_language_does():
    moment = datetime(2026, 3, 2, 8, 5, tzinfo=UTC)
    english, german = words("en"), words("de")
    assert english.day(date(2026, 3, 2)) == "2 Mar 2026"
    assert german.day(date(2026, 3, 2)) == "02.03.2026"
    assert english.moment(moment) == "2 Mar 2026, 08:05 UTC"
    assert german.moment(moment.replace(tzinfo=None)) == "02.03.2026, 08:05 Uhr"
    assert english.number(-3.26, 1) == "−3.3"
    assert german.number(3.26, 1) == "3,3"
    assert english.number(-0.04, 1) == "0.0"
    assert (german.seconds(4.25), german.seconds(65)) == ("4,2 s", "1:05 min")


@pytest.mark.parametrize(("share", "told"), [(0.999, "> 99 %"), (0.001, "< 1 %"), (0.456, "46 %"), (1.0, "> 99 %")])
def test_a_percentage_never_claims_certainty(share, told):
    assert words().percent(share) == told


def test_a_class_without_words_keeps_its_own_name():
    assert words("de").finding("wheeze") == "Giemen"
    assert words("de").finding(None) == "Kein Befund gegeben"
    assert words("de").finding("pleural_rub") == "Pleural rub"


def test_lists_end_with_and():
    assert words("de").listed(["a", "b", "c"]) == "a, b und c"
    assert words("en").listed(["a"]) == "a"
    assert words("en").listed([]) == ""


def test_keys_that_yaml_does_not_take_for_text_are_refused():
    from resp.words.catalogue import _flat

    with pytest.raises(WordsError, match="quotes"):
        list(_flat({"answer": {True: "yes"}}, "x.yaml"))
    with pytest.raises(WordsError, match="expected keys"):
        list(_flat({"answer": ["yes"]}, "x.yaml"))


def test_words_are_read_once():
    assert words("de") is words("de")
    assert isinstance(words("de"), Words)
