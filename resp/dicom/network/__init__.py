"""DICOM on the network: a server that answers sound, and clients of archives.

Names are imported on first use; pynetdicom and dicomweb-client come with the extra ``dicom``.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.dicom.network.associate import Caller, PeerError, echo
    from resp.dicom.network.outcome import Outcome
    from resp.dicom.network.peer import Peer, parse_peer
    from resp.dicom.network.query import find, get
    from resp.dicom.network.send import send_files
    from resp.dicom.network.serve import Service, scoring
    from resp.dicom.network.settings import DestinationSettings, ServeSettings, TlsSettings, load_settings
    from resp.dicom.network.spool import Spool
    from resp.dicom.network.web import Archive, ArchiveError, qido, stow, wado

_NAMES = {
    "Archive": "web",
    "ArchiveError": "web",
    "Caller": "associate",
    "DestinationSettings": "settings",
    "Outcome": "outcome",
    "Peer": "peer",
    "PeerError": "associate",
    "ServeSettings": "settings",
    "Service": "serve",
    "Spool": "spool",
    "TlsSettings": "settings",
    "echo": "associate",
    "find": "query",
    "get": "query",
    "load_settings": "settings",
    "parse_peer": "peer",
    "qido": "web",
    "scoring": "serve",
    "send_files": "send",
    "stow": "web",
    "wado": "web",
}

__all__ = [
    "Service",
    "ServeSettings",
    "DestinationSettings",
    "TlsSettings",
    "load_settings",
    "scoring",
    "Spool",
    "Peer",
    "parse_peer",
    "Caller",
    "PeerError",
    "echo",
    "send_files",
    "Outcome",
    "find",
    "get",
    "Archive",
    "ArchiveError",
    "stow",
    "qido",
    "wado",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
