"""Calls at more points than one message can hold: the same numbers from several calls."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from tests.client.modes import ALL_MODES, client_in
from wengert.v1 import EvaluateRequest, JvpRequest
from wengert.v1.tensors import read_tensor
from wengert_client import Function, InvalidRequest, LimitExceeded, ListBuilder, ServerFault, Unavailable
from wengert_client._cutting import Limits, in_parts, rows_at_a_time
from wengert_client._errors import Violation
from wengert_client._waiting import IN_FLIGHT, now

n, P = 40, 3
RNG = np.random.default_rng(7)
X = RNG.normal(size=(9000, n))  # 2.9 MB
FEW = slice(0, 50)


def build() -> ListBuilder:
    """y = x * sum of x, s = sum of sin x by k."""
    b = ListBuilder()
    x, k = b.input("x", n), b.input("k", default=2.0)
    b.output("y", x[:2] * x.sum())
    b.output("s", np.sin(x).sum() * k)
    return b


@pytest.fixture(scope="module", params=ALL_MODES)
def f(request: pytest.FixtureRequest) -> Iterator[Function]:
    """A server that takes 1 MiB, and gives no array of more than 2 MiB."""
    limits = "--max-message-bytes", "1MiB", "--max-reply-elements", str(1 << 18)
    with client_in(request.param, *limits) as client:
        yield client.function(build())


def tangents(*shape: int) -> np.ndarray:
    return np.random.default_rng(8).normal(size=shape)


K = len(X)
CALLS: dict[str, Callable[[Function, slice], Any]] = {
    "value": lambda f, k: f.value(X[k]),
    "value by name": lambda f, k: f.value(x=X[k], k=1.5 * X[k, 0]),
    "one tangent": lambda f, k: f.jvp(X[k], tangents(n)),
    "the same tangents": lambda f, k: f.jvp(X[k], tangents(1, P, n)),
    "tangents of each point": lambda f, k: f.jvp(X[k], tangents(K, P, n)[k]),
    "cotangents of each point": lambda f, k: f.value_and_vjp(X[k], tangents(K, P, 3)[k]),
    "jacobian": lambda f, k: f.value_and_jacobian(X[k]),
    "gradient": lambda f, k: f.gradient(X[k], outputs="s"),
    "sparse jacobian": lambda f, k: f.value_and_jacobian(X[k], sparse=True),
    "hessian": lambda f, k: f.value_gradient_and_hessian(X[k][::20], np.ones(3)),
    "products": lambda f, k: f.hvp(X[k], tangents(n), tangents(K, 1, 3)[k]),
    "sparse hessian": lambda f, k: f.hessian(X[k][::20], np.ones(3), sparse=True),
}


def arrays_of(result: Any) -> list[np.ndarray]:
    if isinstance(result, list):
        return [np.stack([each.toarray() for each in result])]
    return [result] if isinstance(result, np.ndarray) else [a for each in result for a in arrays_of(each)]


@pytest.mark.parametrize("call", CALLS)
def test_the_numbers_are_those_of_small_calls(f: Function, call: str) -> None:
    ask = CALLS[call]
    found = arrays_of(ask(f, slice(None)))
    for first in (0, 4000, K - 60):  # small ones, and at a place where none is cut
        expected = arrays_of(ask(f, slice(first, first + 60)))
        at = slice(first // 20, first // 20 + 3) if "hessian" in call else slice(first, first + 60)
        for whole, part in zip(found, expected, strict=True):
            np.testing.assert_array_equal(whole[at], part, strict=True)
    assert all(each.flags.writeable for each in found)


def test_reports_are_put_together(f: Function) -> None:
    few, many = f.value_and_jacobian(X[FEW]).report, f.value_and_jacobian(X).report
    assert (few.mode, few.sweeps, few.operations) == (many.mode, many.sweeps, many.operations)
    assert many.seconds > 0


def test_a_point_that_fits_nowhere_is_the_servers_to_refuse(f: Function) -> None:
    with pytest.raises(LimitExceeded, match=r"larger than max|message_bytes"):
        f.jvp(np.zeros((2, n)), np.zeros((1, 5000, n)))
    with pytest.raises(InvalidRequest, match="each point has"):
        f.value(np.zeros((9000, n + 3)))


def test_directions_that_fit_no_points(f: Function) -> None:
    with pytest.raises(InvalidRequest, match=r"the first axis must be 1, or the points") as caught:
        f.jvp(X, tangents(7, P, n))
    assert caught.value.reason == "INVALID_DIRECTIONS"
    with pytest.raises(InvalidRequest) as caught:
        f.jvp(X, tangents(P, n))
    assert caught.value.reason == "AMBIGUOUS_DIRECTIONS"


# ---- without a server


LIMITS = Limits(request_bytes=100_000, reply_bytes=1 << 30, reply_elements=1 << 30)


def cut(run: Callable[[Any], Any], points: np.ndarray, request: Any = None, **more: np.ndarray) -> Any:
    async def ran(request: Any) -> Any:
        return run(request)

    async def limits() -> Limits:
        return LIMITS

    async def elements() -> int:
        return 1

    return now(in_parts(request or EvaluateRequest(), {"points": points, **more}, limits, elements, ran))


def test_parts_are_bounded_and_so_many_at_a_time() -> None:
    points = np.arange(200_000.0).reshape(-1, 1)
    busy, most, sizes, lock = 0, 0, [], threading.Lock()

    def run(request: EvaluateRequest) -> np.ndarray:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
            sizes.append(request.ByteSize())
        x = read_tensor(request.points)
        with lock:
            busy -= 1
        return x

    np.testing.assert_array_equal(cut(run, points), points)
    assert 1 <= most <= IN_FLIGHT
    assert max(sizes) <= LIMITS.request_bytes
    assert len(sizes) == 17


def test_errors_name_the_points() -> None:
    points = np.arange(200_000.0).reshape(-1, 1)

    def run(request: EvaluateRequest) -> np.ndarray:
        x = read_tensor(request.points)
        if 60_000 in x:
            raise Unavailable("busy", reason="OVERLOADED", violations=[Violation("points", "no")])
        return x

    with pytest.raises(Unavailable, match=r"points 58825 to 70589 of 200000: busy") as caught:
        cut(run, points)
    assert (caught.value.reason, caught.value.code) == ("OVERLOADED", grpc.StatusCode.UNAVAILABLE)
    assert caught.value.violations == (Violation("points", "no"),)


def test_an_answer_of_too_few_points_is_a_fault() -> None:
    points = np.arange(200_000.0).reshape(-1, 1)
    with pytest.raises(ServerFault, match="does not have"):
        cut(lambda request: read_tensor(request.points)[1:], points)


def test_what_is_small_or_one_point_is_not_cut() -> None:
    def run(_: Any) -> str:
        return "whole"

    assert cut(run, np.zeros((10_000, 1))) == "whole"
    assert cut(run, np.zeros(1_000_000)) == "whole"
    assert cut(run, np.zeros((1, 1_000_000)), JvpRequest(), tangents=np.zeros((1, 1, 1_000_000))) == "whole"


@pytest.mark.parametrize("elements", [0, 1, 1000])
def test_rows(elements: int) -> None:
    limits = Limits(1 << 20, 1 << 24, 1 << 20)
    for number in (1, 2, 999, 12_345):
        rows = rows_at_a_time(number, 80, 1000, elements, limits)
        assert 1 <= rows <= number
        assert 80 * rows + 1000 <= limits.request_bytes
        assert rows * elements <= limits.reply_elements
    assert rows_at_a_time(5, 1 << 21, 0, elements, limits) == 5
