"""How a client is set up: what its caller says, else what the environment says, else a default."""

from __future__ import annotations

import dataclasses
import ipaddress
import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wengert_client._errors import ConfigurationError
from wengert_client._tls import Tls

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MAX_MESSAGE_BYTES", "Settings", "check_seconds"]

#: No protobuf message is larger; the server's own limit, 16 MiB unless it is set otherwise, comes first.
MAX_MESSAGE_BYTES = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client needs to know.

    Attributes
    ----------
    targets
        Where the servers are, any of which can answer, as gRPC names them: ``host:port``, ``unix:path``,
        ``dns:///name:port``. None: this process answers itself.
    deadline_s
        Seconds until a call is given up, its repetitions included.
    max_attempts
        How often a call is tried while every server is unavailable, the first time included.
    max_message_bytes
        The largest message sent or received.
    tls
        How the connection is encrypted; None: it is not.
    token
        Says to the server who calls; empty: nobody in particular.
    """

    targets: tuple[str, ...]
    deadline_s: float
    max_attempts: int
    max_message_bytes: int
    tls: Tls | None = None
    token: str = field(default="", repr=False)

    @classmethod
    def resolve(
        cls,
        target: str | Sequence[str] | None,
        deadline_s: float | None,
        max_attempts: int | None,
        max_message_bytes: int | None,
        tls: Tls | bool | None = None,
        token: str | None = None,
    ) -> Settings:
        """Fill what is None from the environment, or with defaults, and check everything."""
        targets = _targets(os.environ.get("WENGERT_TARGET", "") if target is None else target)
        if not targets and (target is not None or tls or token):
            # It was meant to be a server.
            raise ConfigurationError(
                "no server is named: give Client a target such as 'localhost:50051', or set WENGERT_TARGET"
            )
        chosen = _tls(tls) if targets else None
        return cls(
            targets,
            _seconds("deadline_s", deadline_s, "WENGERT_DEADLINE_S", 30.0),
            _count("max_attempts", max_attempts, "WENGERT_MAX_ATTEMPTS", 5),
            _count("max_message_bytes", max_message_bytes, "WENGERT_CLIENT_MESSAGE_BYTES", MAX_MESSAGE_BYTES),
            chosen,
            _token(token, targets, in_clear=chosen is None and tls is not False) if targets else "",
        )

    def __reduce__(self) -> tuple[object, ...]:
        # A token is not written to where functions are: whoever reads them has one of their own.
        told = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)} | {"token": ""}
        return _unpickled, (told, bool(self.token))

    def __deepcopy__(self, memo: object) -> Settings:
        return self

    @property
    def target(self) -> str:
        """The targets, as they are told."""
        return ",".join(self.targets)

    @property
    def embedded(self) -> bool:
        """Whether this process answers itself."""
        return not self.targets


def _unpickled(told: dict[str, Any], had_token: bool) -> Settings:
    """Give settings that have travelled: with the token of where they are now, if they had one."""
    settings = Settings(**told)
    token = _token(None, settings.targets, in_clear=False) if had_token else ""
    return dataclasses.replace(settings, token=token)


def _targets(given: str | Sequence[str]) -> tuple[str, ...]:
    """Give each target by itself; what gRPC reads as one list of addresses is one."""
    if isinstance(given, str):
        given = [given] if given.startswith(("ipv4:", "ipv6:")) else given.split(",")
    return tuple(dict.fromkeys(target.strip() for target in given if target.strip()))


def check_seconds(seconds: float, name: str) -> float:
    """Give a number of seconds, which must be finite and above 0."""
    if not (math.isfinite(seconds) and seconds > 0):
        raise ConfigurationError(f"{name} is {seconds}; a finite number above 0 was expected")
    return seconds


def _given(name: str, value: float | None, variable: str, default: float) -> tuple[float, str]:
    """Give the value that holds, and the name by which to complain about it."""
    if value is not None:
        return value, name
    text = os.environ.get(variable)
    if not text:
        return default, name
    try:
        return float(text), variable
    except ValueError:
        raise ConfigurationError(f"{variable} is {text!r}; a number was expected") from None


def _seconds(name: str, value: float | None, variable: str, default: float) -> float:
    number, source = _given(name, value, variable, default)
    return check_seconds(number, source)


def _count(name: str, value: int | None, variable: str, default: int) -> int:
    number, source = _given(name, value, variable, default)
    if not (1 <= number <= MAX_MESSAGE_BYTES and number == int(number)):
        raise ConfigurationError(f"{source} is {number}; a whole number from 1 to {MAX_MESSAGE_BYTES} was expected")
    return int(number)


def _tls(given: Tls | bool | None) -> Tls | None:
    if isinstance(given, Tls):
        return given
    if given is False:
        return None
    named = (
        os.environ.get(name) or None for name in ("WENGERT_TLS_ROOTS", "WENGERT_TLS_CERTIFICATE", "WENGERT_TLS_KEY")
    )
    found = Tls(*named)
    return found if given or found != Tls() else None


def _token(given: str | None, targets: Sequence[str], *, in_clear: bool) -> str:
    """Give the token to send, which must fit into a header and not go over a network for all to read."""
    token, source = (os.environ.get("WENGERT_TOKEN", ""), "WENGERT_TOKEN") if given is None else (given, "token")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ConfigurationError(f"{source} has characters that a token cannot have: printable ASCII was expected")
    away = [target for target in targets if not _stays_here(target)]
    if token and in_clear and away:
        raise ConfigurationError(
            f"the token would go to {away[0]} for all on the way to read: give Client tls=True or Tls(...), "
            "or tls=False if that is wanted"
        )
    return token


def _stays_here(target: str) -> bool:
    """Whether what is sent to a target stays on this machine."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    address = target.rpartition("/")[2]
    host = (address if address.endswith("]") else address.rpartition(":")[0] or address).strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
