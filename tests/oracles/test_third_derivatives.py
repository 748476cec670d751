"""Derivative lists differentiated again, up to the third order, in every order of the kinds: beside JAX."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adengine import Derivative, Engine, WengertList
from tests.conformance.in_process import engine_list
from tests.oracles.asking import Floats
from tests.wire_lists import ListWriter

jax.config.update("jax_enable_x64", val=True)  # type: ignore[no-untyped-call]

ENGINE = Engine(machine_code=False)
JACOBIAN, HESSIAN = Derivative.JACOBIAN, Derivative.HESSIAN
DUAL, ADJOINT = Derivative.DUAL, Derivative.ADJOINT
N = 4


def of_scalars() -> WengertList:
    """Return exp(a sin b) / (1 + c^2) + atan2(d, a) b^3 of four scalars."""
    f = ListWriter()
    a, b, c, d = (f.input(name) for name in "abcd")
    top = f.add("EXP", f.add("MULTIPLY", a, f.add("SIN", b)))
    first = f.add("DIVIDE", top, f.add("ADD", f.constant(1.0), f.add("SQUARE", c)))
    cube = f.add("INTEGER_POWER", b, parameters=[3])
    f.output("f", f.add("ADD", first, f.add("MULTIPLY", f.add("ATAN2", d, a), cube)))
    return engine_list(f.message)


def scalars_in_jax(x: Any) -> Any:
    a, b, c, d = x
    return jnp.exp(a * jnp.sin(b)) / (1 + c**2) + jnp.arctan2(d, a) * b**3


MATRIX = np.array([[1.0, -0.5, 0.25, 2.0], [0.5, 1.5, -1.0, 0.75], [-0.25, 0.5, 1.0, -1.5]])


def of_arrays() -> WengertList:
    """Return logsumexp(tanh(M x)) + prod(x) + the sum of a cumulated, gathered and scattered x, of one vector."""
    f = ListWriter()
    x = f.input("x", N)
    layer = f.add("TANH", f.add("MATMUL", f.array(MATRIX), x))
    soft = f.add("LOGSUMEXP", layer, parameters=[0, 1, 0])
    all_of_them = f.add("PROD", x, parameters=[0, 1, 0])
    taken = f.add("EXP", f.add("GATHER", x, parameters=[0, 1, 3, 2, 0, 2]))
    put = f.add("SCATTER_ADD", f.add("SQUARE", x), taken, parameters=[0, 1, 3, 0, 3, 0])
    rest = f.sum(f.add("INTEGER_POWER", put, parameters=[2]), 0)
    f.output("f", f.add("ADD", f.add("ADD", soft, all_of_them), rest))
    return engine_list(f.message)


def arrays_in_jax(x: Any) -> Any:
    put = (x**2).at[jnp.array([0, 3, 0])].add(jnp.exp(x[jnp.array([2, 0, 2])]))
    return jax.nn.logsumexp(jnp.tanh(MATRIX @ x)) + jnp.prod(x) + jnp.sum(put**2)


FUNCTIONS: dict[str, tuple[Callable[[], WengertList], Callable[[Any], Any]]] = {
    "scalars": (of_scalars, scalars_in_jax),
    "arrays": (of_arrays, arrays_in_jax),
}
X = np.array([0.7, -0.4, 1.3, 0.9])


@cache
def third(name: str) -> Floats:
    """Return all third derivatives by JAX, (N, N, N)."""
    derived = jax.jit(jax.jacfwd(jax.jacfwd(jax.jacrev(FUNCTIONS[name][1]))))
    return np.asarray(derived(jnp.asarray(X)))


def same(found: Floats, expected: Floats) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12 * np.abs(expected).max())


def differentiated(made: WengertList, derivative: Derivative, own: list[str]) -> WengertList:
    """Return the derivative of the last output by the function's own inputs."""
    return ENGINE.differentiate(made, derivative, outputs=[made.outputs[-1].name], with_respect_to=own)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kinds", [(JACOBIAN,) * 3, (HESSIAN, JACOBIAN), (JACOBIAN, HESSIAN)])
def test_whole_third_derivatives(name: str, kinds: tuple[Derivative, ...]) -> None:
    made = FUNCTIONS[name][0]()
    own, expected = [value.name for value in made.inputs], third(name)
    for derivative in kinds[:-1]:
        made = differentiated(made, derivative, own)
    weights = np.ones(made.n - N)  # of the function's Hessian
    if kinds[-1] is JACOBIAN:
        made = differentiated(made, JACOBIAN, own)
        same(ENGINE.evaluate(made, np.append(X, weights)).values[-(N**3) :], expected.reshape(-1))
    else:
        made = differentiated(made, HESSIAN, own)
        weights = np.linspace(-1.0, 2.0, N)  # of the entries of the gradient
        found = ENGINE.evaluate(made, np.append(X, weights)).values[-(N**2) :].reshape(N, N)
        np.testing.assert_array_equal(found, found.T)
        same(found, np.einsum("ijk,i->jk", expected, weights))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kinds", list(product((DUAL, ADJOINT), repeat=3)))
def test_third_derivatives_along_directions(name: str, kinds: tuple[Derivative, ...]) -> None:
    """Each tangent contracts one index of the third derivatives, and so does each cotangent of what is a gradient."""
    made = FUNCTIONS[name][0]()
    own, expected = [value.name for value in made.inputs], third(name)
    random = np.random.default_rng(1)
    point, of_gradient = [X], False
    for derivative in kinds:
        last = [output.name for output in made.outputs][-(len(own) if of_gradient else 1) :]
        made = ENGINE.differentiate(made, derivative, outputs=last, with_respect_to=own)
        if derivative is DUAL or of_gradient:
            point.append(random.normal(size=N))
            expected = np.tensordot(expected, point[-1], axes=1)
        else:
            point.append(np.ones(1))
        of_gradient = of_gradient or derivative is ADJOINT
    found = ENGINE.evaluate(made, np.concatenate(point)).values
    same(found[-(N if of_gradient else 1) :], expected.reshape(-1))
