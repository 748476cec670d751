"""Functions of the service within JAX: under ``grad``, ``jacfwd``, ``jacrev``, ``hessian``, ``vmap`` and ``jit``.

    from wengert_client.jax import to_jax

    g = to_jax(f)
    jax.grad(lambda x: jnp.sin(g(x)))(x)

Each derivative that JAX takes asks the service once, for f and its Jacobian together, and multiplies here; under
``vmap`` all points travel in one call. Needs JAX (``pip install 'wengert[jax]'``).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client._errors import MissingDependency
from wengert_client._host import Host
from wengert_client._signature import as_floats, names, refuse

try:
    import jax
    import jax.numpy as jnp
    from jax.custom_derivatives import SymbolicZero
except ImportError as error:
    raise MissingDependency("this is for JAX, which is not installed: pip install 'wengert[jax]'") from error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wengert_client._asking import Named
    from wengert_client._function import Function
    from wengert_client._preparation import Names

__all__ = ["JaxFunction", "to_jax"]


def to_jax(function: Function, *, shared: Named | None = None, outputs: Names | None = None) -> JaxFunction:
    """Give a function of the service as one that JAX differentiates, maps and compiles.

    Parameters
    ----------
    function
        The function.
    shared
        Values of inputs, by name, that stay as they are.
    outputs
        Names of the outputs wanted, in this order. None: all.

    Returns
    -------
    g : JaxFunction
        A traced function is called as the NumPy function is, and gives what that gives. Others take their inputs by
        name, ``g(x=..., k=...)`` or ``g({"x": ..., "k": ...})``, or as one vector of all that are not shared and have
        no default; they give their output, of its own shape, or several ones as a dictionary.

    Notes
    -----
    Results have the type of what is given: the service computes with float64, and what JAX gets is rounded to
    float32 where the inputs are float32. Unless ``jax_enable_x64`` is set, JAX makes float32 of all inputs.

    Third derivatives are not there: differentiate a derivative, ``to_jax(f.differentiate("hessian"))``.
    """
    return JaxFunction(function, dict(function.arrays_of(shared or {})), names(outputs))


class JaxFunction:
    """A function of the service within JAX; made by :func:`to_jax`."""

    def __init__(self, function: Function, shared: dict[str, Any], outputs: list[str]) -> None:
        self._function = function
        self._infos = {each.name: each for each in function.held.signature.inputs}
        for name in shared:
            if name not in self._infos:
                refuse(
                    "UNKNOWN_NAME", "shared", f"the function has no input {name}; its inputs: {', '.join(self._infos)}"
                )
        known = {each.name: each for each in function.info.outputs}
        for name in outputs:
            if name not in known:
                refuse("UNKNOWN_NAME", "outputs", f"the function has no output {name}; its outputs: {', '.join(known)}")
        self._shared = {name: as_floats(value, name).copy() for name, value in shared.items()}
        self._outputs = [known[name] for name in outputs or known]
        self._whole = not outputs
        self._cores: dict[tuple[str, ...], _Core] = {}
        self._lock = threading.Lock()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Give f at a point; use ``jax.vmap`` for many."""
        parts = self._parts(arguments, named)
        core = self._core(tuple(parts))
        values = core.value(*_of_one_type(parts))
        arrays, at = {}, 0
        for each in self._outputs:
            arrays[each.name] = values[at : at + each.size].reshape(each.shape)
            at += each.size
        if self._whole:
            return self._function.put_together(arrays)
        return arrays if len(arrays) > 1 else arrays[self._outputs[0].name]

    def __repr__(self) -> str:
        return f"<JaxFunction of {self._function!r}>"

    def _core(self, chosen: tuple[str, ...]) -> _Core:
        with self._lock:
            if chosen not in self._cores:
                outputs = [each.name for each in self._outputs]
                inputs = [self._infos[name] for name in chosen]
                m = sum(each.size for each in self._outputs)
                self._cores[chosen] = _Core(Host(self._function, inputs, self._shared, outputs, m))
            return self._cores[chosen]

    def _parts(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Give the inputs as arrays of JAX, by name, in the list's order."""
        given = self._function.arrays_of(
            self._function.by_position(arguments, named) or self._by_name(arguments, named)
        )
        free = [name for name in self._infos if name not in self._shared]
        for name in given:
            if name not in free:
                what = "is shared" if name in self._shared else "is no input of the function"
                refuse("INVALID_NAME", "points", f"{name} {what}; its inputs: {', '.join(free)}")
        for name in free:
            if name not in given and self._infos[name].default is None:
                refuse("INVALID_POINTS", "points", f"input {name} is not given, and has no default")
        parts = {name: jnp.asarray(given[name]) for name in free if name in given}
        for name, part in parts.items():
            if part.shape != self._infos[name].shape:
                told = f"input {name} has the shape {part.shape}; expected is {self._infos[name].shape}"
                refuse("INVALID_POINTS", "points", f"{told} (for many points: jax.vmap)")
        return parts

    def _by_name(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Give inputs by name, or those that one vector holds."""
        if len(arguments) == 1 and isinstance(arguments[0], Mapping):
            return {**arguments[0], **named}
        if not arguments:
            return dict(named)
        free = [each for name, each in self._infos.items() if name not in self._shared]
        wanted = [each for each in free if each.default is None] or free
        vector = jnp.asarray(arguments[0])
        size = sum(each.size for each in wanted)
        if len(arguments) > 1 or named or (vector.shape != (size,) and len(wanted) > 1):
            listed = ", ".join(each.name for each in wanted)
            told = f"inputs are given by name, or as one vector of {size} numbers for {listed}"
            refuse("INVALID_POINTS", "points", f"{told} (for many points: jax.vmap)")
        if len(wanted) == 1:
            return {wanted[0].name: vector.reshape(wanted[0].shape) if vector.shape == (size,) else vector}
        parts, at = {}, 0
        for each in wanted:
            parts[each.name] = vector[at : at + each.size].reshape(each.shape)
            at += each.size
        return parts


class _Core:
    """f of some arrays, and what JAX makes of it.

    Where f is differentiated, one call gives f and J, for the inputs that have tangents; where J is, one more gives the
    second derivatives. Whatever is done with J happens in JAX, so that forward, reverse, mapped and compiled
    derivatives all come from that one call.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._made: dict[tuple[int, ...], Callable[..., Any]] = {}
        self.value = _differentiable(self._value, self._value_rule)

    def _value(self, *parts: Any) -> Any:
        return self._call(self._host.values, [(self._host.m,)], parts)[0]

    def _value_rule(self, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        by = _moving(tangents)
        values, jacobian = self._first(by)(*primals)
        return values, _along(jacobian, tangents, by)

    def _first(self, by: tuple[int, ...]) -> Callable[..., Any]:
        """Give what gives f, (m,), and J, (m, n_by)."""
        if by not in self._made:
            shapes = [(self._host.m,), (self._host.m, self._host.size(by))]

            def first(*parts: Any) -> Any:
                return self._call(self._host.first(by), shapes, parts)

            def rule(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
                again = _moving(tangents)
                m, n, k = self._host.m, self._host.size(by), self._host.size(again)
                shapes = [(m,), (m, n), (m, k), (m, n, k)]
                values, jacobian, moved, second = self._second(by, again, shapes)(*primals)
                return (values, jacobian), (_along(moved, tangents, again), _along(second, tangents, again))

            self._made[by] = _differentiable(first, rule)
        return self._made[by]

    def _second(self, by: tuple[int, ...], again: tuple[int, ...], shapes: list[tuple[int, ...]]) -> Callable[..., Any]:
        def second(*parts: Any) -> Any:
            return self._call(self._host.second(by, again), shapes, parts)

        return _differentiable(second, _third)

    @staticmethod
    def _call(host: Callable[..., Any], shapes: Sequence[tuple[int, ...]], parts: Sequence[Any]) -> Any:
        kind = parts[0].dtype
        described: Any = jax.ShapeDtypeStruct
        wanted = tuple(described(shape, kind) for shape in shapes)
        # Nothing of JAX may be touched in the callback: it could wait for itself.
        return jax.pure_callback(host, wanted, *parts, vmap_method="expand_dims")


def _differentiable(compute: Callable[..., Any], rule: Callable[..., Any]) -> Callable[..., Any]:
    made: Any = jax.custom_jvp(compute)
    made.defjvp(rule, symbolic_zeros=True)
    return made  # type: ignore[no-any-return]


def _third(primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    raise NotImplementedError(
        "third derivatives are not there: differentiate a derivative, as to_jax(f.differentiate('hessian'))"
    )


def _moving(tangents: Sequence[Any]) -> tuple[int, ...]:
    """Give which arguments have a tangent; all where none has, which asks for the least that is known to be there."""
    moving = tuple(at for at, each in enumerate(tangents) if not isinstance(each, SymbolicZero))
    return moving or (0,)


def _along(matrix: Any, tangents: Sequence[Any], by: Sequence[int]) -> Any:
    """Give the product of a matrix (..., n_by) with tangents, laid one after another."""
    direction = [jnp.ravel(jnp.asarray(tangents[at])) if _is_array(tangents[at]) else _zeros(tangents[at]) for at in by]
    return matrix @ jnp.concatenate(direction)


def _is_array(tangent: Any) -> bool:
    return not isinstance(tangent, SymbolicZero)


def _zeros(tangent: Any) -> Any:
    return jnp.zeros(int(np.prod(tangent.shape, dtype=np.intp)), tangent.dtype)


def _of_one_type(parts: Mapping[str, Any]) -> list[Any]:
    """Give all arrays in the type that holds them, a real one; whole numbers become those of JAX's default."""
    if not parts:
        refuse("INVALID_POINTS", "points", "no input is given: all are shared or have a default")
    kind = jnp.result_type(*parts.values())
    if jnp.issubdtype(kind, jnp.complexfloating):
        raise TypeError(f"real numbers are expected, not an array of {kind}")
    if not jnp.issubdtype(kind, jnp.floating):
        kind = jnp.result_type(float)
    return [part.astype(kind) for part in parts.values()]
