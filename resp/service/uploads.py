"""A request's form is read piece by piece into memory, and cut off where it is too long or too slow."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from resp.service.problems import RequestError
from resp.service.scoring import Upload
from resp.service.settings import MIB

FILE = "file"
KNOWN = ("body_site", "device", "patient_key")
FIELDS = (*KNOWN, "model")
LONGEST_FIELD = 200

# What a form needs beside its file.
_FORM_BYTES = 1 << 16
_LONGEST_NAME = 255
# A sender of a little too much is read to its end, so that it hears why it is refused; for so long.
_LINGER_S = 5.0
_NAMELESS = "upload"


async def read_upload(request: Request, most_bytes: int, seconds: float) -> Upload:
    """Read a form with a sound file.

    Parameters
    ----------
    request
        ``multipart/form-data`` with one part ``file`` and any of `FIELDS`. It is read into memory alone.
    most_bytes
        Longest file.
    seconds
        So long it may take to arrive.

    Raises
    ------
    RequestError
        Another content type, a form that is broken or that holds something else, or one that is too long or too slow.
    starlette.requests.ClientDisconnect
        The sender is gone.
    """
    form = _Form(_boundary(request), most_bytes)
    declared = int(length) if (length := request.headers.get("content-length", "")).isdecimal() else 0
    # Who asks first is told at once; so is who would not hear it for long.
    if declared > (most_bytes + _FORM_BYTES) * (1 if "expect" in request.headers else 2):
        raise _too_large(most_bytes)
    pieces = request.stream()
    try:
        async with asyncio.timeout(seconds):
            await _read(pieces, form, most_bytes)
    except TimeoutError as error:
        raise RequestError(
            408, "too-slow", f"The request did not arrive within {seconds:g} s; send it faster.", close=True
        ) from error
    return form.upload()


async def _read(pieces: AsyncIterator[bytes], form: "_Form", most_bytes: int) -> None:
    most, read = most_bytes + _FORM_BYTES, 0
    async for piece in pieces:
        read += len(piece)
        if read > most or form.too_large:
            form.forget()
            await _linger(pieces, most)
            raise _too_large(most_bytes)
        form.feed(piece)
    if form.too_large:
        raise _too_large(most_bytes)


async def _linger(pieces: AsyncIterator[bytes], most: int) -> None:
    """Read on and keep nothing: a connection that is closed on a sender loses the answer with it."""
    read = 0
    try:
        async with asyncio.timeout(_LINGER_S):
            async for piece in pieces:
                read += len(piece)
                if read > most:
                    return
    except (TimeoutError, ClientDisconnect):
        return


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise RequestError(
            415,
            "media-type",
            f"Expected multipart/form-data with the recording as {FILE!r}: curl -F file=@breath.wav …",
        )
    if not options.get(b"boundary"):
        raise RequestError(400, "bad-request", "The content type names no boundary; let the HTTP library set it.")
    return options[b"boundary"]


def _too_large(most_bytes: int) -> RequestError:
    return RequestError(
        413, "too-large", f"The file is larger than the {most_bytes / MIB:g} MiB that are taken.", close=True
    )


class _Form:
    """The parts of a form as they come in."""

    def __init__(self, boundary: bytes, most_bytes: int) -> None:
        self.too_large = False
        self._most_bytes = most_bytes
        self._file: BytesIO | None = None
        self._file_name = ""
        self._fields: dict[str, bytearray] = {}
        self._header_name, self._header_value = bytearray(), bytearray()
        self._disposition = b""
        self._into: BytesIO | bytearray | None = None
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begin,
                    "on_header_field": self._on_header_name,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._data,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _broken(error) from error

    def feed(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _broken(error) from error

    def forget(self) -> None:
        self._file, self._into = None, None

    def upload(self) -> Upload:
        if not self._ended:
            raise RequestError(400, "bad-request", "The form ends in the middle; send it again.")
        if self._file is None:
            raise RequestError(
                422, "field", f"The form has no {FILE!r}; expected the recording there: curl -F file=@breath.wav …"
            )
        given = {name: text for name, value in self._fields.items() if (text := _text(name, value))}
        model = given.pop("model", None)
        return Upload(content=self._file, name=self._file_name, known=given, model=model)

    def _part_begin(self) -> None:
        self._disposition, self._into = b"", None

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name == FILE:
            if self._file is not None:
                raise RequestError(422, "field", f"The form has two parts {FILE!r}; send one recording a request.")
            self._file = self._into = BytesIO()
            self._file_name = _base_name(options.get(b"filename", b""))
        elif name in FIELDS:
            if name in self._fields:
                raise RequestError(422, "field", f"The form has two fields {name!r}; send one.")
            self._fields[name] = self._into = bytearray()
        else:
            raise RequestError(422, "field", f"A field {name[:40]!r}; expected {FILE}, {', '.join(FIELDS)}.")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if isinstance(self._into, BytesIO):
            if self._into.tell() + end - start > self._most_bytes:
                self.too_large = True
                self.forget()
            else:
                self._into.write(memoryview(data)[start:end])
        elif self._into is not None:
            self._into += data[start:end]
            if len(self._into) > 4 * LONGEST_FIELD:
                raise RequestError(422, "field", f"A field of the form is longer than {LONGEST_FIELD} characters.")

    def _end(self) -> None:
        self._ended = True


def _broken(error: Exception) -> RequestError:
    return RequestError(400, "bad-request", f"The form is broken ({error}); let the HTTP library encode it.")


def _text(name: str, value: bytearray) -> str:
    text = value.decode("utf-8", "replace").strip()
    if len(text) > LONGEST_FIELD or not text.isprintable():
        raise RequestError(422, "field", f"{name}: expected at most {LONGEST_FIELD} printable characters.")
    return text


def _base_name(given: bytes) -> str:
    """Return a file's name without the folders that some senders put before it."""
    name = given.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in name if sign.isprintable())[-_LONGEST_NAME:] or _NAMELESS
