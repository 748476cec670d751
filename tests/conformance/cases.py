"""A conformance case, and how files of cases are written and read. The format is in README.md."""

import base64
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message

from wengert import v1

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Case:
    """One request, and the one answer to it that conforms."""

    name: str
    about: str
    rpc: str
    # Bytes where the request cannot be written as JSON: it must not even parse, or is not canonical.
    request: Message | bytes
    expect: Mapping[str, Any]
    # Requests to make first, whatever they answer: (rpc, request).
    before: Sequence[tuple[str, Message]] = field(default_factory=tuple)

    @property
    def request_bytes(self) -> bytes:
        """The request as it travels."""
        return self.request if isinstance(self.request, bytes) else self.request.SerializeToString()


def variants(case: Case) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Yield the requests that a case with an answer stands for, each with the response expected.

    A Jacobian whose request names no mode is asked for in both modes too; what the report says of the plan then is
    no longer expected.
    """
    response = case.expect["response"]
    yield case.request, response
    if isinstance(case.request, v1.JacobianRequest) and not case.request.mode:
        for mode in (v1.Mode.MODE_FORWARD, v1.Mode.MODE_REVERSE):
            request = v1.JacobianRequest.FromString(case.request_bytes)
            request.mode = mode
            yield request, {name: value for name, value in response.items() if name != "report"}


def number(value: float) -> float | str:
    """Return a float as protobuf's JSON writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def tensor_json(values: npt.ArrayLike) -> dict[str, Any]:
    """Return an expected array: its shape and its values, row-major."""
    array = np.asarray(values, dtype=np.float64)
    return {"shape": list(array.shape), "values": [number(v) for v in array.ravel().tolist()]}


def tensor_array(expected: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """Return the array that :func:`tensor_json` wrote."""
    values = [float(v) for v in expected["values"]]
    return np.array(values, dtype=np.float64).reshape(tuple(expected["shape"]))


def request_json(request: Message | bytes) -> dict[str, Any]:
    """Return a request as files have it."""
    if isinstance(request, bytes):
        return {"request_base64": base64.b64encode(request).decode()}
    return {"request": MessageToDict(request)}


def _case_json(case: Case) -> dict[str, Any]:
    content: dict[str, Any] = {"name": case.name, "about": case.about}
    if case.before:
        content["before"] = [{"rpc": rpc, **request_json(r)} for rpc, r in case.before]
    content |= {"rpc": case.rpc, **request_json(case.request), "expect": dict(case.expect)}
    return content


def dump(section: str, about: str, cases: Iterable[Case]) -> str:
    """Return a section as text."""
    return section_text(section, about, [_case_json(case) for case in cases])


def section_text(section: str, about: str, cases: Iterable[Mapping[str, Any]]) -> str:
    """Return a section as text: a line for each part of a case, so that a diff reads well."""
    blocks = []
    for case in cases:
        lines = [f"      {json.dumps(k)}: {json.dumps(v)}" for k, v in case.items()]
        blocks.append("    {\n" + ",\n".join(lines) + "\n    }")
    head = f'{{\n  "section": {json.dumps(section)},\n  "about": {json.dumps(about)},\n'
    return head + '  "cases": [\n' + ",\n".join(blocks) + "\n  ]\n}\n"


def read_request(rpc: str, content: Mapping[str, Any]) -> Message | bytes:
    """Return the request that :func:`request_json` wrote."""
    if "request_base64" in content:
        return base64.b64decode(content["request_base64"])
    message: Message = getattr(v1, f"{rpc}Request")()
    return ParseDict(content["request"], message)


def load(path: Path) -> list[Case]:
    """Read a section."""
    return [
        Case(
            name=content["name"],
            about=content["about"],
            rpc=content["rpc"],
            request=read_request(content["rpc"], content),
            expect=content["expect"],
            before=[
                (b["rpc"], ParseDict(b["request"], getattr(v1, f"{b['rpc']}Request")()))
                for b in content.get("before", ())
            ],
        )
        for content in json.loads(path.read_text())["cases"]
    ]
