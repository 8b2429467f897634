"""Where on the chest: codes and words of a DICOM object become the names of our own sites.

Sites are called as `resp.audio.naming` calls them: ``trachea``, or face, side and level in this order (``posterior
right upper``). Codes are SNOMED CT's and, in old objects, SNOMED RT's; the words of a code's meaning are understood
too, as many devices send words alone.
"""

import re
from collections.abc import Iterable

from resp.dicom.values import Values

# SNOMED CT, then the older SNOMED RT (PS3.16 annex D; CID 244 Laterality, CID 2 Anatomic Modifier).
_CODES = {
    "44567001": "trachea",
    "T-25000": "trachea",
    "7771000": "left",
    "G-A101": "left",
    "24028007": "right",
    "G-A100": "right",
    "44029006": "left lung",
    "T-28500": "left lung",
    "3341006": "right lung",
    "T-28100": "right lung",
}
_WORDS = {
    "trachea": "trachea",
    "tracheal": "trachea",
    "left": "left",
    "right": "right",
    "anterior": "anterior",
    "front": "anterior",
    "ventral": "anterior",
    "posterior": "posterior",
    "back": "posterior",
    "dorsal": "posterior",
    "lateral": "lateral",
    "axillary": "lateral",
    "upper": "upper",
    "superior": "upper",
    "apex": "upper",
    "apical": "upper",
    "middle": "middle",
    "mid": "middle",
    "lower": "lower",
    "inferior": "lower",
    "base": "lower",
    "basal": "lower",
}
_FACES, _SIDES, _LEVELS = ("anterior", "posterior", "lateral"), ("left", "right"), ("upper", "middle", "lower")
_LATERALITY = {"L": "left", "R": "right", "B": "left and right"}
# What says that it is sound, or the whole of the chest, says no place.
_NO_PLACE = frozenset(
    {
        "audio",
        "sound",
        "chest",
        "thorax",
        "lung",
        "lungs",
        "breath sounds",
        "auscultation",
        "physiological audio signal",
    }
)
_PLACE_WORDS = re.compile(r"region|site|location|anatom|position|laterality|structure|view|body part", re.IGNORECASE)
_MAX_DEPTH = 4


def words_of(code: Values) -> str | None:
    """Return a code item in words: ours where the code is known, otherwise its meaning."""
    value = code.text("CodeValue") or code.text("LongCodeValue") or ""
    return _CODES.get(value) or code.text("CodeMeaning")


def site_of(words: Iterable[str]) -> str | None:
    """Return our name of a chest site from words of all sorts; None where they name none of ours.

    Parameters
    ----------
    words
        Such as ``("left", "Posterior chest wall, lower zone")``.
    """
    found = {_WORDS[word] for text in words for word in re.findall(r"[a-z]+", text.lower()) if word in _WORDS}
    if "trachea" in found:
        return "trachea"
    faces = [face for face in _FACES if face in found]
    sides = [side for side in _SIDES if side in found]
    levels = [level for level in _LEVELS if level in found]
    if not faces or not sides or len(levels) > 1:
        return None
    # What is "left posterior lateral" is nearest to the lateral point.
    face = "lateral" if "lateral" in faces else faces[0]
    if {"anterior", "posterior"} <= set(faces):
        return None
    return " ".join((face, " and ".join(sides), *levels))


def find_site(dataset: Values, channels: Iterable[str | None] = ()) -> str | None:
    """Return where a sound was heard.

    What is said most closely counts: the channels, then the acquisition context, then the anatomic region; laterality
    completes each. A place that is none of ours is given in the object's own words.

    Parameters
    ----------
    dataset
        The object.
    channels
        The places of the group's channels; left aside where they differ, as the sound then has several.
    """
    side = _LATERALITY.get(dataset.text("Laterality") or dataset.text("ImageLaterality") or "")
    own = {place for place in channels if place and place.lower() not in _NO_PLACE}
    spoken = [
        list(own) if len(own) == 1 else [],
        _context(dataset),
        [text for region in dataset.inner("AnatomicRegionSequence") for text in _region(region)],
        [text for text in (dataset.text("BodyPartExamined"),) if text],
    ]
    for words in spoken:
        if words and (site := site_of([*words, *([side] if side else [])])):
            return site
    if everything := site_of([text for words in spoken for text in words] + ([side] if side else [])):
        return everything
    for words in spoken:
        telling = list(dict.fromkeys(" ".join(text.lower().split()) for text in words))
        if side and telling and side not in telling:
            telling.insert(0, side)
        if any(text not in _NO_PLACE for text in telling):
            return " ".join(telling)[:64]
    return None


def _region(region: Values) -> list[str]:
    texts = [words_of(region), *(words_of(one) for one in region.inner("AnatomicRegionModifierSequence"))]
    return [text for text in texts if text]


def _context(dataset: Values) -> list[str]:
    """Return the places that the acquisition context names; its other items (posture, filter) are no places."""
    found: list[str] = []
    waiting = [(item, 0) for item in dataset.inner("AcquisitionContextSequence")]
    while waiting:
        item, depth = waiting.pop(0)
        named = " ".join(name.text("CodeMeaning") or "" for name in item.inner("ConceptNameCodeSequence"))
        if _PLACE_WORDS.search(named):
            found += [text for code in item.inner("ConceptCodeSequence") if (text := words_of(code))]
            if text := item.text("TextValue"):
                found.append(text)
        if depth < _MAX_DEPTH:
            waiting += [(inner, depth + 1) for inner in item.inner("ContentSequence")]
    return found
