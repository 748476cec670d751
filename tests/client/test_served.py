"""The client with a real server: numbers, shapes, names, selections, errors."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tests.client import test_primitives as table
from tests.client.modes import ALL_MODES, client_in
from wengert_client import (
    Client,
    Function,
    InvalidRequest,
    LimitExceeded,
    ListBuilder,
    Report,
    UnknownFunction,
    Unsupported,
    ops,
)

X, K, M = np.array([0.3, -1.2]), 0.7, np.array([[1.0, 2.0], [3.0, 5.0]])


@pytest.fixture(scope="module", params=ALL_MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


@pytest.fixture(scope="module")
def f(client: Client) -> Function:
    """Give y = k M x and s = sum of sin x + k, with M a default."""
    b = ListBuilder()
    x, k, m = b.input("x", 2), b.input("k"), b.input("m", default=M)
    b.output("y", k * (m @ x))
    b.output("s", np.sin(x).sum() + k)
    return client.function(b)


def y_and_s(x: Any, k: Any) -> np.ndarray:
    return np.concatenate([k * (M @ x), [np.sin(x).sum() + k]])


def jacobian_at(x: Any, k: Any) -> np.ndarray:
    return np.block([[k * M, (M @ x)[:, None]], [np.cos(x)[None], np.ones((1, 1))]])


def test_values_and_derivatives(f: Function) -> None:
    J = jacobian_at(X, K)
    u, v = np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.5, 2.0])
    at: dict[str, Any] = {"x": X, "k": K}
    np.testing.assert_allclose(f.value(**at), y_and_s(X, K), rtol=1e-14)
    np.testing.assert_allclose(f.jacobian(**at), J, rtol=1e-14)
    np.testing.assert_allclose(f.jvp(**at, tangents=u), J @ u, rtol=1e-14)
    np.testing.assert_allclose(f.vjp(**at, cotangents=v), J.T @ v, rtol=1e-14)
    np.testing.assert_allclose(f.gradient(**at, outputs="s"), J[2], rtol=1e-14)
    np.testing.assert_allclose(f.value([*X, K, *M.ravel()]), y_and_s(X, K), rtol=1e-14)


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
def test_modes_agree_and_are_reported(f: Function, mode: Any) -> None:
    result = f.value_and_jacobian([*X, K], mode=mode)
    value, jacobian = result
    np.testing.assert_allclose(value, y_and_s(X, K), rtol=1e-14)
    np.testing.assert_allclose(jacobian, jacobian_at(X, K), rtol=1e-14)
    assert isinstance(result.report, Report)
    assert result.report.mode == ("forward" if mode == "auto" else mode)
    assert result.report.sweeps == 3
    assert result.report.operations > result.report.primal_operations > 0


def test_value_comes_with_every_derivative(f: Function) -> None:
    x = [*X, K]
    J = jacobian_at(X, K)
    for result, expected in (
        (f.value_and_jvp(x, [1.0, 2.0, 3.0]), J @ [1.0, 2.0, 3.0]),
        (f.value_and_vjp(x, [1.0, 2.0, 3.0]), J.T @ [1.0, 2.0, 3.0]),
        (f.value_and_gradient(x, outputs=["s"], mode="reverse"), J[2]),
    ):
        np.testing.assert_allclose(result.value, y_and_s(X, K)[-result.value.size :], rtol=1e-14)
        np.testing.assert_allclose(result.derivative, expected, rtol=1e-14)
        assert result.report.seconds > 0


def test_shapes_are_exact_and_arrays_plain(f: Function) -> None:
    one, many = np.array([*X, K]), np.tile([*X, K], (5, 1))
    u, v = np.ones(3), np.ones(3)
    for array, shape in (
        (f.value(one), (3,)),
        (f.value(many), (5, 3)),
        (f.value(many, outputs="s"), (5, 1)),
        (f.value(np.ones((0, 3))), (0, 3)),
        (f.jvp(one, u), (3,)),
        (f.jvp(one, np.ones((4, 3))), (4, 3)),
        (f.jvp(many, u), (5, 3)),
        (f.jvp(many, np.ones((1, 4, 3))), (5, 4, 3)),
        (f.jvp(many, np.ones((5, 4, 3)), outputs=["s"]), (5, 4, 1)),
        (f.jvp(one, {"x": np.ones((6, 2))}), (6, 3)),
        (f.vjp(one, v), (3,)),
        (f.vjp(one, np.ones((0, 3))), (0, 3)),
        (f.vjp(many, v, with_respect_to="x"), (5, 2)),
        (f.vjp(many, np.ones((5, 4, 3)), with_respect_to=["m", "x"]), (5, 4, 6)),
        (f.vjp(one, outputs="s"), (3,)),
        (f.jacobian(one), (3, 3)),
        (f.jacobian(many), (5, 3, 3)),
        (f.jacobian(many, with_respect_to=["m", "k"], outputs=["s", "y"]), (5, 3, 5)),
        (f.gradient(one, outputs="s"), (3,)),
        (f.gradient(many, outputs="s", with_respect_to="k"), (5, 1)),
        (f.gradient(many[:0], outputs="s"), (0, 3)),
        (f.value_and_gradient(many, outputs="s").value, (5, 1)),
        (f.value_and_gradient(many, outputs="s").derivative, (5, 3)),
    ):
        assert array.shape == shape
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.flags.owndata or array.base is not None


def test_results_belong_to_the_caller(f: Function) -> None:
    first, second = f.value([*X, K]), f.value([*X, K])
    first[:] = 0
    np.testing.assert_allclose(second, y_and_s(X, K), rtol=1e-14)


def test_shared_values_and_points(f: Function) -> None:
    many = np.array([X, -X, 2 * X])
    expected = [y_and_s(x, K) for x in many]
    np.testing.assert_allclose(f.value(x=many, k=[K] * 3), expected, rtol=1e-14)
    np.testing.assert_allclose(f.value(many, shared={"k": K}), expected, rtol=1e-14)
    np.testing.assert_allclose(f.value(x=many, shared={"k": K, "m": M}), expected, rtol=1e-14)
    np.testing.assert_allclose(f.value(shared={"k": K, "x": X}), y_and_s(X, K), rtol=1e-14)
    columns = f.jacobian(many, shared={"k": K}, with_respect_to=["k", "x"])
    np.testing.assert_allclose(columns, [jacobian_at(x, K)[:, [2, 0, 1]] for x in many], rtol=1e-14)


def test_results_are_taken_apart_by_name(f: Function) -> None:
    parts = f.unpack(f.value([[*X, K]] * 2))
    assert {name: part.shape for name, part in parts.items()} == {"y": (2, 2), "s": (2,)}
    np.testing.assert_allclose(parts["y"][1], K * M @ X, rtol=1e-14)
    assert list(f.unpack(f.value([*X, K], outputs="s"), "s")) == ["s"]
    rows = f.unpack_inputs(f.jacobian([*X, K], with_respect_to=["m", "x"]), ["m", "x"])
    assert rows["m"].shape == (3, 2, 2)
    np.testing.assert_allclose(rows["x"][:2], K * M, rtol=1e-14)
    with pytest.raises(InvalidRequest, match="no output z; its outputs: y, s"):
        f.unpack([1.0], "z")


def test_what_the_server_knows(f: Function, client: Client) -> None:
    info = f.info
    assert (info.n, info.m, info.statements) == (f.n, f.m, f.statements) == (7, 3, 5)
    assert [(each.name, each.shape, each.size) for each in info.outputs] == [("y", (2,), 2), ("s", (), 1)]
    assert [(each.name, each.shape) for each in info.inputs] == [("x", (2,)), ("k", ()), ("m", (2, 2))]
    capabilities = client.capabilities()
    assert "SIN" in capabilities.primitives
    assert capabilities.limits["statements"] > 0
    assert "Jacobian" in capabilities.rpcs


def test_every_primitive_served_can_be_written(client: Client) -> None:
    written = {*table.UNARY, *table.BINARY, *table.TERNARY, *table.ARRAYS}
    assert client.capabilities().primitives <= written


def test_a_forgotten_function_is_sent_again(f: Function, client: Client) -> None:
    assert client.forget(f) is True
    assert client.forget(f.id) is False
    np.testing.assert_allclose(f.value([*X, K]), y_and_s(X, K), rtol=1e-14)


def test_a_function_by_its_id(f: Function, client: Client) -> None:
    known = client.function(f.id)
    np.testing.assert_allclose(known.value(x=X, k=K), y_and_s(X, K), rtol=1e-14)
    assert str(known) == str(f)
    assert known.to_message() == f.to_message()
    client.forget(f)
    np.testing.assert_allclose(known.value(x=X, k=K), y_and_s(X, K), rtol=1e-14)
    with pytest.raises(UnknownFunction):
        client.function("0" * 64).value(1.0)


def test_functions_are_used_from_many_threads(f: Function, client: Client) -> None:
    def call(k: int) -> bool:
        x = X + k
        if k % 7 == 0:
            client.forget(f)
        return np.allclose(f.jacobian(x=x, k=K, mode=("forward", "reverse")[k % 2]), jacobian_at(x, K), rtol=1e-12)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(60)))


def test_the_servers_word_on_wrong_calls(f: Function) -> None:
    calls: list[tuple[Callable[[], object], str, str]] = [
        (lambda: f.value([1.0, 2.0], shared={"m": M}), "INVALID_POINTS", "points"),
        (lambda: f.value([1.0, 2.0, 3.0], outputs=["s", "z"]), "UNKNOWN_NAME", "outputs[1]"),
        (lambda: f.jacobian([1.0, 2.0, 3.0], with_respect_to="z"), "UNKNOWN_NAME", "with_respect_to[0]"),
        (lambda: f.value([1.0, 2.0, 3.0], shared={"z": 1}), "UNKNOWN_NAME", "shared[0].input"),
        (lambda: f.jvp([1.0, 2.0, 3.0]), "INVALID_DIRECTIONS", "tangents"),
        (lambda: f.vjp([1.0, 2.0, 3.0]), "INVALID_DIRECTIONS", "cotangents"),
        (lambda: f.jvp([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]]), "AMBIGUOUS_DIRECTIONS", "tangents"),
    ]
    for call, reason, field in calls:
        with pytest.raises(InvalidRequest) as caught:
            call()
        assert caught.value.reason == reason
        assert caught.value.violations[0].field == field


def test_a_gradient_is_of_one_output(f: Function) -> None:
    with pytest.raises(InvalidRequest, match="there are 3; ask for jacobian, for vjp, or for one output"):
        f.gradient([*X, K])
    with pytest.raises(InvalidRequest, match="the mode is 'both'"):
        f.jacobian([*X, K], mode="both")  # type: ignore[call-overload]


def test_the_lectures_functions(client: Client) -> None:
    b = ListBuilder()
    x1, x2 = b.inputs("x1", "x2")
    b.output("f", x1 * x2 + np.sin(x1))
    f = client.function(b)
    np.testing.assert_allclose(f.gradient([1.0, 2.0]), [2 + np.cos(1), 1], rtol=1e-15)
    b = ListBuilder()
    y, mu, sigma = b.inputs("y", "mu", "sigma")
    b.output("g", -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma))
    g = client.function(b)
    assert g.statements == 6
    assert g.gradient([1.0, 0.0, 1.0]).tolist() == [-1.0, 1.0, 0.0]


def test_a_large_array_comes_and_goes(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x", 1000)
    b.output("f", x * x.sum())
    f = client.function(b)
    jacobian = f.jacobian(np.ones(1000))
    np.testing.assert_array_equal(jacobian, 1.0 + 1000.0 * np.eye(1000))
    assert np.all(f.value(np.ones((3000, 1000))) == 1000.0)  # 24 MB, in two calls
    with pytest.raises(LimitExceeded):
        f.jvp(np.ones(1000), np.ones((3000, 1000)))


def test_a_function_of_nothing(client: Client) -> None:
    b = ListBuilder()
    b.output("f", [1.0, 2.0])
    f = client.function(b)
    assert f.value().tolist() == [1.0, 2.0]
    assert f.jacobian().shape == (2, 0)
    assert f.value(np.ones((3, 0))).shape == (3, 2)


def test_what_is_not_served_is_told(client: Client) -> None:
    b = ListBuilder()
    b.output("f", ops.cholesky(b.input("a", (2, 2))))
    with pytest.raises(Unsupported, match="182") as caught:
        client.function(b).value(np.eye(2).ravel())
    assert caught.value.reason == "UNKNOWN_PRIMITIVE"
