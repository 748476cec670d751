"""Dense Jacobians that come in blocks: whole and equal to those of one answer, or refused."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
import pytest

from tests.client.modes import ALL_MODES, client_in
from wengert import v1
from wengert_client import (
    Client,
    Function,
    InvalidRequest,
    LimitExceeded,
    ListBuilder,
    MissingDependency,
    ServerFault,
    UnknownFunction,
)

Block = v1.StreamJacobianResponse
VALUES = v1.Tensor(shape=[2], values=[1.0, 2.0])
REPORT = v1.Report(mode=v1.Mode.MODE_REVERSE, sweeps=2)


def product(n: int) -> ListBuilder:
    """f_i(x) = x_i * sum of x."""
    b = ListBuilder()
    x, k = b.input("x", n), b.input("k", default=1.0)
    b.output("f", x * x.sum() * k)
    b.output("g", x.sum() * k)
    return b


@pytest.fixture(scope="module", params=ALL_MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    limits = "--max-reply-elements", "250000", "--max-message-bytes", "1MiB"
    with client_in(request.param, *limits) as opened:
        yield opened


# ---- with a server


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("shape", [(300,), (1, 300), (2, 300), (0, 300)])
def test_blocks_are_the_matrix(client: Client, mode: Any, shape: tuple[int, ...]) -> None:
    f = client.function(product(300))
    x = np.random.default_rng(1).normal(size=shape)
    value, jacobian = f.value_and_jacobian(x, mode=mode, stream=True)
    whole = f.value_and_jacobian(x, mode=mode)
    np.testing.assert_array_equal(jacobian, whole.derivative, strict=True)
    np.testing.assert_array_equal(value, whole.value, strict=True)
    assert jacobian.flags.writeable
    assert f.value_and_jacobian(x, mode=mode, stream=True).report.mode == mode
    chosen: dict[str, Any] = {"outputs": "g", "with_respect_to": ["k", "x"], "shared": {"k": 2.0}}
    np.testing.assert_array_equal(
        f.jacobian(x, mode=mode, stream=True, **chosen), f.jacobian(x, mode=mode, **chosen), strict=True
    )


def test_a_matrix_larger_than_an_answer_may_be(client: Client) -> None:
    f = client.function(product(600))
    x = np.linspace(-1.0, 1.0, 600)
    with pytest.raises(LimitExceeded, match="reply_elements"):
        f.jacobian(x)
    expected = np.vstack([np.diag(np.full(600, x.sum())) + x[:, None], np.ones(600)])
    np.testing.assert_allclose(f.jacobian(x, stream=True), expected, rtol=1e-13, atol=1e-13)


def test_a_large_matrix_comes_in_blocks_by_itself(client: Client) -> None:
    f = client.function(product(3000))  # 72 MB
    x = np.linspace(-1.0, 2.0, 3000)
    jacobian = f.jacobian(x)
    assert jacobian.shape == (3001, 3000)
    np.testing.assert_allclose(jacobian[:3000:500], (np.diag(np.full(3000, x.sum())) + x[:, None])[::500], rtol=1e-12)
    np.testing.assert_array_equal(jacobian[3000], 1.0)
    np.testing.assert_array_equal(f.gradient(x, outputs="g"), 1.0)
    with pytest.raises(LimitExceeded, match="reply_elements"):
        f.jacobian(x, stream=False)


def test_more_points_than_a_request_may_have(client: Client) -> None:
    f = client.function(product(20))
    x = np.random.default_rng(2).normal(size=(9000, 20))
    jacobian = f.jacobian(x, stream=True)
    np.testing.assert_array_equal(jacobian[8990:], f.jacobian(x[8990:]))
    assert jacobian.shape == (9000, 21, 20)


def test_errors_are_those_of_other_calls(client: Client) -> None:
    f = client.function(product(3))
    with pytest.raises(InvalidRequest) as caught:
        f.jacobian(np.ones(3), stream=True, outputs="h")
    assert caught.value.reason == "UNKNOWN_NAME"
    with pytest.raises(InvalidRequest, match="does not come in blocks"):
        f.jacobian(np.ones(3), sparse=True, stream=True)
    client.forget(f)
    np.testing.assert_array_equal(f.jacobian(np.ones(3), stream=True)[3], 1.0)
    with pytest.raises(UnknownFunction):
        client.function("0" * 64).jacobian(np.ones(3), stream=True)


@pytest.mark.parametrize("mode", ["served", "embedded"])
def test_blocks_come_one_by_one(mode: str) -> None:
    with client_in(mode) as client:
        f = client.function(product(300))
        found = list(f.jacobian_blocks(np.ones(300), block_bytes=100_000))
        assert [each.offset for each in found] == np.cumsum([0, *(each.entries.size for each in found[:-1])]).tolist()
        whole = np.concatenate([each.entries for each in found]).reshape(found[0].shape)
        np.testing.assert_array_equal(whole, f.jacobian(np.ones(300)))
        with pytest.raises(InvalidRequest, match="bytes of a block are 0 or more, not -1"):
            list(f.jacobian_blocks(np.ones(300), block_bytes=-1))


def test_progress(client: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    f = client.function(product(400))
    jacobian = f.jacobian(np.ones(400), progress=True)
    assert jacobian.shape == (401, 400)
    shown = capsys.readouterr().err
    assert "Jacobian: 100%" in shown
    assert "1.28M/1.28M" in shown
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(MissingDependency, match="progress"):
        f.jacobian(np.ones(400), progress=True)


# ---- with servers that err


def block(entries: Sequence[float], offset: int = 0, shape: Sequence[int] = (2, 3), **more: Any) -> Block:
    return Block(shape=shape, offset=offset, entries=entries, **more)


FIRST = block([1.0, 2.0], values=VALUES)
WRONG: dict[str, tuple[list[Block], str]] = {
    "nothing": ([], "ended before its first block"),
    "no values": ([block([1.0] * 6, report=REPORT)], "no values of f"),
    "ends early": ([FIRST, block([3.0, 4.0], 2)], "after 4 of 6 entries, without its report"),
    "reports early": ([FIRST, block([3.0], 2, report=REPORT)], "after 3 of 6 entries; it is not whole"),
    "no report": ([FIRST, block([3.0, 4.0, 5.0, 6.0], 2)], "without its report"),
    "a gap": ([FIRST, block([4.0, 5.0, 6.0], 3, report=REPORT)], "starts at entry 3, and 2 entries came"),
    "an overlap": ([FIRST, block([2.0, 3.0, 4.0, 5.0, 6.0], 1, report=REPORT)], "starts at entry 1, and 2 entries"),
    "out of order": ([block([5.0, 6.0], 4, values=VALUES), block([1.0])], "starts at entry 4, and 0 entries"),
    "too many": ([FIRST, block([3.0] * 5, 2, report=REPORT)], "7 entries came, of a matrix that has 6"),
    "another shape": ([FIRST, block([3.0, 4.0], 2, (3, 2))], r"of the shape \(3, 2\), those before it of \(2, 3\)"),
    "values again": ([FIRST, block([3.0, 4.0], 2, values=VALUES)], "f comes again"),
    "after the end": ([block([1.0] * 6, values=VALUES, report=REPORT), block([], 6)], "after the one with the report"),
    "a vector": ([block([1.0] * 3, 0, (3,), values=VALUES)], r"has the shape \(3,\)"),
    "no array": ([block([1.0], 0, (2**40, 2**40), values=VALUES)], "was expected"),
}


@contextmanager
def sending(answers: Callable[[grpc.ServicerContext], Iterator[Block]]) -> Iterator[tuple[Function, list[str]]]:
    """A function on a server that sends blocks as it is told; gives which rpcs were called, too."""
    called: list[str] = []

    class Handler(grpc.GenericRpcHandler):
        def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
            rpc = handler_call_details.method.rpartition("/")[2]
            called.append(rpc)
            if rpc == "Register":
                return grpc.unary_unary_rpc_method_handler(
                    lambda *_: v1.RegisterResponse(info=v1.FunctionInfo(id="0" * 64, n=3, m=2)),
                    response_serializer=v1.RegisterResponse.SerializeToString,
                )
            return grpc.unary_stream_rpc_method_handler(
                lambda _, context: answers(context), response_serializer=Block.SerializeToString
            )

    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Handler()])
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    b = ListBuilder()
    b.output("f", b.input("x", 3)[:2])
    try:
        with Client(address, deadline_s=30) as client:
            yield client.function(b), called
    finally:
        server.stop(None).wait()


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_not_whole_is_refused(kind: str) -> None:
    blocks, told = WRONG[kind]
    with sending(lambda _: iter(blocks)) as (f, _), pytest.raises(ServerFault, match=told):
        f.jacobian(np.ones(3), stream=True)


def test_a_stream_that_breaks_is_asked_for_again() -> None:
    whole = [FIRST, block([3.0], 2), block([4.0, 5.0, 6.0], 3, report=REPORT)]
    tries = 0

    def answers(context: grpc.ServicerContext) -> Iterator[Block]:
        nonlocal tries
        tries += 1
        yield from whole[: 3 if tries == 3 else 2]
        if tries < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "away")

    with sending(answers) as (f, called):
        value, jacobian = f.value_and_jacobian(np.ones(3), stream=True)
    np.testing.assert_array_equal(jacobian, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(value, [1.0, 2.0])
    assert called.count("StreamJacobian") == 3
