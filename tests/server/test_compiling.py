"""While a server compiles: others are answered, functions are dropped, and memory stays what it was."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.server.asking import DEADLINE_S
from tests.server.test_preparation import AT_ONE, CALL, KINDS, chain, register, source
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

    from tests.serving import RunningServer

LONG = 2000
ALL_KINDS = [
    v1.Preparation(call=call, outputs=outputs)
    for call in (CALL.NUMERICAL_CALL_EVALUATE, CALL.NUMERICAL_CALL_JVP, CALL.NUMERICAL_CALL_VJP)
    for outputs in (["f"], ["g"])
]


@contextmanager
def compiling(channel: grpc.Channel, function: v1.WengertList) -> Iterator[threading.Event]:
    """Have a server make machine code of a long list; the event is set when it is done."""
    done = threading.Event()
    request = v1.RegisterRequest(function=source(function), prepare=ALL_KINDS)
    answer = DifferentiationServiceStub(channel).Register.future(request, timeout=DEADLINE_S)
    answer.add_done_callback(lambda _: done.set())
    yield done
    answer.result()


def evaluated(stub: DifferentiationServiceStub, function: v1.FunctionSource) -> v1.EvaluateResponse:
    return stub.Evaluate(v1.EvaluateRequest(function=function, points=tensor(AT_ONE)), timeout=DEADLINE_S)


def test_a_list_that_compiles_delays_no_answer(channel: grpc.Channel, stub: DifferentiationServiceStub) -> None:
    """Answers for the long list itself, for others held, and for lists never seen, before its code is there."""
    other = v1.FunctionSource(id=register(stub, source(chain(701)), KINDS["evaluate"][0]))
    long = chain(700, LONG)
    answers: list[str] = []
    rounds = 0
    with compiling(channel, long) as done:
        while not done.is_set():
            tiers = [evaluated(stub, each).report.tier for each in (source(long), other, source(chain(1000 + rounds)))]
            rounds += 1
            if not done.is_set():
                answers = answers or tiers
    assert answers == ["vm", "machine", "vm"]
    assert evaluated(stub, source(long)).report.tier in {"vm", "machine"}


def test_a_function_forgotten_while_it_compiles(channel: grpc.Channel, stub: DifferentiationServiceStub) -> None:
    function = chain(702, LONG)
    before = evaluated(stub, source(function)).values
    name = stub.Register(v1.RegisterRequest(function=source(function))).info.id
    held = []
    with compiling(channel, function) as done:
        while not done.is_set():
            held.append(stub.Forget(v1.ForgetRequest(id=name), timeout=DEADLINE_S).held)
            assert evaluated(stub, source(function)).values == before
    assert len(held) > 1
    assert evaluated(stub, source(function)).values == before


@pytest.fixture(scope="module")
def small() -> Iterator[RunningServer]:
    """A server that keeps so little that functions push each other out."""
    with running_server("--max-functions", "5", "--max-kept-bytes", "1MiB") as server:
        yield server


def resident(server: RunningServer) -> int:
    """Bytes of memory that a server's process takes."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


def rounds(stub: DifferentiationServiceStub, first: int, count: int, *, forget: bool) -> None:
    """Register, prepare, ask, and forget so many functions, or leave it to the server to drop them."""
    kinds = list(KINDS.values())
    for number in range(first, first + count):
        asked, call = kinds[number % len(kinds)]
        function = v1.FunctionSource(id=register(stub, source(chain(number)), asked))
        assert call(stub, function).report.tier == "machine"
        if forget:
            assert stub.Forget(v1.ForgetRequest(id=function.id)).held


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory of a process is read from /proc")
@pytest.mark.parametrize("forget", [True, False], ids=["forgotten", "pushed out"])
def test_memory_stays_flat(small: RunningServer, forget: bool) -> None:
    """Code of a function takes some 300 KiB: 200 that were not given back would be 60 MiB."""
    stub = small.stub()
    rounds(stub, 10_000 * forget, 60, forget=forget)
    before = resident(small)
    rounds(stub, 10_000 * forget + 5_000, 200, forget=forget)
    assert resident(small) < before + (16 << 20)
