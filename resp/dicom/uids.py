"""Unique identifiers: the kinds of object (SOP classes) that resp takes or makes, and its own identifiers.

UIDs are plain strings here, so that this module loads nothing. Numbers: PS3.4 table B.5-1 and PS3.6 annex A.
"""

from uuid import UUID, uuid4, uuid5

from resp import __version__

VERIFICATION = "1.2.840.10008.1.1"
MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
GENERAL_AUDIO_WAVEFORM = "1.2.840.10008.5.1.4.1.1.9.4.2"
BASIC_VOICE_AUDIO_WAVEFORM = "1.2.840.10008.5.1.4.1.1.9.4.1"
RESPIRATORY_WAVEFORM = "1.2.840.10008.5.1.4.1.1.9.6.1"
MULTICHANNEL_RESPIRATORY_WAVEFORM = "1.2.840.10008.5.1.4.1.1.9.6.2"
ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

SOUND_CLASSES = (GENERAL_AUDIO_WAVEFORM, BASIC_VOICE_AUDIO_WAVEFORM)
"""What is read as sound."""
ANSWER_CLASSES = (COMPREHENSIVE_SR, ENCAPSULATED_PDF, SECONDARY_CAPTURE)
"""What an answer is made of."""

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED_LITTLE = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
TRANSFER_SYNTAXES = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
"""How objects are written and offered to peers, the preferred one first."""

UID_ROOT = "2.25"
"""UIDs made of a UUID, which no registration authority has to give out (PS3.5 B.2)."""
# Drawn once; they must never change.
IMPLEMENTATION_CLASS_UID = "2.25.322742191010578162459021441334094183023"
IMPLEMENTATION_VERSION_NAME = f"RESP_{__version__.replace('.', '_')}"[:16]
_NAMESPACE = UUID(int=322742191010578162459021441334094183023)


def new_uid() -> str:
    """Return a UID that nobody has."""
    return f"{UID_ROOT}.{uuid4().int}"


def derived_uid(*parts: str) -> str:
    """Return the UID that belongs to some words: the same words always give the same one (RFC 9562, version 5).

    Parameters
    ----------
    parts
        Such as the kind of answer and the UID of what it answers; their order and borders count.
    """
    return f"{UID_ROOT}.{uuid5(_NAMESPACE, chr(0).join(parts)).int}"


def describe_class(uid: str) -> str:
    """Return the name of a SOP class for messages, the UID itself where it has none."""
    from pydicom.uid import UID

    name = UID(uid).name
    return name if name == uid else f"{name} ({uid})"
