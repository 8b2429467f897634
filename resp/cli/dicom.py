"""``resp dicom …``: one file a command in ``resp/cli/dicom_commands``, no logic of its own."""

import click

from resp.cli.lazy_group import LazyGroup

_COMMANDS = {
    "show": "What a DICOM file holds: patient keys, study, sound, or the findings of a report.",
    "write": "Write recordings as General Audio Waveforms, for a PACS.",
    "answer": "Score DICOM sound and write the findings: SR, PDF, spectrogram.",
    "sign": "Turn a preliminary report into a verified one, with the observer's name.",
    "serve": "Receive sound over the network, score it, send the answer on.",
    "queue": "What the server holds, and what failed and why.",
    "send": "Send DICOM files to a storage SCP.",
    "find": "Ask an archive which studies with sound it has.",
    "get": "Fetch a study's sound from an archive.",
    "stow": "Store DICOM files over DICOMweb.",
    "qido": "Ask a DICOMweb archive which studies with sound it has.",
    "wado": "Fetch a study's sound over DICOMweb.",
    "anonymise": "De-identify DICOM and WAV files after PS3.15 Annex E.",
}


@click.group(cls=LazyGroup, package="resp.cli.dicom_commands", one_lines=_COMMANDS)
def dicom() -> None:
    """Sound from DICOM, findings into DICOM.

    docs/dicom.md is the page for the administrator of a PACS.
    """
