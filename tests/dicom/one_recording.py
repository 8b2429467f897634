"""An object of one tone, and the one recording that is read from an object."""

from makers import Group, make_audio, stored_of, tone
from resp.dicom import read_dicom

RATE_HZ = 8000
SYNTAXES = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "deflated": "1.2.840.10008.1.2.1.99",
}


def only(content, **options):
    """Read the one recording of a file."""
    (recording,) = read_dicom(content, **options)
    return recording


def made(interpretation="SS", channels=1, **group):
    """Make the data set of a tone; ``group`` goes to `makers.Group`."""
    return make_audio(
        Group(stored_of(tone(RATE_HZ, channels=channels), interpretation), RATE_HZ, interpretation, **group)
    )
