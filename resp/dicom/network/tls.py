"""Encrypted connections: PS3.15 B.9 and B.10 (BCP 195), which is TLS 1.2 or later."""

import ssl

from resp.dicom.errors import DicomError
from resp.dicom.network.settings import TlsSettings


def server_context(tls: TlsSettings) -> ssl.SSLContext:
    """Return the context of a server; with an authority it takes only clients that show its certificate.

    Raises
    ------
    DicomError
        A certificate, key or authority that cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, tls)
    if tls.authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(tls: TlsSettings) -> ssl.SSLContext:
    """Return the context of a client; without an authority, those that the system trusts are believed.

    Raises
    ------
    DicomError
        A certificate, key or authority that cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = tls.check_host_name
    if tls.authority is None:
        context.load_default_certs()
    _load(context, tls)
    return context


def _load(context: ssl.SSLContext, tls: TlsSettings) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in (tls.certificate, tls.key, tls.authority):
        if path is not None and not path.is_file():
            raise DicomError(f"{path}: no such file; expected a certificate or key in PEM")
    try:
        if tls.certificate is not None:
            # Without this, a key with a pass phrase would ask on the terminal, and a service would stand still.
            context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
        if tls.authority is not None:
            context.load_verify_locations(tls.authority)
    except (OSError, ValueError) as error:
        given = ", ".join(str(path) for path in (tls.certificate, tls.key, tls.authority) if path)
        raise DicomError(
            f"{given}: not usable for TLS ({error}); expected PEM files, the key without a pass phrase and "
            "belonging to the certificate"
        ) from error
