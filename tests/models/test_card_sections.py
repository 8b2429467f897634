"""A card by its parts."""

from resp.models.card_sections import card_sections
from resp.models.folder import SHIPPED

CARD = """---
license: none
---
# A model

What it is.

## Results

### Of folds

```sh
## no heading
```

## Limits

- Dogs.
"""


def test_headings_of_the_second_level_divide_it():
    assert card_sections(CARD) == {
        "": "# A model\n\nWhat it is.",
        "Results": "### Of folds\n\n```sh\n## no heading\n```",
        "Limits": "- Dogs.",
    }


def test_a_card_without_header_or_headings_is_one_part():
    assert card_sections("just words") == {"": "just words"}
    assert card_sections("") == {"": ""}


def test_the_model_that_ships_says_what_the_page_shows():
    sections = card_sections((SHIPPED / "lungs" / "README.md").read_text("utf-8"))
    assert {"Intended use", "Training data", "Results", "Limits"} <= set(sections)
    assert "Devices" in sections["Training data"]
