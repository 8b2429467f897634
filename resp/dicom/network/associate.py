"""Associations that we ask for: opened, or refused with the reason in words."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resp.dicom.errors import DicomError
from resp.dicom.network.extra import need
from resp.dicom.network.peer import Peer
from resp.dicom.network.settings import TlsSettings
from resp.dicom.network.tls import client_context
from resp.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, TRANSFER_SYNTAXES, VERIFICATION

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext


class PeerError(DicomError):
    """A peer that cannot be reached or does not take what it is asked; trying again later may help."""


@dataclass(frozen=True, slots=True)
class Caller:
    """How we call.

    Parameters
    ----------
    ae_title
        Our own.
    tls
        Certificates; None for an open connection.
    timeout_s
        How long a connection and each answer are waited for.
    max_pdu_bytes
        Longest protocol data unit that we take.
    """

    ae_title: str = "RESP"
    tls: TlsSettings | None = None
    timeout_s: float = 30.0
    max_pdu_bytes: int = 65536


def context(abstract_syntax: str, transfer_syntaxes: Sequence[str] = TRANSFER_SYNTAXES) -> "PresentationContext":
    """Return a presentation context to be asked for."""
    need("pynetdicom")
    from pynetdicom.presentation import build_context

    return build_context(abstract_syntax, list(transfer_syntaxes))


@contextmanager
def associate(
    peer: Peer,
    contexts: Sequence["PresentationContext"],
    caller: Caller,
    *,
    roles: Sequence[Any] = (),
    on_store: "Callable[[Any], int] | None" = None,
) -> Iterator["Association"]:
    """Open an association, and release it at the end.

    Parameters
    ----------
    peer
        Whom to call.
    contexts
        What is to be done with it; C-ECHO is asked for too, and done first.
    caller
        How we call.
    roles
        For C-GET: the classes that the peer sends us (`pynetdicom.build_role`).
    on_store
        For C-GET: what takes an instance.

    Raises
    ------
    PeerError
        It cannot be reached, refuses us, or does not answer C-ECHO.
    """
    need("pynetdicom")
    from pynetdicom import AE, evt

    entity = AE(caller.ae_title)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.maximum_pdu_size = caller.max_pdu_bytes
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = caller.timeout_s
    entity.connection_timeout = caller.timeout_s
    tls = client_context(caller.tls) if caller.tls is not None else None
    association = entity.associate(
        peer.host,
        peer.port,
        contexts=[context(VERIFICATION), *contexts],
        ae_title=peer.ae_title,
        max_pdu=caller.max_pdu_bytes,
        ext_neg=list(roles),
        tls_args=(tls, peer.host) if tls is not None else None,
        evt_handlers=[(evt.EVT_C_STORE, on_store)] if on_store is not None else [],
    )
    try:
        if not association.is_established:
            raise PeerError(f"{peer}: {_why_not(association, peer, caller)}")
        _echo(association, peer)
        yield association
    except BaseException:
        if association.is_established:
            association.abort()
        raise
    else:
        if association.is_established:
            association.release()


def echo(peer: Peer, caller: Caller | None = None) -> None:
    """Ask a peer whether it is there (C-ECHO).

    Raises
    ------
    PeerError
        It is not.
    """
    with associate(peer, [], caller or Caller()):
        pass


def status_words(status: "Dataset", kind: str) -> str:
    """Return a response's status in words.

    Parameters
    ----------
    status
        Of the response; empty where none came.
    kind
        ``"store"`` or ``"query"``, because numbers mean different things.
    """
    from pynetdicom.status import QR_FIND_SERVICE_CLASS_STATUS, STORAGE_SERVICE_CLASS_STATUS

    if "Status" not in status:
        return "no response; the connection was lost or the peer took too long"
    known = STORAGE_SERVICE_CLASS_STATUS if kind == "store" else QR_FIND_SERVICE_CLASS_STATUS
    category, meaning = known.get(status.Status, ("unknown status", ""))
    comment = str(status.get("ErrorComment", "") or "")
    words = ", ".join(word for word in (category, meaning, comment) if word)
    return f"0x{status.Status:04X} {words}"


def _echo(association: "Association", peer: Peer) -> None:
    if not any(one.abstract_syntax == VERIFICATION for one in association.accepted_contexts):
        raise PeerError(f"{peer}: takes no C-ECHO, which every DICOM peer must; expected a storage or query server")
    status = association.send_c_echo()
    if "Status" not in status or status.Status != 0x0000:
        raise PeerError(f"{peer}: did not answer C-ECHO well: {status_words(status, 'store')}")


def _why_not(association: "Association", peer: Peer, caller: Caller) -> str:
    """Return why an association was not established, as far as that can be known."""
    if association.is_rejected:
        said = association.acceptor.primitive
        reason = said.reason_str if said is not None else "no reason given"
        return (
            f"refused the association ({reason}); it must know our AE title {caller.ae_title!r}, "
            f"and {peer.ae_title!r} must be its own"
        )
    # The library keeps the reason to itself: a connection of our own tells it.
    try:
        with socket.create_connection((peer.host, peer.port), timeout=caller.timeout_s) as plain:
            if caller.tls is not None:
                client_context(caller.tls).wrap_socket(plain, server_hostname=peer.host).close()
    except OSError as error:
        return f"cannot be reached ({error}); check address, port{' and certificates' if caller.tls else ''}"
    if not association.rejected_contexts or association.accepted_contexts:
        return "ended the connection without an answer; it may expect TLS, or does not take our address"
    return "takes none of the kinds of objects that it was asked for"
