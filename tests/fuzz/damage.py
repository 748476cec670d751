"""What can be wrong with a request: its bytes, the columns of its list, or everything."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from adengine import primitives
from wengert import v1

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from google.protobuf.descriptor import Descriptor

    from wengert.v1 import WengertList

NUMBERS = [-(2**63), -(2**31), -3, -2, -1, 0, 1, 2, 3, 5, 31, 33, 255, 2**31 - 1, 2**62]
DOUBLES = [0.0, -0.0, 1.0, -1.5, 5e-324, 1e-310, 1e308, -1e200, float("inf"), float("-inf"), float("nan")]
TEXTS = [b"", b"x", b"y", b"f", b"jacobian.f", b"a.b", b".", b"\xff\xfe", b"x" * 300, b"%s\0\n", "\u00fc".encode()]

_VARINT, _FIXED64, _BYTES = 0, 1, 2
_DEEPEST = 6


def damaged(content: bytes, source: random.Random) -> bytes:
    """Return the bytes with some changed, dropped, repeated or put in."""
    result = bytearray(content) or bytearray(b"\0")
    for _ in range(source.choice([1, 1, 2, 4])):
        i = source.randrange(len(result)) if result else 0
        kind = source.randrange(4)
        if kind == 0 and result:
            result[i] = source.choice([0, 1, 127, 128, 255, source.randrange(256)])
        elif kind == 1:
            del result[i : i + source.randrange(1, 6)]
        elif kind == 2:
            result[i:i] = source.randbytes(source.randrange(1, 6))
        else:
            result[i:i] = result[: source.randrange(1, 20)]
    return bytes(result)


def truncated(content: bytes, source: random.Random) -> bytes:
    """Return the bytes without their end."""
    return content[: source.randrange(len(content))] if content else b""


def misshapen(message: WengertList, source: random.Random) -> None:
    """Make one thing in a list wrong, or merely different."""
    changes: list[Callable[[], None]] = [
        lambda: _put(message.arguments, source, 2**31),
        lambda: _put(message.parameters, source, 2**63),
        lambda: message.primitives.append(source.choice(v1.Primitive.values())),
    ]
    if message.primitives:
        k = source.randrange(len(message.primitives))
        changes.append(lambda: message.primitives.__setitem__(k, source.choice(v1.Primitive.values())))
    if message.inputs:
        changes.append(lambda: message.inputs[0].shape.append(source.choice([0, 1, 2, 3, 2**40])))
    if message.outputs:
        changes.append(lambda: setattr(message.outputs[0], "argument", source.choice([-1, 0, 1, 2, 3])))
    for _ in range(source.choice([1, 1, 2, 3])):
        source.choice(changes)()


def grown(message: WengertList, source: random.Random) -> None:
    """Append statements at random, which are legal wherever the shapes of their arguments go together."""
    for _ in range(source.choice([1, 2, 3, 10, 60])):
        row = source.choice(primitives.ELEMENTWISE)
        known = len(message.inputs) + len(message.primitives)
        named = [*range(-len(message.constants), 0), *range(1, known + 1)]
        if not named:
            return
        message.primitives.append(v1.Primitive.ValueType(row.number))
        message.arguments.extend(source.choice(named) for _ in range(row.arity))
        if row.parametric:
            message.parameters.append(source.choice([-2, 0, 1, 2, 3, 20]))
        if message.outputs and source.random() < 0.5:
            source.choice(message.outputs).argument = known + 1


def awkward(message: WengertList, source: random.Random) -> None:
    """Change constants to ones that are legal and awkward."""
    for column in [message.constants, *(tensor.values for tensor in message.tensors)]:
        if column:
            column[source.randrange(len(column))] = source.choice(DOUBLES)


def _put(column: Any, source: random.Random, most: int) -> None:
    """Change, add or drop a number of a column."""
    value = source.choice([number for number in NUMBERS if -most <= number < most])
    kind = source.randrange(3)
    if not column or kind == 0:
        column.append(value)
    elif kind == 1:
        column[source.randrange(len(column))] = value
    else:
        del column[source.randrange(len(column))]


def random_message(kind: Descriptor, source: random.Random, depth: int = 0) -> bytes:
    """Bytes that are nearly always well-formed, of fields that the message has, with values at random."""
    fields = list(kind.fields)
    result = bytearray()
    for _ in range(source.choice([0, 1, 1, 2, 3, 5])):
        if not fields or source.random() < 0.03:
            result += _tag(source.randrange(1, 2**20), source.choice([0, 1, 2, 5])) + _varint(source.randrange(9))
            continue
        field = source.choice(fields)
        if field.message_type is not None:
            inner = random_message(field.message_type, source, depth + 1) if depth < _DEEPEST else b""
            result += _tag(field.number, _BYTES) + _varint(len(inner)) + inner
        else:
            result += _scalar(field, source)
    return bytes(result)


def _scalar(field: FieldDescriptor, source: random.Random) -> bytes:
    """One value of a field, or a few packed."""
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        text = source.choice(TEXTS)
        return _tag(field.number, _BYTES) + _varint(len(text)) + text
    double = field.type == FieldDescriptor.TYPE_DOUBLE
    values = [_double(source) if double else _varint(_number(source)) for _ in range(source.choice([1, 1, 2, 4]))]
    if source.random() < 0.5:
        packed = b"".join(values)
        return _tag(field.number, _BYTES) + _varint(len(packed)) + packed
    return b"".join(_tag(field.number, _FIXED64 if double else _VARINT) + value for value in values)


def _number(source: random.Random) -> int:
    return source.choice(NUMBERS) if source.random() < 0.3 else source.randrange(90)


def _double(source: random.Random) -> bytes:
    return struct.pack("<d", source.choice(DOUBLES))


def _tag(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
