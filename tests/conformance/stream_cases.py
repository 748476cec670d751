"""Conformance cases of the streaming rpcs, and how files of them are written and read. The format is in README.md."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from tests.conformance.cases import read_request, request_json, section_text
from wengert import v1

STREAMS = Path(__file__).parent / "streams"


@dataclass(frozen=True)
class StreamCase:
    """What is sent over one stream, and the one answer to it that conforms."""

    name: str
    about: str
    rpc: str
    # Of StreamJacobian there is exactly one.
    requests: Sequence[Message | bytes]
    expect: Mapping[str, Any]
    before: Sequence[tuple[str, Message]] = field(default_factory=tuple)


def _json(case: StreamCase) -> dict[str, Any]:
    content: dict[str, Any] = {"name": case.name, "about": case.about}
    if case.before:
        content["before"] = [{"rpc": rpc, **request_json(r)} for rpc, r in case.before]
    sent = [request_json(request) for request in case.requests]
    return content | {"rpc": case.rpc, "requests": sent, "expect": dict(case.expect)}


def dump_streams(section: str, about: str, cases: Iterable[StreamCase]) -> str:
    """Return a section as text."""
    return section_text(section, about, [_json(case) for case in cases])


def load_streams(path: Path) -> list[StreamCase]:
    """Read a section."""
    return [
        StreamCase(
            name=content["name"],
            about=content["about"],
            rpc=content["rpc"],
            requests=[read_request(content["rpc"], each) for each in content["requests"]],
            expect=content["expect"],
            before=[
                (b["rpc"], ParseDict(b["request"], getattr(v1, f"{b['rpc']}Request")()))
                for b in content.get("before", ())
            ],
        )
        for content in json.loads(path.read_text())["cases"]
    ]
