"""What kinds of object there are: which is sound, and how the others are refused."""

from resp.dicom.uids import (
    BASIC_VOICE_AUDIO_WAVEFORM,
    ENCAPSULATED_PDF,
    GENERAL_AUDIO_WAVEFORM,
    MEDIA_STORAGE_DIRECTORY,
    MULTICHANNEL_RESPIRATORY_WAVEFORM,
    RESPIRATORY_WAVEFORM,
    SOUND_CLASSES,
    describe_class,
)

VOICE_NOTE = (
    "a Basic Voice Audio Waveform, which is meant for dictation (8 kHz): it holds nothing above 4 kHz, and its "
    "8 bits or its companding add noise"
)
_SOUND = f"sound comes as a General Audio Waveform ({GENERAL_AUDIO_WAVEFORM})"


def refuse_class(uid: str) -> str | None:
    """Return the sentence that says what an object is and why it is not read; None for sound.

    Parameters
    ----------
    uid
        Its SOP class.
    """
    if uid in SOUND_CLASSES:
        return None
    name = describe_class(uid)
    if uid in (RESPIRATORY_WAVEFORM, MULTICHANNEL_RESPIRATORY_WAVEFORM):
        what = "a signal of breathing (at most 100 values a second), not sound"
    elif uid == MEDIA_STORAGE_DIRECTORY:
        what = "a directory of files (DICOMDIR), not sound: read it by its path, with the files beside it"
    elif uid == ENCAPSULATED_PDF:
        what = "a document, not sound"
    elif "Waveform Storage" in name:
        what = "a signal of another kind, not sound"
    elif " SR " in name or name.startswith("SR "):
        what = "a structured report, not sound"
    elif "Image" in name or "Video" in name or "Multi-frame" in name:
        what = "an image, not sound"
    elif name == uid:
        what = "an object of a kind that is not known here"
    else:
        what = "not sound"
    return f"{name} is {what}; {_SOUND}"


def is_voice(uid: str) -> bool:
    """Tell whether an object is of the class that is meant for dictation."""
    return uid == BASIC_VOICE_AUDIO_WAVEFORM
