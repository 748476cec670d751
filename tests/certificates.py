"""Certificates for tests of TLS: an authority made on the spot, and what it signs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Signed:
    """A certificate and its key, as files in PEM."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates, kept in a folder.

    Attributes
    ----------
    certificate : Path
        The authority's own.
    """

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._name = name
        self._number = 0
        own = self._made(name, "-addext", "basicConstraints=critical,CA:TRUE")
        self.certificate, self._key = own.certificate, own.key

    def sign(self, name: str, alternative: str = "DNS:localhost,IP:127.0.0.1") -> Signed:
        """Make a key and a certificate for it, of some days."""
        self._number += 1
        by = ("-CA", str(self.certificate), "-CAkey", str(self._key))
        # Of an authority, a certificate would not be one of a server or a caller.
        return self._made(
            f"{self._name}-{self._number}-{name}",
            "-addext", f"subjectAltName={alternative}", "-addext", "basicConstraints=critical,CA:FALSE", *by,
            common=name,
        )  # fmt: skip

    def _made(self, file: str, *more: str, common: str = "") -> Signed:
        made = Signed(self._folder / f"{file}.pem", self._folder / f"{file}.key")
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "3", "-subj", f"/CN={common or file}", "-keyout", str(made.key), "-out", str(made.certificate),
                *more,
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip
        return made
