"""DICOM objects become recordings: General Audio Waveform and Basic Voice Audio Waveform (PS3.3 A.34, C.10.9).

=========================  ==========================================================================================
what                       how
=========================  ==========================================================================================
classes                    General Audio Waveform; Basic Voice Audio Waveform with a note; all others are refused
transfer syntaxes          Implicit and Explicit VR Little Endian, Deflated, Explicit VR Big Endian (8 and 16 bit)
samples                    every depth and interpretation of `resp.dicom.samples`
multiplex groups           a Recording each; `resp.load_recording` gives the first and says so
range                      full scale is 1, see `resp.dicom.channels`
padding value              a padded end is cut off; padding within becomes silence, and a note says so
patient, device, start     (0010,0020); (0008,0070) and (0008,1090); (0008,002A) or what stands for it
body site                  see `resp.dicom.places`
=========================  ==========================================================================================
"""

from typing import BinaryIO

import numpy as np

from resp.audio.errors import AudioError
from resp.audio.limits import Limits
from resp.audio.recording import Recording
from resp.audio.stream import Source, checksum
from resp.dicom.channels import read_channels, scale_of
from resp.dicom.containers import DicomFile, find_files
from resp.dicom.errors import DicomError
from resp.dicom.header import Header, SampleBytes, read_header
from resp.dicom.kinds import VOICE_NOTE, is_voice
from resp.dicom.origin import find_device, find_patient, find_start
from resp.dicom.places import find_site
from resp.dicom.samples import Floats, SampleFormat, decode
from resp.dicom.source import DicomRecording, DicomSource
from resp.dicom.values import Values


def read_dicom(source: Source, *, name: str | None = None, limits: Limits | None = None) -> tuple[Recording, ...]:
    """Read every sound of a DICOM file, folder, DICOMDIR or ZIP archive.

    Parameters
    ----------
    source
        A path, the bytes of a file or archive, or a seekable binary file.
    name
        What to call it; the path by default.
    limits
        How long, how fast, how many channels; the defaults of `resp.audio.Limits` where None.

    Returns
    -------
    tuple of Recording
        At least one; float32 [channels, time] each, a multiplex group each, with the SHA-256 of its file.

    Raises
    ------
    DicomError
        No sound in it, or one that cannot be read: an object of another class, a broken file, an element that is
        missing or makes no sense, sound out of the limits.
    """
    return tuple(one.recording for one in read_instances(source, name=name, limits=limits))


def read_instances(
    source: Source, *, name: str | None = None, limits: Limits | None = None
) -> tuple[DicomRecording, ...]:
    """Read every sound as `read_dicom` does, each with the instance it came from."""
    found: list[DicomRecording] = []
    label = name or (str(source) if not hasattr(source, "read") and not isinstance(source, bytes) else "file")
    for file in find_files(source, name=name):
        found += read_file(file, limits=limits)
    if not found:
        raise DicomError(f"{label}: no DICOM sound in it; expected General Audio Waveforms")
    return tuple(found)


def read_instance(
    source: Source, *, group: int = 1, name: str | None = None, limits: Limits | None = None
) -> DicomRecording:
    """Read one multiplex group of one instance, with what an answer needs in order to refer to it.

    Parameters
    ----------
    source
        A path, bytes or file of one instance.
    group
        Which multiplex group, from 1.
    name, limits
        As in `read_dicom`.

    Raises
    ------
    DicomError
        As `read_dicom`; also where there are several instances, or no such group.
    """
    found = read_instances(source, name=name, limits=limits)
    if len({one.source.sop_instance_uid for one in found}) > 1 or len(found) != found[0].source.groups:
        raise DicomError(f"{found[0].source.name}: one of several instances; read them with read_instances")
    if not 1 <= group <= len(found):
        raise DicomError(f"{found[0].source.name}: multiplex group {group}; expected 1 to {len(found)}")
    return found[group - 1]


def read_file(file: DicomFile, *, limits: Limits | None = None) -> tuple[DicomRecording, ...]:
    """Read every multiplex group of one file, as `resp.dicom.find_files` finds them; raises as `read_dicom`."""
    with file.open() as stream:
        return read_stream(stream, file.name, limits)


def read_stream(
    stream: BinaryIO, label: str, limits: Limits | None = None, *, first_only: bool = False
) -> tuple[DicomRecording, ...]:
    """Read the multiplex groups of one instance from an open file; raises as `read_dicom`.

    Parameters
    ----------
    stream
        A seekable binary file; its position is moved.
    label
        What to call it.
    limits
        As in `read_dicom`.
    first_only
        Leave all groups but the first unread.
    """
    bounds = limits or Limits()
    try:
        header = read_header(stream, label, bounds)
        top = Values(header.dataset, label)
        items = top.inner("WaveformSequence")
        if not items:
            raise top.bad("WaveformSequence", "is missing or empty; there is no sound in it")
        identity = _Identity(top, header, checksum(stream), len(items))
        taken = items[:1] if first_only else items
        return tuple(_group(identity, index, item, bounds) for index, item in enumerate(taken))
    except AudioError as error:
        raise DicomError(str(error)) from error
    except (OSError, RecursionError, MemoryError) as error:
        raise DicomError(f"{label}: cannot be read ({type(error).__name__}: {error}); export it again") from error


class _Identity:
    """What all multiplex groups of an instance share."""

    def __init__(self, top: Values, header: Header, sha256: str, groups: int) -> None:
        self.top, self.header, self.sha256, self.groups = top, header, sha256, groups
        self.uids = {
            "sop_class_uid": header.sop_class_uid,
            "sop_instance_uid": top.need_uid("SOPInstanceUID"),
            "series_instance_uid": top.need_uid("SeriesInstanceUID"),
            "study_instance_uid": top.need_uid("StudyInstanceUID"),
            "transfer_syntax_uid": header.transfer_syntax_uid,
        }


def _group(identity: _Identity, index: int, item: Values, limits: Limits) -> DicomRecording:
    top, header = identity.top, identity.header
    name = f"{top.where}: multiplex group {index + 1}"
    values = item.elsewhere(name)
    notes = [VOICE_NOTE] if is_voice(header.sop_class_uid) else []
    count, frames = values.need_count("NumberOfWaveformChannels"), values.need_count("NumberOfWaveformSamples")
    rate_hz = _rate(values, notes)
    # What is declared is judged before anything is decoded.
    limits.check_format(name, rate_hz, count)
    limits.check_frames(name, frames, rate_hz, count)
    limits.check_short(name, frames, rate_hz)
    form = SampleFormat.checked(
        values.need_count("WaveformBitsAllocated"),
        values.need_text("WaveformSampleInterpretation"),
        count,
        header.little,
        name,
    )
    place = header.samples.get(index)
    if place is None:
        raise values.bad("WaveformData", "is missing; there is no sound in it")
    _check_length(values, place, form, frames, notes)
    channels, bits = read_channels(values, count)
    scale = scale_of(channels, bits, form, name)
    samples = decode(header.stream, place, form, frames, scale.zero, scale.factor)
    padding = _padding(values, form)
    if padding is not None:
        samples = _without_padding(samples, (padding - scale.zero) * scale.factor, notes, values)
    limits.check_short(name, samples.shape[1], rate_hz)
    recording = Recording(
        samples=samples,
        rate_hz=rate_hz,
        source=top.where if index == 0 else f"{top.where}#{index + 1}",
        sha256=identity.sha256,
        body_site=find_site(top, [channel.place for channel in channels]),
        device=find_device(top),
        patient_key=find_patient(top),
        started_at=find_start(top, values.number("MultiplexGroupTimeOffset") or 0.0),
        notes=(*notes, *scale.notes),
    )
    source = DicomSource(
        name=top.where,
        group=index + 1,
        groups=identity.groups,
        channels=channels,
        header=header.dataset,
        sha256=identity.sha256,
        **identity.uids,
    )
    return DicomRecording(recording, source)


def _rate(values: Values, notes: list[str]) -> int:
    given = values.need_number("SamplingFrequency")
    if not 0.5 <= given < 1e9:
        raise values.bad("SamplingFrequency", f"is {given:g} Hz; expected that of sound")
    rate_hz = round(given)
    if rate_hz != given:
        notes.append(f"its sampling frequency of {given:g} Hz was taken as {rate_hz} Hz")
    return rate_hz


def _check_length(values: Values, place: SampleBytes, form: SampleFormat, frames: int, notes: list[str]) -> None:
    expected = frames * form.frame_bytes
    if place.length < expected:
        raise values.bad(
            "WaveformData",
            f"holds {place.length} bytes; {expected} are declared ({frames} samples of {form.channels} channels at "
            f"{form.bits} bits): truncated, export it again",
        )
    # One byte makes the length even.
    if place.length > expected + 1:
        notes.append(f"{place.length - expected} bytes behind the declared samples were left aside")


def _padding(values: Values, form: SampleFormat) -> float | None:
    """Return the stored number that means "no sample", None where there is none."""
    data = values.raw("WaveformPaddingValue")
    if data is None:
        return None
    size = form.bits // 8
    if isinstance(data, int):
        return float(data)
    if not isinstance(data, bytes) or len(data) < size:
        raise values.bad("WaveformPaddingValue", f"is no sample of {form.bits} bits")
    one = SampleFormat(form.bits, form.interpretation, 1, form.little)
    return float(one.numbers(one.in_order(data[: size + size % 2], "OB")[:size])[0, 0])


def _without_padding(samples: Floats, padding: np.ndarray, notes: list[str], values: Values) -> Floats:
    """Return samples whose padded end is cut off and whose padding within is silence."""
    if not np.any(padding):
        # Padding that sounds like silence needs no care, and silence must not be taken for it.
        return samples
    empty = samples == padding.astype(np.float32)[:, None]
    whole = np.flatnonzero(~empty.all(axis=0))
    if not whole.size:
        raise values.bad("WaveformPaddingValue", "is all that it holds; there is no sound in it")
    kept, empty = samples[:, : whole[-1] + 1], empty[:, : whole[-1] + 1]
    if lost := samples.shape[1] - kept.shape[1]:
        notes.append(f"{lost} padded samples at the end were cut off")
    if within := int(empty.sum()):
        notes.append(f"{within} padded samples within the sound were made silent")
        kept = np.where(empty, np.float32(0), kept)
    return kept
