"""TLS: a certificate and its key, and whose certificates callers must show; read again when they change.

A connection keeps what it was opened with. Files that are wrong when they are read again change nothing:
the server goes on with those it has, and says so in its log.
"""

from __future__ import annotations

import logging
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from wengert_server.files import BadFile, Watched, read

if TYPE_CHECKING:
    from typing import NoReturn

    from wengert_server.settings import Settings

_log = logging.getLogger("wengert_server.tls")

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY = b"PRIVATE KEY-----"


class Certificates:
    """The files of one server.

    Parameters
    ----------
    certificate
        Path of the server's certificate, those between it and its authority after it, in PEM.
    key
        Path of its private key, in PEM and without a passphrase.
    client_ca
        Path of the certificates of authorities, one of which must have signed a caller's; empty: callers
        need none.

    Raises
    ------
    BadFile
        A file cannot be used.
    """

    def __init__(self, certificate: str, key: str, client_ca: str = "") -> None:
        self._certificate, self._key, self._client_ca = certificate, key, client_ca
        self._read()

    @classmethod
    def of(cls, settings: Settings) -> Certificates | None:
        """Give those that are set, or None."""
        if not settings.tls_certificate:
            return None
        return cls(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)

    def credentials(self) -> grpc.ServerCredentials:
        """Give what a port is opened with; each port watches the files for itself."""
        files = Watched(*(path for path in (self._certificate, self._key, self._client_ca) if path))
        return grpc.dynamic_ssl_server_credentials(
            self._read(),
            # The published types do not know that None means that nothing has changed.
            lambda: self._again(files),  # type: ignore[arg-type,return-value]
            require_client_authentication=bool(self._client_ca),
        )

    def _again(self, files: Watched) -> grpc.ServerCertificateConfiguration | None:
        """Give what has changed to a connection that is being opened; None: nothing has."""
        if not files.changed():
            return None
        try:
            fresh = self._read()
        except BadFile as error:
            _log.error("the files of TLS have changed and cannot be used; the former ones stay: %s", error)
            return None
        _log.info("the files of TLS have changed, and are used from now on")
        return fresh

    def _read(self) -> grpc.ServerCertificateConfiguration:
        chain, key = self._read_pair()
        _check_pair(self._certificate, chain, self._key, key)
        if (chain, key) != self._read_pair():
            raise BadFile(f"{self._certificate} or {self._key} was written while it was read")
        _warn_of_readers(self._key)
        roots = None
        if self._client_ca:
            roots = read(self._client_ca, "certificate of the callers' authority")
            _check_roots(self._client_ca, roots)
        return grpc.ssl_server_certificate_configuration([(key, chain)], roots)

    def _read_pair(self) -> tuple[bytes, bytes]:
        return read(self._certificate, "certificate"), read(self._key, "key")


def _check_pair(certificate: str, chain: bytes, key: str, private: bytes) -> None:
    if _CERTIFICATE not in chain:
        raise BadFile(f"{certificate} holds no certificate in PEM")
    if _KEY not in private:
        raise BadFile(f"{key} holds no private key in PEM")
    # gRPC itself would say nothing, and fail each connection.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=lambda: _ask_nobody(key))
    except ssl.SSLError as error:
        if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
            raise BadFile(f"the key {key} does not belong to the certificate {certificate}") from None
        raise BadFile(f"{certificate} or {key} cannot be understood: {error.reason or error}") from None
    except OSError as error:
        raise BadFile(f"{certificate} or {key} cannot be read: {error.strerror or error}") from None


def _ask_nobody(key: str) -> NoReturn:
    raise BadFile(f"the key {key} has a passphrase; one without is expected, in a file that only the server can read")


def _check_roots(path: str, roots: bytes) -> None:
    if _CERTIFICATE not in roots:
        raise BadFile(f"{path} holds no certificate in PEM")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=roots.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError) as error:
        raise BadFile(f"{path} cannot be understood: {error}") from None


def _warn_of_readers(key: str) -> None:
    try:
        mode = Path(key).stat().st_mode
    except OSError:
        return
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        _log.warning("the key %s can be read by others than its owner; chmod go= is advised", key)
