"""The storage SCP: takes sound, and says "success" only for what is safe on the disk."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from ipaddress import IPv6Address, ip_address
from socketserver import BaseServer
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.dsutils import encode_file_meta
from pynetdicom.transport import ThreadedAssociationServer

from resp.dicom.errors import DicomError
from resp.dicom.network.names import is_uid
from resp.dicom.network.settings import ServeSettings
from resp.dicom.network.spool import Spool, SpoolFullError
from resp.dicom.network.tls import server_context
from resp.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    SOUND_CLASSES,
    TRANSFER_SYNTAXES,
    VERIFICATION,
)

# The library's events and requests are typed for all services at once; what a storage server meets is documented.
Event = Any

logger = logging.getLogger(__name__)

# PS3.4 B.2.3 and PS3.7 annex C.
SUCCESS, OUT_OF_RESOURCES, DOES_NOT_MATCH, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xA900, 0xC000
# Room for commands and headers around an instance, and the longest association request.
_SLACK_BYTES = 1 << 20
_SOP_INSTANCE = 0x00080018


class StorageScp:
    """A server of C-ECHO and C-STORE that fills a spool.

    Parameters
    ----------
    settings
        Who may call, and the bounds.
    spool
        Where instances go.
    arrived
        Called after each new instance.

    Raises
    ------
    DicomError
        The address cannot be listened on, or certificates that cannot be read.
    """

    def __init__(self, settings: ServeSettings, spool: Spool, arrived: Callable[[], None]) -> None:
        self._settings, self._spool, self._arrived = settings, spool, arrived
        self._entity = entity = AE(settings.ae_title)
        entity.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
        entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        entity.maximum_pdu_size = settings.max_pdu_bytes
        entity.maximum_associations = settings.max_associations
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = settings.idle_s
        entity.require_calling_aet = list(settings.allowed_ae_titles)
        entity.require_called_aet = True
        for abstract_syntax in (VERIFICATION, *SOUND_CLASSES):
            entity.add_supported_context(abstract_syntax, list(TRANSFER_SYNTAXES))
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, partial(_bound_input, longest=settings.max_instance_bytes + _SLACK_BYTES)),
            (evt.EVT_C_STORE, self._on_store),
            (evt.EVT_REJECTED, _on_rejected),
        ]
        tls = server_context(settings.tls) if settings.tls is not None else None
        try:
            self._server = entity.make_server(
                (settings.host, settings.port),
                ssl_context=tls,
                evt_handlers=handlers,
                server_class=_Server,
                settings=settings,
            )
        except OSError as error:
            raise DicomError(
                f"{settings.host}:{settings.port}: cannot be listened on ({error.strerror or error}); "
                "expected an address of this machine and a port that is free"
            ) from error
        self.host, self.port = self._server.server_address[0], self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="resp-dicom-scp", daemon=True)

    def start(self) -> None:
        """Begin to take associations."""
        self._thread.start()

    def stop(self, wait_s: float) -> None:
        """Take no more associations, wait for those that are open, and end what is left."""
        self._server.shutdown()
        until = time.monotonic() + wait_s
        while self._entity.active_associations and time.monotonic() < until:
            time.sleep(0.05)
        for association in self._entity.active_associations:
            association.abort()

    def _on_store(self, event: Event) -> Dataset:
        caller = event.assoc.requestor.ae_title
        uid = str(event.request.AffectedSOPInstanceUID)
        status, comment = self._store(event, uid)
        if status == SUCCESS:
            logger.info("received %s from %s%s", uid, caller, f": {comment}" if comment else "")
        else:
            logger.error("refused %r from %s with 0x%04X: %s", uid, caller, status, comment)
        response = Dataset()
        response.Status = status
        if status != SUCCESS and comment:
            # VR LO: 64 characters. Callers show it, so it holds no path.
            response.ErrorComment = comment[:64]
        return response

    def _store(self, event: Event, uid: str) -> tuple[int, str]:
        """Store an instance; return its status and a word on it."""
        data = event.request.DataSet
        if data is None:
            return CANNOT_UNDERSTAND, "no data set"
        stream = data.getbuffer()
        if len(stream) > self._settings.max_instance_bytes:
            return OUT_OF_RESOURCES, f"{len(stream)} bytes; at most {self._settings.max_instance_bytes} are taken"
        if not is_uid(uid):
            return CANNOT_UNDERSTAND, "SOP Instance UID is no UID"
        syntax = UID(event.context.transfer_syntax)
        if problem := _mismatch(data, syntax, str(event.request.AffectedSOPClassUID), uid):
            return problem
        try:
            if self._spool.receive(uid, [b"\0" * 128, b"DICM", encode_file_meta(_file_meta(event)), stream]) is None:
                self._arrived()
                return SUCCESS, ""
            stored = self._spool.read(uid)
        except SpoolFullError as error:
            logger.error("%s", error)
            return OUT_OF_RESOURCES, "no room on the disk"
        if stored is None or not _same(stored, stream, syntax):
            return CANNOT_UNDERSTAND, "another instance with this UID was received before"
        return SUCCESS, "again; it is there already"


class _Server(ThreadedAssociationServer):
    """Looks at addresses before anything else, and lets no caller's TLS handshake hold up the others."""

    # Callers that connect at the same moment wait here to be accepted.
    request_queue_size = 64

    def __init__(self, *words: Any, settings: ServeSettings, **named: Any) -> None:
        self._settings = settings
        super().__init__(*words, **named)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        assert self.socket is not None
        client, address = self.socket.accept()
        if problem := self._problem(address[0]):
            logger.warning("connection from %s refused: %s", address[0], problem)
            client.close()
            raise ConnectionRefusedError(problem)
        client.settimeout(self._settings.idle_s)
        if self.ssl_context is not None:
            client = self.ssl_context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        return client, address

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        if self.ssl_context is not None:
            try:
                request.do_handshake()
            except OSError as error:
                logger.warning("TLS with %s failed: %s", client_address[0], error)
                self.shutdown_request(request)
                return
        super().process_request_thread(request, client_address)

    def shutdown(self) -> None:
        # Not the library's own: that takes the server off a list of the entity's that this one never was on.
        BaseServer.shutdown(self)
        self.server_close()

    def _problem(self, host: str) -> str | None:
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        allowed = self._settings.allowed_addresses
        if allowed and not any(address in network for network in allowed):
            return "not one of allowed_addresses"
        # The library counts associations when they are asked for; this bounds those that never ask.
        if len(self.active_associations) >= 2 * self._settings.max_associations + 8:
            return "too many open connections"
        return None


def _bound_input(event: Event, longest: int) -> None:
    """Let a connection go that sends more than an instance may hold, before it fills the memory.

    A caller sends one message at a time; what it sent is counted from the end of the last one.
    """
    transport = event.assoc.dul.socket
    receive, sent = transport.recv, 0

    def bounded(count: int) -> bytearray:
        nonlocal sent
        sent += count
        if sent > longest:
            logger.error("connection from %s ended: more than %d bytes", event.address[0], longest)
            raise ConnectionAbortedError(f"more than {longest} bytes")
        content: bytearray = receive(count)
        return content

    def begin_again(_: Event) -> None:
        nonlocal sent
        sent = 0

    transport.recv = bounded
    event.assoc.bind(evt.EVT_DIMSE_RECV, begin_again)


def _on_rejected(event: Event) -> None:
    caller = event.assoc.requestor
    logger.warning(
        "association from %r at %s rejected: its AE title, ours as it called us, or too many at a time",
        caller.ae_title,
        caller.address,
    )


def _file_meta(event: Event) -> Any:
    meta = event.file_meta
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    meta.SourceApplicationEntityTitle = event.assoc.requestor.ae_title
    return meta


def _mismatch(data: BytesIO, syntax: UID, sop_class: str, instance: str) -> tuple[int, str] | None:
    """Return what is wrong where the data are not what the command said."""
    data.seek(0)
    try:
        head = read_dataset(
            data,
            syntax.is_implicit_VR,
            syntax.is_little_endian,
            stop_when=lambda tag, _vr, _length: tag > _SOP_INSTANCE,
        )
        inside = str(head.get("SOPClassUID", "")), str(head.get("SOPInstanceUID", ""))
    except Exception:
        # A parser meets whatever a caller may send; each of its errors means the same.
        return CANNOT_UNDERSTAND, "the data set cannot be read"
    if inside != (sop_class, instance):
        return DOES_NOT_MATCH, "SOP class or instance UID differ between command and data"
    return None


def _same(stored: bytes, stream: memoryview, syntax: UID) -> bool:
    """Return whether a stored file and a data set hold the same, perhaps encoded otherwise."""
    # Preamble and prefix (132), then group length (12) of the rest of the file meta information.
    if memoryview(stored)[144 + int.from_bytes(stored[140:144], "little") :] == stream:
        return True
    try:
        again = read_dataset(BytesIO(stream), syntax.is_implicit_VR, syntax.is_little_endian)
        return list(dcmread(BytesIO(stored))) == list(again)
    except Exception:
        return False
