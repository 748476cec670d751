"""StreamJacobian over real sockets: blocks in order and without gap, and a server whose memory stays bounded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import grpc
import numpy as np
import pytest

from tests.server.asking import DEADLINE_S, product_at, read_refusal
from tests.serving import running_server
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert.v1.tensors import read_tensor, write_tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tests.server.asking import Refusal
    from tests.serving import RunningServer

MiB = 1 << 20


def square(n: int) -> v1.WengertList:
    """f_i(x) = x_i * sum of x: dense, with J[i, j] = x_i, and besides the sum where i = j."""
    f = ListWriter()
    x = f.input("x", n)
    f.output("f", f.add("MULTIPLY", x, f.sum(x, 0)))
    return f.message


def asked(x: NDArray[np.float64], block_bytes: int = 0, **more: object) -> v1.StreamJacobianRequest:
    request = v1.JacobianRequest(function=v1.FunctionSource(list=square(x.shape[-1])), **more)  # type: ignore[arg-type]
    write_tensor(request.points, x)
    return v1.StreamJacobianRequest(request=request, block_bytes=block_bytes)


def joined(messages: list[v1.StreamJacobianResponse]) -> NDArray[np.float64]:
    """The matrix, after all that a stream promises has been looked at."""
    shape = list(messages[0].shape)
    ends = 0
    for number, message in enumerate(messages):
        assert list(message.shape) == shape
        assert message.offset == ends
        assert message.HasField("values") == (number == 0)
        assert message.HasField("report") == (number == len(messages) - 1)
        ends += len(message.entries)
    assert ends == np.prod(shape)
    return np.concatenate([np.array(message.entries, np.float64) for message in messages]).reshape(shape)


@pytest.mark.parametrize("mode", [v1.Mode.MODE_FORWARD, v1.Mode.MODE_REVERSE, v1.Mode.MODE_AUTO])
@pytest.mark.parametrize("points", [None, 1, 3])
@pytest.mark.parametrize("block_bytes", [0, 1, 8, 200, 256, 10_000])
def test_blocks_make_the_matrix(
    stub: DifferentiationServiceStub, mode: v1.Mode.ValueType, points: int | None, block_bytes: int
) -> None:
    x = np.resize([0.5, -2.0, 3.25, 1e300, 0.0], 5 if points is None else (points, 5))
    request = asked(x, block_bytes, mode=mode)
    whole = stub.Jacobian(request.request, timeout=DEADLINE_S)
    messages = list(stub.StreamJacobian(request, timeout=DEADLINE_S))
    found = joined(messages)
    np.testing.assert_array_equal(found, read_tensor(whole.dense), strict=True)
    assert messages[0].values == whole.values
    report = messages[-1].report
    assert (report.mode, report.sweeps) == (whole.report.mode, whole.report.sweeps)
    sizes = {len(message.entries) for message in messages[:-1]}
    assert sizes <= {max(1, (block_bytes or MiB) // 8)}


def test_many_parts_of_one_point(stub: DifferentiationServiceStub) -> None:
    x = np.linspace(-1.0, 1.0, 1500)
    messages = list(stub.StreamJacobian(asked(x, MiB // 2), timeout=DEADLINE_S))
    expected = np.repeat(x[:, None], len(x), axis=1)
    np.fill_diagonal(expected, x + x.sum())
    np.testing.assert_allclose(joined(messages), expected, rtol=1e-14, atol=1e-12)
    assert len(messages) > 30
    assert "one by one" in messages[-1].report.reason


def test_many_points(stub: DifferentiationServiceStub) -> None:
    x = np.linspace(-1.0, 1.0, 4000 * 20).reshape(4000, 20)
    request = asked(x)
    whole = stub.Jacobian(request.request, timeout=DEADLINE_S)
    messages = list(stub.StreamJacobian(request, timeout=DEADLINE_S))
    np.testing.assert_array_equal(joined(messages), read_tensor(whole.dense), strict=True)
    assert messages[0].values == whole.values


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,)])
def test_what_is_empty_is_one_message(stub: DifferentiationServiceStub, shape: tuple[int, ...]) -> None:
    (message,) = stub.StreamJacobian(asked(np.zeros(shape)), timeout=DEADLINE_S)
    n = shape[-1]
    assert list(message.shape) == [*shape[:-1], n, n]
    assert message.HasField("values")
    assert message.HasField("report")
    assert not message.entries


def refused(stub: DifferentiationServiceStub, request: v1.StreamJacobianRequest) -> Refusal:
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.StreamJacobian(request, timeout=DEADLINE_S))
    return read_refusal(cast("grpc.Call", caught.value))


def test_what_is_refused(stub: DifferentiationServiceStub) -> None:
    x = np.ones(3)
    nothing = refused(stub, v1.StreamJacobianRequest())
    assert (nothing.code, nothing.reason, nothing.field) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "MALFORMED_REQUEST",
        "request",
    )
    sparse = refused(stub, asked(x, layout=v1.Layout.LAYOUT_SPARSE))
    assert (sparse.reason, sparse.field) == ("MALFORMED_REQUEST", "request.layout")
    large = refused(stub, asked(x, 2**31))
    assert (large.code, large.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
    assert "block_bytes" in large.message
    short = asked(x)
    short.request.points.CopyFrom(tensor([1.0]))
    assert refused(stub, short).field == "request.points"
    unknown = v1.JacobianRequest(function=v1.FunctionSource(id="0" * 64))
    assert refused(stub, v1.StreamJacobianRequest(request=unknown)).reason == "UNKNOWN_FUNCTION"


def peak_bytes(server: RunningServer) -> int:
    """The most memory that the process ever had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@pytest.fixture(scope="module")
def narrow() -> Iterator[RunningServer]:
    """Sends one Jacobian at a time, and lets no reply have more than 4 MiB."""
    with running_server("--streams", "1", "--max-reply-elements", str(MiB // 2), "--threads", "1") as server:
        yield server


def test_a_slow_reader_costs_no_memory_and_one_that_vanishes_no_thread(narrow: RunningServer) -> None:
    with narrow.channel() as channel:
        stub = DifferentiationServiceStub(channel)
        x = np.linspace(-1.0, 1.0, 20_000)  # 3.2 GB
        request = asked(x)
        assert refused_by_size(stub, request.request)
        list(stub.StreamJacobian(asked(x[:1000]), timeout=DEADLINE_S))
        before = peak_bytes(narrow)
        stream = iter(stub.StreamJacobian(request, timeout=DEADLINE_S))
        ends = 0
        for _ in range(60):
            message = next(stream)
            assert message.offset == ends
            ends += len(message.entries)
        for k in range(200):  # the stream is not read meanwhile
            assert product_at(channel, 3.0, k) == [k, 3.0]
        assert peak_bytes(narrow) - before < 96 * MiB
        stream.cancel()  # type: ignore[attr-defined]
        # The only thread for streams is free again.
        assert len(list(stub.StreamJacobian(asked(x[:2]), timeout=DEADLINE_S))) == 1


def refused_by_size(stub: DifferentiationServiceStub, request: v1.JacobianRequest) -> bool:
    with pytest.raises(grpc.RpcError, match="reply_elements"):
        stub.Jacobian(request, timeout=DEADLINE_S)
    return True


def test_a_stream_ends_at_its_deadline(narrow: RunningServer) -> None:
    with narrow.channel() as channel:
        stub = DifferentiationServiceStub(channel)
        x = np.linspace(-1.0, 1.0, 20_000)
        with pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED"):
            for _ in stub.StreamJacobian(asked(x), timeout=1.0):
                pass
        assert len(list(stub.StreamJacobian(asked(x[:2]), timeout=DEADLINE_S))) == 1
