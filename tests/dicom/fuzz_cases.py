"""What `test_fuzz` feeds in: made from one good file, by a seed."""

import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pydicom.valuerep
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

import makers

SEED = 20240229
Cases = Iterator[tuple[str, bytes | Path]]


def make(kind: str, folder: Path) -> Cases:
    """Yield (name, bytes or path) of one kind of broken input."""
    yield from _KINDS[kind](folder)


def _good() -> bytes:
    groups = [
        makers.Group(makers.stored_of(makers.tone(duration_s=0.2, channels=2), "SS"), sensitivity=1),
        makers.Group(makers.stored_of(makers.tone(4000, duration_s=0.2), "UB"), 4000, "UB"),
    ]
    return makers.as_bytes(makers.make_audio(groups, AcquisitionContextSequence=makers.body_site()))


def _body(content: bytes) -> int:
    """Where the data set begins: behind preamble, prefix and meta information."""
    return 132 + 12 + struct.unpack_from("<I", content, 140)[0]


def _truncated(folder: Path) -> Cases:
    good = _good()
    header = list(range(0, min(len(good), 2400), 7))
    for length in (*header, *range(2400, len(good), 301), len(good) - 1):
        yield f"{length} bytes", good[:length]
    bare = makers.as_bytes(makers.make_audio(), preamble=False)
    for length in range(0, len(bare), 211):
        yield f"{length} bytes without preamble", bare[:length]


def _flipped(folder: Path) -> Cases:
    good, dice = _good(), random.Random(SEED)
    for number in range(250):
        broken = bytearray(good)
        for _ in range(dice.choice((1, 1, 1, 3, 20))):
            # Where elements are; samples may be anything.
            broken[dice.randrange(128, 2400)] ^= 1 << dice.randrange(8)
        yield f"flip {number}", bytes(broken)


def _wrong_vr(folder: Path) -> Cases:
    good, dice = _good(), random.Random(SEED + 1)
    names = [*sorted(pydicom.valuerep.STANDARD_VR), "ZZ"]
    places = [at + 4 for at in range(_body(good), 2400, 2) if good[at + 4 : at + 6].decode("latin-1") in names]
    for at in places:
        for name in dice.sample(names, 4):
            yield f"{name} at {at}", good[:at] + name.encode() + good[at + 2 :]


def _huge_lengths(folder: Path) -> Cases:
    good = _good()
    for tag in (0x00080018, 0x00100010, 0x003A0004, 0x54000100, 0x54001010, 0x003A0200):
        at = good.find(struct.pack("<HH", tag >> 16, tag & 0xFFFF), _body(good))
        long = good[at + 4 : at + 6] in (b"OB", b"OW", b"SQ", b"UN")
        for length in (0xFFFFFFFE, 0x7FFFFFFE, 0x10000000) if long else (0xFFFF, 0xFFFE):
            start, width = (at + 8, "<I") if long else (at + 6, "<H")
            size = struct.calcsize(width)
            yield f"{tag:08X} {length}", good[:start] + struct.pack(width, length) + good[start + size :]
    for keyword, value in (("NumberOfWaveformSamples", 0xFFFFFFFF), ("NumberOfWaveformChannels", 0xFFFF)):
        data = makers.make_audio()
        setattr(data.WaveformSequence[0], keyword, value)
        yield keyword, makers.as_bytes(data)
    data = makers.make_audio()
    data.WaveformSequence[0].SamplingFrequency = "1e300"
    yield "rate", makers.as_bytes(data)


def _recursion(folder: Path) -> Cases:
    good = _good()
    before = good[: _body(good)]
    first = good[_body(good) :]
    for depth in (200, 5_000, 100_000):
        opened = struct.pack("<HH2sHI", 0x0040, 0x0555, b"SQ", 0, 0xFFFFFFFF)
        item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
        yield f"{depth} deep, undefined", before + first[:400] + (opened + item) * depth
        yield f"{depth} deep from the start", before + (opened + item) * depth
    nested = Dataset()
    for _ in range(150):
        outer = Dataset()
        outer.ContentSequence = Items([nested])
        nested = outer
    data = makers.make_audio()
    data.ContentSequence = Items([nested])
    yield "150 deep, closed", makers.as_bytes(data)


def _escapes(folder: Path) -> Cases:
    good = _good()
    (folder / "secret.dcm").write_bytes(good)
    for number, name in enumerate(
        ("../secret.dcm", "/etc/passwd", "a/../../secret.dcm", "C:\\secret.dcm", "..\\secret.dcm")
    ):
        yield f"ZIP {name}", makers.make_zip(folder / f"{number}.zip", {name: good, "b.dcm": good})
    for number, parts in enumerate((["..", "secret.dcm"], ["IMAGES", "..", "..", "secret.dcm"], ["/etc", "passwd"])):
        inner = folder / f"set{number}"
        listing = makers.make_dicomdir(inner, [makers.make_audio()])
        directory = pydicom.dcmread(listing)
        for record in directory.DirectoryRecordSequence:
            if "ReferencedFileID" in record:
                record["ReferencedFileID"] = pydicom.DataElement(
                    "ReferencedFileID", "CS", parts, validation_mode=pydicom.config.IGNORE
                )
        directory.save_as(listing)
        yield f"DICOMDIR {parts}", listing
    inner = folder / "linked"
    listing = makers.make_dicomdir(inner, [makers.make_audio()])
    (target,) = [path for path in inner.rglob("*") if path.is_file() and path.name != "DICOMDIR"]
    target.unlink()
    target.symlink_to(folder / "secret.dcm")
    yield "DICOMDIR with a link out of it", listing


def _bombs(folder: Path) -> Cases:
    bomb = folder / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a.dcm", _good()[:200] + bytes(64 << 20))
    yield "ZIP of 64 MiB of zeros", bomb
    packed = bytearray(bomb.read_bytes())
    at = packed.rfind(b"PK\x01\x02")
    # The listing says 4 GiB.
    packed[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFF0)
    (folder / "lie.zip").write_bytes(packed)
    yield "ZIP that lies", folder / "lie.zip"
    crowd = io.BytesIO()
    with zipfile.ZipFile(crowd, "w") as archive:
        for number in range(25_000):
            archive.writestr(str(number), b"")
    yield "ZIP of 25 000 members", crowd.getvalue()
    yield "ZIP of nothing", makers.make_zip(folder / "empty.zip", {})
    yield "ZIP cut", bomb.read_bytes()[:-30]


_KINDS: dict[str, Callable[[Path], Cases]] = {
    "truncated": _truncated,
    "flipped": _flipped,
    "wrong_vr": _wrong_vr,
    "huge_lengths": _huge_lengths,
    "recursion": _recursion,
    "escapes": _escapes,
    "bombs": _bombs,
}
