"""How a connection is encrypted, and who is on its ends."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from wengert_client._errors import ConfigurationError

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Tls"]

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Tls:
    """An encrypted connection to a server that proves who it is.

    The files are read when a connection is opened.

    Parameters
    ----------
    roots
        Path of the certificates of authorities, in PEM, one of which must have signed the server's. None:
        the public authorities that gRPC knows.
    certificate
        Path of the certificate to show to a server that asks for one, in PEM, those up to its authority
        after it.
    key
        Path of its private key, in PEM, without a passphrase.
    server_name
        The name that the server's certificate must be for. None: the host in the target.

    Examples
    --------
    >>> Tls(roots="ca.pem", server_name="wengert.internal")
    Tls(roots='ca.pem', certificate=None, key=None, server_name='wengert.internal')
    """

    roots: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ConfigurationError("a certificate and its key go together, and one of them is missing")

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files.

        Raises
        ------
        ConfigurationError
            One cannot be read, or is not what it should be.
        """
        roots = None if self.roots is None else _read_roots(self.roots)
        if self.certificate is None or self.key is None:
            return grpc.ssl_channel_credentials(roots)
        chain, key = _read(self.certificate, "certificate"), _read(self.key, "key")
        _check_pair(self.certificate, self.key)
        return grpc.ssl_channel_credentials(roots, key, chain)


def _read(path: str, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the {what} {path} cannot be read: {error.strerror or error}") from None


def _read_roots(path: str) -> bytes:
    roots = _read(path, "file of authorities")
    if _CERTIFICATE not in roots:
        raise ConfigurationError(f"{path} holds no certificate in PEM")
    return roots


def _check_pair(certificate: str, key: str) -> None:
    # gRPC itself would say nothing, and fail each connection.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(certificate, key, password=lambda: _ask_nobody(key))
    except ssl.SSLError as error:
        if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
            raise ConfigurationError(f"the key {key} does not belong to the certificate {certificate}") from None
        why = error.reason or error
        raise ConfigurationError(f"{certificate} or {key} is not what is expected, PEM: {why}") from None


def _ask_nobody(key: str) -> NoReturn:
    raise ConfigurationError(f"the key {key} has a passphrase; one without is expected")
