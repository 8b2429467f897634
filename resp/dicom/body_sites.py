"""Places on the chest: words, as in ``Recording.body_site``, and codes, as in an acquisition context."""

from typing import TYPE_CHECKING

from resp.dicom.codes import FINDING_SITE, LATERALITY, Code, code_of, ours, sct

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

TOPOGRAPHICAL_MODIFIER = sct("106233006", "Topographical modifier")
BODY_SITE_WORDS = ours("body_site", "Body site in words")

TRACHEA, CHEST = sct("44567001", "Trachea"), sct("816094009", "Chest")
_LEVELS = {
    "upper": sct("281392002", "Upper zone of lung"),
    "middle": sct("281393007", "Middle zone of lung"),
    "lower": sct("281394001", "Lower zone of lung"),
}
_SIDES = {
    "left": sct("7771000", "Left"),
    "right": sct("24028007", "Right"),
    "both": sct("51440002", "Bilateral"),
}
_FACES = {
    "anterior": sct("255549009", "Anterior"),
    "posterior": sct("255551008", "Posterior"),
    "lateral": sct("49370004", "Lateral"),
}
Coded = tuple[tuple[Code, Code], ...]


def site_codes(body_site: str) -> Coded:
    """Return what the words of a body site say as (concept, value) codes: place, laterality, face of the chest.

    Parameters
    ----------
    body_site
        Words such as ``"posterior left lower"`` or ``"trachea"``; words that have no code are left out.
    """
    words = body_site.lower().replace(",", " ").replace("-", " ").split()
    coded: list[tuple[Code, Code]] = []
    if "trachea" in words or "tracheal" in words:
        return ((FINDING_SITE, TRACHEA),)
    level = next((code for word, code in _LEVELS.items() if word in words), None)
    sides = [word for word in ("left", "right") if word in words]
    faces = [code for word, code in _FACES.items() if word in words]
    if level or sides or faces or "chest" in words or "lung" in words:
        coded.append((FINDING_SITE, level or CHEST))
    if sides:
        coded.append((LATERALITY, _SIDES["both" if len(sides) == 2 else sides[0]]))
    coded += [(TOPOGRAPHICAL_MODIFIER, face) for face in faces]
    return tuple(coded)


def acquisition_context(body_site: str | None) -> "list[Dataset]":
    """Return the items of an Acquisition Context Sequence that say where was listened: codes, and the words as given.

    Parameters
    ----------
    body_site
        Words, or None where it is not known: no items then.
    """
    if not body_site:
        return []
    from pydicom.dataset import Dataset

    items = []
    for concept, value in site_codes(body_site):
        item = Dataset()
        item.ValueType = "CODE"
        item.ConceptNameCodeSequence = [concept.item()]
        item.ConceptCodeSequence = [value.item()]
        items.append(item)
    words = Dataset()
    words.ValueType = "TEXT"
    words.ConceptNameCodeSequence = [BODY_SITE_WORDS.item()]
    words.TextValue = body_site
    return [*items, words]


def words_of_context(items: "list[Dataset]") -> str | None:
    """Return the words of a body site that `acquisition_context` wrote; None where there are none."""
    for item in items:
        concepts = item.get("ConceptNameCodeSequence") or []
        if concepts and code_of(concepts[0]) == BODY_SITE_WORDS and item.get("TextValue"):
            return str(item.TextValue)
    return None
