"""What resp says to people, in their language: one file of messages a language, used by the page and the papers.

A message is found by its key (``report.title``); its file stands beside this one (``en.yaml``, ``de.yaml``).
"""

from resp.words.catalogue import LANGUAGES, Words, language_names, words
from resp.words.errors import WordsError

__all__ = ["LANGUAGES", "Words", "WordsError", "language_names", "words"]
