r"""The id of a list: SHA-256 over its content in a canonical form.

The bytes are ``wengert list 1\n``, then inputs, primitives, arguments, constants, tensors, parameters, outputs and
bodies, each as a count and its items, all integers little-endian: counts, lengths and extents uint64, primitives
uint32, arguments int32, constants the bits of float64 with every NaN as 0x7ff8000000000000, parameters int64. A tensor
is its shape and its values, whose count the shape gives. Nothing is reordered or dropped; names are part of it, labels
are not. A body is hashed as the same bytes as a whole list.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

HEADING = b"wengert list 1\n"
_NAN = 0x7FF8000000000000


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class _InputLike(_Named, Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def default(self) -> NDArray[np.float64] | None: ...


class _OutputLike(_Named, Protocol):
    @property
    def argument(self) -> int: ...


class Identity(NamedTuple):
    """The hashed bytes, heading included, and their digest in hexadecimal."""

    content: bytes
    hex: str


def _count(value: int) -> bytes:
    return struct.pack("<Q", value)


def _name(name: str) -> bytes:
    data = name.encode()
    return _count(len(data)) + data


def _shape(shape: Sequence[int]) -> bytes:
    return struct.pack(f"<Q{len(shape)}Q", len(shape), *shape)


def _floats(values: NDArray[np.float64]) -> bytes:
    bits = np.ascontiguousarray(values, dtype="<f8").reshape(-1).view("<u8")
    return np.where(np.isnan(values).reshape(-1), np.uint64(_NAN), bits).astype("<u8").tobytes()


def _tensor(tensor: NDArray[np.float64]) -> bytes:
    return _shape(tensor.shape) + _floats(tensor)


def _input(value: _InputLike) -> bytes:
    default = _count(0) if value.default is None else _count(1) + _tensor(value.default)
    return _name(value.name) + _shape(value.shape) + default


def _output(output: _OutputLike) -> bytes:
    return _name(output.name) + struct.pack("<i", output.argument)


def identity(
    inputs: Sequence[_InputLike], primitives: NDArray[np.int32], arguments: NDArray[np.int32],
    constants: NDArray[np.float64], tensors: Sequence[NDArray[np.float64]], parameters: NDArray[np.int64],
    outputs: Sequence[_OutputLike], bodies: Sequence[bytes],
) -> Identity:  # fmt: skip
    """Id of a list with these columns; ``bodies`` are the contents of the bodies, in order."""
    parts = [HEADING]
    parts += [_count(len(inputs)), *(_input(value) for value in inputs)]
    parts += [_count(len(primitives)), primitives.astype("<u4").tobytes()]
    parts += [_count(len(arguments)), arguments.astype("<i4").tobytes()]
    parts += [_count(len(constants)), _floats(constants)]
    parts += [_count(len(tensors)), *(_tensor(tensor) for tensor in tensors)]
    parts += [_count(len(parameters)), parameters.astype("<i8").tobytes()]
    parts += [_count(len(outputs)), *(_output(output) for output in outputs)]
    parts += [_count(len(bodies)), *bodies]
    content = b"".join(parts)
    return Identity(content, hashlib.sha256(content).hexdigest())
