"""Functions of the service within JAX: what JAX makes of them equals what it makes of the same ones written in it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.client.asked import kinds_of_requests
from tests.client.modes import EMBEDDED, SERVED, client_in
from wengert_client import Client, Function, InvalidRequest, ListBuilder, MissingDependency
from wengert_client._held import HeldFunction
from wengert_client.jax import JaxFunction, to_jax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# JAX leaves them without annotations.
wait: Any = jax.block_until_ready
vjp: Any = jax.vjp

X, A = np.array([0.1, 0.2, -0.3]), np.arange(9.0).reshape(3, 3) / 4
XS = np.linspace(-1.0, 1.0, 12).reshape(4, 3)


@pytest.fixture(scope="module", autouse=True)
def double() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module", params=[SERVED, EMBEDDED])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


@pytest.fixture(scope="module")
def f(client: Client) -> Function:
    b = ListBuilder()
    x, a, k = b.input("x", 3), b.input("A", (3, 3)), b.input("k", default=2.0)
    b.output("y", k * np.sin(a @ x))
    b.output("s", (x**3).sum() * k)
    return client.function(b)


@pytest.fixture
def g(f: Function) -> JaxFunction:
    return to_jax(f)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of all requests that functions send."""
    return kinds_of_requests(monkeypatch)


def written_in_jax(x: Any, A: Any, k: Any = 2.0) -> Any:
    return {"y": k * jnp.sin(A @ x), "s": (x**3).sum() * k}


def same(one: Any, other: Any) -> None:
    trees: list[Any] = [jax.tree.structure(each) for each in (one, other)]
    assert trees[0] == trees[1]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13, strict=True), one, other)


# What JAX does with a function of x and A, and what the service is asked for.
ONE, TWO = ["Jacobian"], ["Jacobian", "Hessian"]
USES: dict[str, tuple[Callable[[Any], Callable[[], Any]], list[str]]] = {
    "value": (lambda h: lambda: h(X, A), ["Evaluate"]),
    "jit": (lambda h: lambda: jax.jit(h)(X, A), ["Evaluate"]),
    "jacfwd": (lambda h: lambda: jax.jacfwd(h)(X, A), ONE),
    "jacrev": (lambda h: lambda: jax.jacrev(h)(X, A), ONE),
    "jacfwd by both": (lambda h: lambda: jax.jacfwd(h, argnums=(1, 0))(X, A), ONE),
    "jacrev by both": (lambda h: lambda: jax.jacrev(h, argnums=(1, 0))(X, A), ONE),
    "jit of jacfwd": (lambda h: lambda: jax.jit(jax.jacfwd(h))(X, A), ONE),
    "jit of jacrev": (lambda h: lambda: jax.jit(jax.jacrev(h, argnums=1))(X, A), ONE),
    "jacrev of jit": (lambda h: lambda: jax.jacrev(jax.jit(h))(X, A), ONE),
    "grad": (lambda h: lambda: jax.grad(lambda x: jnp.exp(h(x, A)["s"]))(X), ONE),
    "value and grad": (lambda h: lambda: jax.value_and_grad(lambda x: h(x, A)["y"].sum())(X), ONE),
    "jvp": (lambda h: lambda: jax.jvp(h, (X, A), (X, 2 * A)), ONE),
    "vjp": (lambda h: lambda: vjp(h, X, A)[1]({"y": jnp.ones(3), "s": jnp.float64(2.0)}), ONE),
    "linearize": (lambda h: lambda: jax.vmap(jax.linearize(lambda x: h(x, A), X)[1])(jnp.eye(3)), ONE),
    "hessian": (lambda h: lambda: jax.hessian(h)(X, A), TWO),
    "jit of hessian": (lambda h: lambda: jax.jit(jax.hessian(h))(X, A), TWO),
    "mixed second": (lambda h: lambda: jax.jacfwd(jax.jacrev(h, argnums=0), argnums=1)(X, A), TWO),
    "reverse over reverse": (lambda h: lambda: jax.jacrev(jax.jacrev(lambda x: h(x, A)["s"]))(X), TWO),
    "vmap": (lambda h: lambda: jax.vmap(h, (0, None))(XS, A), ["Evaluate"]),
    "vmap over the last axis": (lambda h: lambda: jax.vmap(h, (1, None), -1)(XS.T, A), ["Evaluate"]),
    "vmap of one": (lambda h: lambda: jax.vmap(h, (0, None))(XS[:1], A), ["Evaluate"]),
    "vmap of vmap": (
        lambda h: lambda: jax.vmap(jax.vmap(h, (0, None)), (None, 0))(XS, np.stack([A, A + 1, A - 1])),
        ["Evaluate"],
    ),
    "vmap of jacrev": (lambda h: lambda: jax.vmap(jax.jacrev(h, (0, 1)), (0, None))(XS, A), ONE),
    "jit of vmap of jacfwd": (lambda h: lambda: jax.jit(jax.vmap(jax.jacfwd(h, (0, 1)), (0, None)))(XS, A), ONE),
    "grad of a sum over vmap": (
        lambda h: lambda: jax.grad(lambda a: jax.vmap(h, (0, None))(XS, a)["y"].sum())(A),
        ONE,
    ),
    "vmap of hessian": (lambda h: lambda: jax.vmap(jax.hessian(h), (0, None))(XS, A), TWO),
}


@pytest.mark.parametrize("use", USES)
def test_what_jax_makes_of_it(g: JaxFunction, calls: list[str], use: str) -> None:
    run, asked = USES[use]
    found = run(lambda x, a: g(x=x, A=a))()
    wait(found)
    assert calls == asked
    same(found, run(written_in_jax)())


def test_inputs_by_name_are_a_tree(g: JaxFunction, calls: list[str]) -> None:
    point = {"x": X, "A": A, "k": 3.0}
    same(jax.jacrev(g)(point), jax.jacrev(lambda p: written_in_jax(**p))(point))
    assert calls == ONE
    same(jax.grad(lambda k: g(x=X, A=A, k=k)["s"])(3.0), jnp.asarray((X**3).sum()))


def test_only_what_moves_is_differentiated(g: JaxFunction, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    ask = HeldFunction.ask

    async def spy(self: HeldFunction, rpc: Any, request: Any, ends: float | None = None) -> Any:
        asked.append(list(request.with_respect_to))
        return await ask(self, rpc, request, ends)

    monkeypatch.setattr(HeldFunction, "ask", spy)
    jax.jacrev(lambda a: g(x=X, A=a))(A)
    assert asked == [["A"]]


def test_one_output_is_an_array_and_a_vector_is_all_inputs(f: Function) -> None:
    s = to_jax(f, outputs="s", shared={"A": A})
    assert s(X).shape == ()
    same(jax.grad(s)(X), jnp.asarray(6 * X**2))
    whole = to_jax(f, outputs=["s", "y"])
    same(whole(np.concatenate([X, A.ravel()])), {"s": written_in_jax(X, A)["s"], "y": written_in_jax(X, A)["y"]})


def test_traced_functions_are_called_as_they_are(client: Client) -> None:
    def model(theta: dict[str, Any], x: Any) -> tuple[Any, Any]:
        hidden = np.tanh(theta["w"] @ x + theta["b"])
        return hidden.sum(), hidden

    def in_jax(theta: dict[str, Any], x: Any) -> tuple[Any, Any]:
        hidden = jnp.tanh(theta["w"] @ x + theta["b"])
        return hidden.sum(), hidden

    h = to_jax(client.function(model, inputs={"theta": {"w": (2, 3), "b": (2,)}, "x": (3,)}))
    theta = {"w": A[:2], "b": np.array([0.5, -0.5])}
    same(h(theta, X), in_jax(theta, X))

    def loss(h: Any) -> Any:
        return lambda theta: (jax.vmap(h, (None, 0))(theta, XS)[0] ** 2).sum()

    grad: Any = jax.grad
    jit: Any = jax.jit
    same(jit(grad(loss(h)))(theta), grad(loss(in_jax))(theta))


def test_types(g: JaxFunction, f: Function) -> None:
    assert g(x=X, A=A)["y"].dtype == jnp.float64
    single = g(x=X.astype(np.float32), A=A.astype(np.float32))["y"]
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, written_in_jax(X, A)["y"], rtol=1e-6)
    assert g(x=np.arange(3), A=np.eye(3, dtype=int))["y"].dtype == jnp.float64
    with pytest.raises(TypeError, match="complex128"):
        g(x=X * 1j, A=A)
    with jax.enable_x64(False):
        h = to_jax(f, outputs="s", shared={"A": A})
        gradient = jax.jit(jax.grad(h))(X)
        assert gradient.dtype == jnp.float32
        np.testing.assert_allclose(gradient, 6 * X**2, rtol=1e-6)
        assert jax.vmap(jax.hessian(h))(XS).dtype == jnp.float32


def test_what_cannot_be_asked(f: Function, g: JaxFunction) -> None:
    cases: dict[str, Callable[[], Any]] = {
        r"input x has the shape \(4, 3\); expected is \(3,\) \(for many points: jax.vmap\)": lambda: g(x=XS, A=A),
        "input A is not given": lambda: g(x=X),
        "z is no input": lambda: g(x=X, A=A, z=1.0),
        "A is shared": lambda: to_jax(f, shared={"A": A})(x=X, A=A),
        "as one vector of 12 numbers for x, A": lambda: g(X),
        "no output z": lambda: to_jax(f, outputs="z"),
        "no input z": lambda: to_jax(f, shared={"z": 1.0}),
    }
    for told, run in cases.items():
        with pytest.raises(InvalidRequest, match=told):
            run()
    with pytest.raises(NotImplementedError, match="differentiate a derivative"):
        jax.jacfwd(jax.hessian(to_jax(f, outputs="s", shared={"A": A})))(X)


def test_errors_of_the_service_come_through(g: JaxFunction, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> Any:
        raise InvalidRequest("told by the service")

    monkeypatch.setattr(HeldFunction, "ask", fail)
    with pytest.raises(Exception, match="told by the service"):
        wait(jax.jit(lambda x: g(x=x, A=A))(X))


def test_large_arrays_do_not_wait_for_themselves(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x", 200_000)
    b.output("s", (x**2).sum())
    h = to_jax(client.function(b))
    step = jax.jit(lambda x: x - 0.25 * jax.grad(h)(x))
    at = jnp.ones(200_000)
    for _ in range(10):
        at = step(at)
    np.testing.assert_array_equal(at, 0.5**10)


def test_third_derivatives_of_a_derivative(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x")
    b.output("y", x**5)
    slope = to_jax(client.function(b).differentiate("jacobian"), outputs="jacobian.y")
    same(jax.hessian(lambda x: slope(x)[0, 0])(2.0), jnp.asarray(60.0 * 4))


def test_without_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wengert_client.jax")
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(MissingDependency, match=r"pip install 'wengert\[jax\]'"):
        import wengert_client.jax  # noqa: F401, PLC0415
