"""A model card by its parts, so that each can stand where it is read."""


def card_sections(card: str) -> dict[str, str]:
    """Return a card's text by its headings of the second level; what stands before the first is under ``""``.

    Parameters
    ----------
    card
        Markdown, with or without the block of YAML that some readers want at its top.
    """
    sections: dict[str, list[str]] = {"": []}
    title, fenced = "", False
    for line in _without_header(card).splitlines():
        # What looks like a heading in a listing is none.
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            title = line[3:].strip()
            sections[title] = []
        else:
            sections[title].append(line)
    return {name: "\n".join(lines).strip() for name, lines in sections.items()}


def _without_header(card: str) -> str:
    if card.startswith("---\n") and "\n---\n" in card[4:]:
        return card[4:].split("\n---\n", 1)[1]
    return card
