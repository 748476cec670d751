"""Addresses to listen on, and which of them only this machine can reach."""

from __future__ import annotations

import ipaddress

_UNIX = "unix:"
_WORKER = "{worker}"


def is_local(address: str) -> bool:
    """Whether only this machine can reach an address.

    >>> [is_local(a) for a in ("127.0.0.1:0", "[::1]:5", "localhost:5", "unix:/run/w.sock")]
    [True, True, True, True]
    >>> [is_local(a) for a in ("0.0.0.0:5", "[::]:5", "example.org:5", "dns:///localhost:5")]
    [False, False, False, False]
    """
    if is_unix(address):
        return True
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(address: str, *, any_address: bool) -> None:
    """Refuse an address that is ill-formed, or open to others where that is not wanted.

    Raises
    ------
    ValueError
        With a sentence that says what was expected.
    """
    if is_unix(address):
        if not address.removeprefix(_UNIX):
            raise ValueError(f"{address!r} names no path; unix:PATH is expected")
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{address!r} is no address; HOST:PORT or unix:PATH is expected")
    if not (any_address or is_local(address)):
        raise ValueError(
            f"{address} can be reached from other machines, and nothing is encrypted; give "
            "--tls-certificate and --tls-key, or --insecure-any-address if that is wanted"
        )


def check_metrics(address: str) -> None:
    """Refuse what is no address for metrics.

    Raises
    ------
    ValueError
        With a sentence that says what was expected.
    """
    if is_unix(address):
        raise ValueError(f"--metrics-address: {address!r} is no address that Prometheus can ask; HOST:PORT is expected")
    check(address, any_address=True)


def moved(address: str, index: int) -> str:
    """Give the address of the same host whose port is so many higher; port 0 stays.

    >>> moved("127.0.0.1:9464", 2), moved("127.0.0.1:0", 2)
    ('127.0.0.1:9466', '127.0.0.1:0')
    """
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) and int(port) + index}"


def is_unix(address: str) -> bool:
    """Whether an address is a file, so that its permissions say who may connect."""
    return address.startswith(_UNIX)


def bound(address: str, port: int) -> str:
    """Give the address with the port that was taken.

    >>> bound("127.0.0.1:0", 4711)
    '127.0.0.1:4711'
    """
    if is_unix(address):
        return address
    return f"{address.rpartition(':')[0]}:{port}"


def check_shared(address: str) -> None:
    """Refuse an address that several workers cannot listen on.

    Raises
    ------
    ValueError
        It is a unix socket, which only one process can listen on, and of one name for all.
    """
    if is_unix(address) and _WORKER not in address:
        raise ValueError(f"{address}: several workers cannot share a unix socket; have {_WORKER} in its name")


def of_worker(address: str, index: int) -> str:
    """Give the address that a worker listens on.

    >>> of_worker("unix:/run/wengert/{worker}.sock", 2), of_worker("127.0.0.1:50051", 2)
    ('unix:/run/wengert/2.sock', '127.0.0.1:50051')
    """
    return address.replace(_WORKER, str(index)) if is_unix(address) else address
