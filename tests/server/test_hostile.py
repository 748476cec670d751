"""Requests made to exhaust the server, over a real socket: each is answered within bounds, and memory stays bounded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import grpc
import numpy as np
import pytest

from tests.server.asking import SERVICE, product_at, read_refusal
from tests.serving import running_server
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert_server.varints import varint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

    from tests.serving import RunningServer

    Asked = tuple[str, Message | bytes]

MIB = 1 << 20
FLIGHT, KEPT = 1024 * MIB, 256 * MIB
DEADLINE_S = 120.0
LIMIT, INVALID = "LIMIT_EXCEEDED", "INVALID"
ANSWERED = ""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    limits = {
        "max-flight-bytes": FLIGHT, "max-call-bytes": 512 * MIB, "max-kept-bytes": KEPT, "max-function-bytes": KEPT,
        "keep-memory-bytes": 64 * MIB,
    }  # fmt: skip
    with running_server(*(text for name, value in limits.items() for text in (f"--{name}", str(value)))) as server:
        yield server


def _registered(f: v1.WengertList | ListWriter) -> Asked:
    message = f.message if isinstance(f, ListWriter) else f
    return "Register", v1.RegisterRequest(function=v1.FunctionSource(list=message))


def _field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def _raw_list(content: bytes) -> Asked:
    """Register a list that is given as its bytes."""
    return "Register", _field(1, _field(2, content))


def _chain(name: str, length: int, *shape: int, arguments: int = 1) -> ListWriter:
    f = ListWriter()
    w = f.input("x", *shape)
    for _ in range(length):
        w = f.add(name, *([w] * arguments))
    f.output("f", w)
    return f


def _at(rpc: str, f: ListWriter, n: int, **more: object) -> Asked:
    kind = getattr(v1, f"{rpc}Request")
    return rpc, kind(function=v1.FunctionSource(list=f.message), points=tensor(np.full(n, 0.5)), **more)


# ---- messages ----


def empty_inputs() -> Asked:
    return _raw_list(_field(1, b"") * 4_000_000)


def empty_tensors() -> Asked:
    return _raw_list(_field(5, b"") * 50_000 + _field(7, b"") * 4_000_000)


def empty_bindings() -> Asked:
    return "Evaluate", _field(3, b"") * 4_000_000


def bodies_side_by_side() -> Asked:
    return _raw_list(_field(8, b"") * 50_000)


def bodies_in_bodies() -> Asked:
    content = b""
    for _ in range(5_000):
        content = _field(8, content)
    return _raw_list(content)


def statements_by_the_byte() -> Asked:
    return _raw_list(_field(2, b"\x0a" * (15 * MIB)))


def long_varints() -> Asked:
    return _raw_list(_field(6, (b"\xff" * 9 + b"\x01") * (3 * MIB // 2)))


def a_long_name() -> Asked:
    f = _chain("SIN", 1)
    f.message.inputs[0].name = "x" * (10 * MIB)
    return _registered(f)


def many_names() -> Asked:
    f = _chain("SIN", 1)
    for k in range(90_000):
        f.message.outputs.append(v1.Output(name=f"{'y' * 100}{k}", argument=2))
    return _registered(f)


# ---- shapes ----


def a_broadcast_too_large() -> Asked:
    f = ListWriter()
    f.output("f", f.add("BROADCAST", f.input("x"), parameters=[3, 2**21, 2**21, 2**21]))
    return _registered(f)


def a_chain_of_broadcasts() -> Asked:
    f = ListWriter()
    w = f.input("x")
    for rank in range(1, 27):
        w = f.add("BROADCAST", w, parameters=[rank, *[2] * rank])
        for _ in range(20):
            w = f.add("SIN", w)
    f.output("f", w)
    return _registered(f)


def a_gather_of_rows() -> Asked:
    f = ListWriter()
    x, indices = f.input("x", 10, 10_000), [0] * 100_000
    f.output("f", f.add("GATHER", x, parameters=[0, 1, len(indices), *indices]))
    return _registered(f)


def gathers_of_gathers() -> Asked:
    f = ListWriter()
    w = f.input("x", 2)
    for power in range(1, 20):
        w = f.add("GATHER", w, parameters=[0, 1, 2**power, *range(2 ** (power - 1)), *range(2 ** (power - 1))])
    f.output("f", f.sum(w, 0))
    return _at("Jacobian", f, 2)


def an_outer_product() -> Asked:
    f = ListWriter()
    f.output("f", f.add("MATMUL", f.input("x", 100_000, 1), f.input("y", 1, 100_000)))
    return _registered(f)


def a_count_beyond_all() -> Asked:
    f = ListWriter()
    f.output("f", f.add("CONCATENATE", f.input("x", 1), parameters=[0, 2**62]))
    return _registered(f)


def long_concatenations() -> Asked:
    f = ListWriter()
    w = f.input("x", 1)
    for _ in range(10):
        w = f.add("CONCATENATE", *[w] * 5_000, parameters=[0, 5_000])
    f.output("f", w)
    return _registered(f)


# ---- derivatives ----


def squares_of_squares() -> Asked:
    return _at("Hessian", _chain("MULTIPLY", 100_000, arguments=2), 1)


def powers_of_powers() -> Asked:
    return _at("Hessian", _chain("POWER", 100_000, arguments=2), 1)


def many_inputs_in_a_deep_list() -> Asked:
    """Each derivative by each of many inputs is a statement of its own in a list of all entries."""
    f, n = ListWriter(), 500
    w = [f.input(f"x{i}") for i in range(n)]
    for k in range(20_000):
        w.append(f.add("MULTIPLY" if k % 2 else "ADD", w[-1], w[-1 - (k * 7919) % n]))
    for i in range(100):
        f.output(f"f{i}", w[-1 - i])
    return _at("Jacobian", f, n, layout=v1.Layout.LAYOUT_SPARSE)


def a_list_of_all_second_derivatives() -> Asked:
    f, n = ListWriter(), 2_000
    x = f.input("x", n)
    w = f.sum(f.add("SIN", x), 0)
    f.output("f", f.sum(f.add("MULTIPLY", f.add("EXP", f.add("MULTIPLY", w, x)), w), 0))
    request = v1.DifferentiateRequest(function=v1.FunctionSource(list=f.message))
    request.derivative = v1.Derivative.DERIVATIVE_HESSIAN
    return "Differentiate", request


def a_full_pattern() -> Asked:
    f = ListWriter()
    x = f.input("x", 20_000)
    f.output("f", f.add("MULTIPLY", x, f.sum(x, 0)))
    return "Sparsity", v1.SparsityRequest(function=v1.FunctionSource(list=f.message))


def a_product_of_many() -> Asked:
    f = ListWriter()
    f.output("f", f.add("PROD", f.input("x", 1 << 20), parameters=[0, 1, 0]))
    return _at("Vjp", f, 1 << 20)


def a_dense_hessian() -> Asked:
    f = ListWriter()
    x = f.input("x", 100_000)
    f.output("f", f.sum(f.add("MULTIPLY", x, f.sum(x, 0)), 0))
    return _at("Hessian", f, 100_000)


def much_work() -> Asked:
    f = _chain("SIN", 2_000, 50_000)
    return _at("Jacobian", f, 50_000, mode=v1.Mode.MODE_FORWARD)


CASES: list[tuple[Callable[[], Asked], str]] = [
    (empty_inputs, LIMIT), (empty_tensors, LIMIT), (empty_bindings, INVALID), (bodies_side_by_side, LIMIT),
    (bodies_in_bodies, INVALID), (statements_by_the_byte, LIMIT), (long_varints, INVALID), (a_long_name, INVALID),
    (many_names, ANSWERED), (a_broadcast_too_large, LIMIT), (a_chain_of_broadcasts, LIMIT), (a_gather_of_rows, LIMIT),
    (gathers_of_gathers, ANSWERED), (an_outer_product, LIMIT), (a_count_beyond_all, INVALID),
    (long_concatenations, LIMIT), (squares_of_squares, ANSWERED), (powers_of_powers, LIMIT),
    (many_inputs_in_a_deep_list, ANSWERED), (a_list_of_all_second_derivatives, ANSWERED), (a_full_pattern, LIMIT),
    (a_product_of_many, ANSWERED), (a_dense_hessian, LIMIT), (much_work, LIMIT),
]  # fmt: skip


def _peak_bytes(server: RunningServer) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


@pytest.mark.parametrize(("make", "expected"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_is_answered_within_bounds(server: RunningServer, make: Callable[[], Asked], expected: str) -> None:
    rpc, request = make()
    data = request if isinstance(request, bytes) else request.SerializeToString()
    before = _peak_bytes(server)
    with server.channel() as channel:
        ask: Any = channel.unary_unary(f"/{SERVICE}/{rpc}")
        code, reason = grpc.StatusCode.OK, ""
        try:
            ask(data, timeout=DEADLINE_S)
        except grpc.RpcError as error:
            refused = read_refusal(cast("grpc.Call", error))
            code, reason = refused.code, refused.reason
        if expected == INVALID:
            assert code is grpc.StatusCode.INVALID_ARGUMENT
        else:
            assert reason == expected
        assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
    # What is kept for later calls and what calls in flight take; Python, gRPC and the kernels have their own.
    assert _peak_bytes(server) < max(before, FLIGHT + 2 * KEPT + 512 * MIB)
    assert "Traceback" not in server.logged()
