"""Large calls in parts: the same bits as in one piece, whatever the cluster does."""

from __future__ import annotations

import pickle
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adengine import Engine
from adengine.cancellation import Cancellation
from adengine.errors import Cancelled, EngineError
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert_server import remote, spreading
from wengert_server.cluster import Cluster
from wengert_server.cutting import PointsCut
from wengert_server.service import DifferentiationService
from wengert_server.settings import Settings
from wengert_server.store import FunctionStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

K = 700
SOURCE = np.random.default_rng(5)


class Elsewhere(Executor):
    """Runs what it is given as a cluster would: what goes in and comes out is pickled, and nothing else is shared."""

    def __init__(self, spoil: Callable[[int, tuple[str, bytes]], tuple[str, bytes]]) -> None:
        self._threads = ThreadPoolExecutor(2)
        self._spoil = spoil
        self.sent: list[bytes] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        assert not kwargs
        number, travelling = len(self.sent), pickle.dumps((fn, args))
        self.sent.append(travelling)

        def run() -> Any:
            function, arguments = pickle.loads(travelling)  # noqa: S301  pickled above
            return self._spoil(number, function(*arguments))

        return self._threads.submit(run)


def _parts(service: type[DifferentiationService], *more: Any) -> DifferentiationService:
    settings = Settings(spread_s=0.0)
    engine = Engine(settings.engine_limits(), machine_code=False)
    store = FunctionStore(settings.max_functions, settings.max_function_bytes, engine.forget)
    return service(engine, store, settings, *more)


@pytest.fixture(scope="module")
def plain() -> DifferentiationService:
    return _parts(DifferentiationService)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small calls are large ones here."""
    monkeypatch.setattr(spreading, "LOOK_BYTES", 100)
    monkeypatch.setattr(spreading, "PART_S", 1e-4)


@pytest.fixture
def executor() -> Iterator[Elsewhere]:
    executor = Elsewhere(lambda _, answer: answer)
    yield executor
    executor._threads.shutdown()


def _spreading(executor: Executor, threads: int = 2) -> DifferentiationService:
    return _parts(spreading.SpreadingService, Cluster(executor, lambda: threads, lambda: None))


def _list(n: int = 3, m: int = 2) -> v1.WengertList:
    """f(x, k) = sin(A x) k, with A of m by n."""
    f = ListWriter()
    x, k = f.input("x", n), f.input("k")
    y = f.add("SIN", f.add("MATMUL", f.array(np.linspace(-1.0, 2.0, m * n).reshape(m, n)), x))
    f.output("y", f.add("MULTIPLY", y, k))
    return f.message


def _call(kind: Any, points: Any, **fields: Any) -> Any:
    request = kind(function=v1.FunctionSource(list=fields.pop("list", None) or _list()), **fields)
    request.points.CopyFrom(tensor(points))
    return request


X = SOURCE.normal(size=(K, 4))
SHARED = [v1.Binding(input="k", value=tensor(1.5))]
CALLS: dict[str, tuple[str, Any]] = {
    "values": ("Evaluate", _call(v1.EvaluateRequest, X)),
    "jacobians": ("Jacobian", _call(v1.JacobianRequest, X)),
    "forward": ("Jacobian", _call(v1.JacobianRequest, X, mode=v1.Mode.MODE_FORWARD)),
    "shared": ("Jacobian", _call(v1.JacobianRequest, X[:, :3], shared=SHARED)),
    "sparse": ("Jacobian", _call(v1.JacobianRequest, X, layout=v1.Layout.LAYOUT_SPARSE)),
    "sparse values": ("Jacobian", _call(v1.JacobianRequest, X, layout=v1.Layout.LAYOUT_SPARSE, values_only=True)),
    "one tangent": ("Jvp", _call(v1.JvpRequest, X, tangents=tensor([1.0, 2.0, 3.0, 4.0]))),
    "tangents for all": ("Jvp", _call(v1.JvpRequest, X, tangents=tensor(SOURCE.normal(size=(1, 5, 4))))),
    "tangents each": ("Jvp", _call(v1.JvpRequest, X, tangents=tensor(SOURCE.normal(size=(K, 5, 4))))),
    "cotangents each": ("Vjp", _call(v1.VjpRequest, X, cotangents=tensor(SOURCE.normal(size=(K, 2, 2))))),
    "hessians": ("Hessian", _call(v1.HessianRequest, X, weights=tensor([1.0, -2.0]))),
    "weights each": ("Hessian", _call(v1.HessianRequest, X, weights=tensor(SOURCE.normal(size=(K, 1, 2))))),
    "products": (
        "Hvp",
        _call(v1.HvpRequest, X, weights=tensor([1.0, 2.0]), tangents=tensor(SOURCE.normal(size=(K, 2, 4)))),
    ),
    "rows": ("Jacobian", _call(v1.JacobianRequest, SOURCE.normal(size=301), list=_list(300, 200))),
    "columns": ("Jacobian", _call(v1.JacobianRequest, SOURCE.normal(size=201), list=_list(200, 300))),
    "special": ("Jacobian", _call(v1.JacobianRequest, np.where(X > 1, np.inf, np.where(X < -1, np.nan, X)))),
}


def _without_seconds(data: bytes, rpc: str) -> Any:
    response = getattr(v1, f"{rpc}Response").FromString(data)
    response.report.ClearField("seconds")
    return response.SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", CALLS)
def test_parts_give_the_same_bits(name: str, plain: DifferentiationService, executor: Elsewhere) -> None:
    rpc, request = CALLS[name]
    data = request.SerializeToString()
    got = _spreading(executor).rpcs()[rpc](data)
    assert len(executor.sent) > 3
    assert _without_seconds(got, rpc) == _without_seconds(plain.rpcs()[rpc](data), rpc)


def test_a_large_list_travels_once_for_each_process(
    plain: DifferentiationService, executor: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading, "_SMALL_LIST", 1)
    rpc, request = "Jacobian", _call(v1.JacobianRequest, X, list=_list(3, 5))
    data = request.SerializeToString()
    got = _spreading(executor).rpcs()[rpc](data)
    assert _without_seconds(got, rpc) == _without_seconds(plain.rpcs()[rpc](data), rpc)
    with_list = [
        b"MULTIPLY" in each or request.function.list.tensors[0].SerializeToString() in each for each in executor.sent
    ]
    assert any(with_list)
    assert not all(with_list)


SPOILED: dict[str, Callable[[int, tuple[str, bytes]], tuple[str, bytes]]] = {
    "a fault": lambda k, answer: (remote.FAULT, b"no memory") if k % 3 == 0 else answer,
    "unknown again and again": lambda k, answer: (remote.UNKNOWN, b"") if k % 2 else answer,
    "an answer cut short": lambda k, answer: (answer[0], answer[1][:-9]) if k % 3 == 1 else answer,
    "an empty answer": lambda k, answer: (answer[0], b"") if k % 3 == 1 else answer,
    "another answer": lambda k, answer: (answer[0], b"\x0a\x02\x0a\x00") if k % 3 == 1 else answer,
}


@pytest.mark.parametrize("name", SPOILED)
@pytest.mark.parametrize("call", ["jacobians", "rows"])
def test_what_the_cluster_fails_is_computed_here(name: str, call: str, plain: DifferentiationService) -> None:
    rpc, request = CALLS[call]
    data = request.SerializeToString()
    executor = Elsewhere(SPOILED[name])
    got = _spreading(executor).rpcs()[rpc](data)
    executor._threads.shutdown()
    assert _without_seconds(got, rpc) == _without_seconds(plain.rpcs()[rpc](data), rpc)


class Broken(Executor):
    """Fails in one way or another."""

    def __init__(self, way: str) -> None:
        self._way = way
        self.given: list[Future[Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ARG002
        if self._way == "refuses":
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[Any] = Future()
        self.given.append(future)
        if self._way == "cancels":
            future.cancel()
        elif self._way == "raises":
            future.set_exception(OSError("the worker is gone"))
        return future


@pytest.mark.parametrize("way", ["refuses", "cancels", "raises", "never answers"])
def test_a_broken_cluster_is_done_without(
    way: str, plain: DifferentiationService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wengert_server.gathering._ALONE_S", 0.1)
    monkeypatch.setattr("wengert_server.cluster._FRESH_S", -1.0)
    rpc, request = CALLS["jacobians"]
    data = request.SerializeToString()
    counts = iter([2, 2, 2])
    cluster = Cluster(Broken(way), lambda: next(counts, 0), lambda: None)
    got = _parts(spreading.SpreadingService, cluster).rpcs()[rpc](data)
    assert _without_seconds(got, rpc) == _without_seconds(plain.rpcs()[rpc](data), rpc)


def test_a_call_that_nobody_waits_for_leaves_the_cluster() -> None:
    broken, wish = Broken("never answers"), Cancellation()
    cluster = Cluster(broken, lambda: 2, lambda: None)
    data = CALLS["jacobians"][1].SerializeToString()
    with wish, ThreadPoolExecutor(1) as thread:
        service = _parts(spreading.SpreadingService, cluster)
        call = thread.submit(copy_context().run, service.rpcs()["Jacobian"], data)
        while not broken.given:
            time.sleep(0.001)
        wish.cancel()
        with pytest.raises(Cancelled):
            call.result(timeout=60.0)
    assert all(future.cancelled() for future in broken.given)


def test_without_threads_nothing_is_sent(executor: Elsewhere) -> None:
    rpc, request = CALLS["jacobians"]
    assert _spreading(executor, threads=0).rpcs()[rpc](request.SerializeToString())
    assert executor.sent == []


def test_a_call_that_takes_little_is_not_spread(executor: Elsewhere) -> None:
    settings = Settings(spread_s=1000.0)
    engine = Engine(settings.engine_limits(), machine_code=False)
    store = FunctionStore(10, 1 << 20, engine.forget)
    service = spreading.SpreadingService(engine, store, settings, Cluster(executor, lambda: 2, lambda: None))
    assert service.rpcs()["Jacobian"](CALLS["jacobians"][1].SerializeToString())
    assert executor.sent == []


WRONG: dict[str, tuple[str, Any]] = {
    "points": ("Jacobian", _call(v1.JacobianRequest, X[:, :3])),
    "outputs": ("Jacobian", _call(v1.JacobianRequest, X, outputs=["z"])),
    "directions": ("Jvp", _call(v1.JvpRequest, X, tangents=tensor(SOURCE.normal(size=(K, 5))))),
    "directions of others": ("Jvp", _call(v1.JvpRequest, X, tangents=tensor(SOURCE.normal(size=(K - 1, 5, 4))))),
    "layout": ("Jacobian", _call(v1.JacobianRequest, X, layout=7)),
    "id": ("Evaluate", v1.EvaluateRequest(function=v1.FunctionSource(id="0" * 64), points=tensor(X))),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_of_the_whole_call(name: str, plain: DifferentiationService, executor: Elsewhere) -> None:
    rpc, request = WRONG[name]
    told = []
    for service in (plain, _spreading(executor)):
        with pytest.raises(EngineError) as caught:
            service.rpcs()[rpc](request.SerializeToString())
        told.append((type(caught.value), str(caught.value), caught.value.violations))
    assert told[0] == told[1]
    assert executor.sent == []


def test_a_worker_of_another_version_is_told_so() -> None:
    part = PointsCut("Jacobian", CALLS["jacobians"][1], 1 << 20).part(0, 1)
    assert remote.perform(part, "0.0.0")[0] == remote.FAULT
    assert b"the server 0.0.0" in remote.perform(part, "0.0.0")[1]
