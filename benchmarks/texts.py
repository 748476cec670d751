"""Source texts through the server: one read, one that is held already, and lists given as text."""

from __future__ import annotations

import itertools

import grpc

from benchmarks.bare_server import ANY_SIZE
from benchmarks.measure import Effort, compare_single_calls
from benchmarks.processes import our_server
from benchmarks.results import Chapter, Comparison, Target
from wengert.v1 import DescribeRequest, FunctionSource, RegisterRequest
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

READ = "registered as text"
HELD = "registered as the same text again"
LISTED = "registered as a list, held already"
WRITTEN = "given as text"


def texts(effort: Effort) -> Chapter:
    """Measure a text of 20 000 statements with three operations each."""
    statements = 500 if effort.quick else 20_000
    with our_server() as served, grpc.insecure_channel(served.address, options=ANY_SIZE) as channel:
        stub = DifferentiationServiceStub(channel)
        numbers = itertools.count(1)

        def register(text: str) -> str:
            return stub.Register(RegisterRequest(function=FunctionSource(text=text))).info.id

        held = source_text(statements, 0)
        identity = FunctionSource(id=register(held))
        described = stub.Describe(DescribeRequest(function=identity, with_list=True, with_text=True))
        by_list = RegisterRequest(function=FunctionSource(list=described.list))
        if register(described.text) != identity.id or described.info.statements != 3 * statements + 1:
            raise RuntimeError("the text that was given makes another list")
        stub.Register(by_list)
        calls = {
            # Another number each time, so that it is read each time.
            READ: lambda: register(source_text(statements, next(numbers))),
            HELD: lambda: register(held),
            LISTED: lambda: stub.Register(by_list),
            WRITTEN: lambda: stub.Describe(DescribeRequest(function=identity, with_text=True)),
        }
        timings = compare_single_calls(calls, 3 if effort.quick else 7)
    what = f"a text of {statements} statements with three operations each, from call to answer"
    text = (
        f"{statements} lines such as `t7 = x*7.5 + sin(t6)`, with three operations each: {len(held)} bytes. Times are "
        "those of the caller: the way to the server and back is in them."
    )
    comparison = Comparison("From call to answer", timings, READ)
    return Chapter("texts", "Source texts", text, [Target(what, 4.0, timings[0].median, "s")], (comparison,))


def source_text(statements: int, number: int) -> str:
    """A text of so many statements, with three operations each."""
    lines = ["input x, y", f"t0 = x + {number}"]
    lines += [f"t{k} = x*{k}.5 + sin(t{k - 1})" for k in range(1, statements)]
    return "\n".join([*lines, f"t = t{statements - 1}*y + 1", f"output f = t - {number}"])
