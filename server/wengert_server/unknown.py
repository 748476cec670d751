"""Fields of a list that this server does not know: found, because they must not be ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.unknown_fields import UnknownFieldSet

from adengine.errors import MAX_VIOLATIONS, Violation
from wengert.v1 import WengertList
from wengert_server.errors import UnknownField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message


def refuse_unknown_fields(message: WengertList) -> bytes:
    """Refuse a list that has unknown fields anywhere; gives its bytes otherwise.

    Dropping them and comparing sizes is done by protobuf, and takes no time for a list of a
    million statements; only where something was dropped is it looked for. The message is left
    without what it held too much.

    Raises
    ------
    UnknownField
        With the paths of the first ten messages that have some, from the list.
    """
    data = message.SerializeToString()
    message.DiscardUnknownFields()
    if message.ByteSize() == len(data):
        return data
    found = _unknown(WengertList.FromString(data), "")
    violations = [violation for violation, _ in zip(found, range(MAX_VIOLATIONS), strict=False)]
    raise UnknownField(violations[0].description, violations[0].field, *violations[1:])


def _unknown(message: Message, path: str) -> Iterator[Violation]:
    unknown = UnknownFieldSet(message)
    if len(unknown):
        kind, number = message.DESCRIPTOR.name, unknown[0].field_number
        sentence = f"field {number} of {kind} is none that this server knows"
        yield Violation(path, sentence)
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        prefix = f"{path}.{field.name}" if path else field.name
        if field.is_repeated:
            for i, part in enumerate(value):
                yield from _unknown(part, f"{prefix}[{i}]")
        else:
            yield from _unknown(value, prefix)
