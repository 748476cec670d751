"""HTTP/2 by hand, to send what no library would: a call's frames, whole, damaged, cut, and lying about lengths."""

from __future__ import annotations

import random
import struct

from tests.fuzz import damage

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4
SERVICE_PATH = "/wengert.v1.DifferentiationService/"


def frame(kind: int, flags: int, stream: int, payload: bytes, length: int | None = None) -> bytes:
    """One frame; ``length`` says another length than the payload has."""
    told = len(payload) if length is None else length
    return struct.pack(">I", told)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(path: str, *, encoding: str = "") -> bytes:
    """A block of headers: literals, neither indexed nor compressed."""
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    fields += [("grpc-encoding", encoding)] if encoding else []
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)


def _text(text: str) -> bytes:
    short = 127
    content = text.encode()[: short - 1]
    return bytes([len(content)]) + content


def opening(window: int | None = None) -> bytes:
    """What a client sends first; with a window, the bytes of a stream's response it takes unasked."""
    settings = b"" if window is None else struct.pack(">HI", 4, window)
    return PREFACE + frame(SETTINGS, 0, 0, settings)


def call(rpc: str, message: bytes, stream: int = 1, *, flag: int = 0, told: int | None = None) -> bytes:
    """The frames of one call; ``flag`` and ``told`` are what the message is said to be: compressed, so long."""
    prefix = struct.pack(">BI", flag, len(message) if told is None else told)
    content = prefix + message
    sent = frame(HEADERS, END_HEADERS, stream, headers(SERVICE_PATH + rpc))
    largest = 16384
    cuts = range(0, len(content), largest)
    for first in cuts:
        last = first + largest >= len(content)
        sent += frame(DATA, END_STREAM if last else 0, stream, content[first : first + largest])
    return sent


def damaged_connection(source: random.Random, rpc: str, message: bytes) -> bytes:
    """What to send over one connection."""
    kind = source.randrange(8)
    whole = call(rpc, message)
    if kind == 0:
        return source.randbytes(source.randrange(1, 300))
    if kind == 1:
        return damage.truncated(opening() + whole, source)
    if kind == 2:
        return opening() + damage.damaged(whole, source)
    if kind == 3:
        told = source.choice([0, 1, len(message) - 1, len(message) + 1, 2**31, 2**32 - 1])
        return opening() + call(rpc, message, told=max(told, 0), flag=source.choice([0, 0, 1, 2, 255]))
    if kind == 4:
        return opening() + b"".join(_odd_frame(source) for _ in range(source.randrange(1, 6))) + whole
    if kind == 5:
        return opening() + frame(source.randrange(12), 0, 1, b"x", length=source.choice([2, 2**14, 2**24 - 1]))
    if kind == 6:
        return opening() + whole + frame(RST_STREAM, 0, 1, struct.pack(">I", 8))
    return damage.damaged(PREFACE, source) + whole


def _odd_frame(source: random.Random) -> bytes:
    """A frame that is out of place, or of no kind there is."""
    return source.choice(
        [
            frame(PING, 0, 0, bytes(source.choice([0, 7, 8, 9]))),
            frame(WINDOW_UPDATE, 0, source.choice([0, 1, 3]), struct.pack(">I", source.choice([0, 1, 2**31 - 1]))),
            frame(SETTINGS, 0, source.choice([0, 1]), struct.pack(">HI", source.randrange(9), 2**32 - 1)),
            frame(CONTINUATION, END_HEADERS, 1, source.randbytes(9)),
            frame(HEADERS, END_HEADERS, source.choice([0, 1, 2, 3]), source.randbytes(source.randrange(30))),
            frame(DATA, 0, source.choice([0, 1, 5]), bytes(source.randrange(20))),
            frame(source.randrange(10, 256), source.randrange(256), source.randrange(4), source.randbytes(5)),
        ]
    )
