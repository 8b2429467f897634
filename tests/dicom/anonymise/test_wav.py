"""WAV files: the samples bit for bit, and nothing else."""

import io
import struct

import numpy as np
import pytest
import soundfile

from resp.dicom import DicomError
from resp.dicom.anonymise import Ledger, anonymise_wav


def wav(subtype="PCM_16", channels=2, frames=1001, form="WAV"):
    sound = np.random.default_rng(1).uniform(-0.9, 0.9, (frames, channels))
    stream = io.BytesIO()
    soundfile.write(stream, sound, 8000, subtype=subtype, format=form)
    return stream.getvalue()


def with_chunks(content, *chunks):
    body = content[12:] + b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def heard(content):
    return soundfile.read(io.BytesIO(content), dtype="float64")[0]


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
def test_samples_are_untouched(subtype, form):
    content = with_chunks(wav(subtype, form=form), (b"LIST", b"INFOIARTAnna"))
    cleaned = anonymise_wav(content, Ledger())
    np.testing.assert_array_equal(heard(cleaned), heard(content))
    assert b"Anna" not in cleaned


def test_what_was_left_out_is_counted_without_unknown_names():
    ledger = Ledger()
    anonymise_wav(with_chunks(wav(), (b"LIST", b"INFO"), (b"LIST", b"adtl"), (b"Anna", b"x " * 4)), ledger)
    assert [(change.attribute, change.times) for change in ledger if "WAV" in change.name] == [
        ("LIST", 2),
        ("other", 1),
    ]


def test_a_second_time_changes_nothing():
    once = anonymise_wav(with_chunks(wav(), (b"LIST", b"INFO")), Ledger())
    ledger = Ledger()
    assert anonymise_wav(once, ledger) == once
    assert list(ledger) == []


def test_words_in_the_format_chunk_are_cut():
    content = wav()
    hidden = content[:16] + struct.pack("<I", 16 + 8) + content[20:36] + b"Anna!!!!" + content[36:]
    assert b"Anna" not in anonymise_wav(hidden[:4] + struct.pack("<I", len(hidden) - 8) + hidden[8:], Ledger())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"RF64" + wav()[4:], "not a WAV file of the RIFF kind"),
        (wav()[:-10], "truncated"),
        (b"RIFF\4\0\0\0WAVE", "without a format"),
        (wav("MS_ADPCM"), "neither PCM"),
    ],
)
def test_what_is_not_certainly_clean_is_refused(content, words):
    with pytest.raises(DicomError, match=words):
        anonymise_wav(content, Ledger())
