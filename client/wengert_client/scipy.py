"""Functions of the service for SciPy's solvers, which get exactly what they want.

    from scipy.optimize import minimize
    from wengert_client.scipy import Objective

    cost = Objective(f)
    minimize(cost.fun, x0, jac=cost.jac, hess=cost.hess, method="trust-exact")

===================================  ==================================================================
``minimize``                         :class:`Objective`: ``fun``, ``jac``, ``hess``, ``hessp``
its ``constraints``                  :func:`constraint`
``least_squares``, ``root``          :class:`Residuals`: ``fun``, ``jac``
``solve_ivp``                        :class:`RightHandSide`: ``fun``, ``jac``
whatever takes a ``LinearOperator``  :func:`linear_operator`
===================================  ==================================================================

All are of one vector x, which is made of some of the function's inputs; the others are `shared`, have a default, or are
`arguments`: what SciPy's ``args`` holds. Arrays that come are float64, in C order, and the caller's own to change; what
is asked for again at the same x comes from memory. Needs ``pip install 'wengert[scipy]'``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from wengert_client._errors import MissingDependency
from wengert_client._linear_operator import linear_operator
from wengert_client._signature import as_floats, names, refuse
from wengert_client._variables import LastPoint, Variables, selected, size_of

try:
    from scipy.optimize import NonlinearConstraint
    from scipy.sparse import vstack
except ImportError as error:
    raise MissingDependency("these are for SciPy, which is not installed: pip install 'wengert[scipy]'") from error

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wengert_client._asking import Named
    from wengert_client._function import Function
    from wengert_client._preparation import Names
    from wengert_client._results import Floats
    from wengert_client._variables import Known

__all__ = ["Objective", "Residuals", "RightHandSide", "constraint", "linear_operator"]

_GRADIENTS_IN_VAIN = 3
_JACOBIANS_IN_VAIN = 1


class Objective:
    """A function of one number, for ``scipy.optimize.minimize``.

    f and its gradient come from one call as long as gradients are asked for; methods that never do get f alone.

    Parameters
    ----------
    function
        Has one output scalar, or one is selected.
    with_respect_to
        Names of the inputs that make x, in this order. None: all that are neither shared, nor arguments, nor have a
        default.
    outputs
        Name of the output to minimise.
    shared
        Values of other inputs, by name.
    arguments
        Names of the inputs that ``minimize(args=...)`` gives, in this order.
    sparse
        ``hess`` gives ``csr_array``: for trust-constr and Newton-CG, the methods that take it.
    """

    def __init__(
        self,
        function: Function,
        *,
        with_respect_to: Names | None = None,
        outputs: Names | None = None,
        shared: Named | None = None,
        arguments: Names | None = None,
        sparse: bool = False,
    ) -> None:
        self._variables = Variables(function, with_respect_to, shared, arguments)
        self._options: dict[str, Any] = {"outputs": selected(function, outputs)}
        if size_of(function, self._options["outputs"]) != 1:
            refuse("INVALID_DIRECTIONS", "outputs", "one number is minimised: select an output that is a scalar")
        self._by = {**self._options, "with_respect_to": self._variables.chosen}
        self._function = function
        self._sparse = sparse
        self._last = LastPoint(_GRADIENTS_IN_VAIN)

    def fun(self, x: ArrayLike, *args: Any) -> Any:
        """Give f at x, a float; at the columns of x, shape (n, S), an array of S."""
        columns = self._variables.columns(x)
        if columns is not None:
            at, others = self._variables.points(columns), self._variables.others(args)
            return self._function.value(at, shared=others, **self._options)[:, 0]
        known, at, others = self._at(x, args)
        if known.value is None and self._last.together:
            known.value, known.derivative = self._function.value_and_gradient(at, shared=others, **self._by)
        elif known.value is None:
            known.value = self._function.value(at, shared=others, **self._options)
        return float(known.value[0])

    def jac(self, x: ArrayLike, *args: Any) -> Floats:
        """Give the gradient at x, shape (n,)."""
        known, at, others = self._at(x, args)
        self._last.use(known)
        if known.derivative is None and known.value is None:
            known.value, known.derivative = self._function.value_and_gradient(at, shared=others, **self._by)
        elif known.derivative is None:
            known.derivative = self._function.gradient(at, shared=others, **self._by)
        gradient: Floats = known.derivative.copy()
        return gradient

    def hess(self, x: ArrayLike, *args: Any) -> Any:
        """Give the Hessian at x, shape (n, n)."""
        known, at, others = self._at(x, args)
        if known.hessian is None:
            known.hessian = self._function.hessian(at, shared=others, sparse=self._sparse, **self._by)
        return known.hessian.copy()

    def hessp(self, x: ArrayLike, p: ArrayLike, *args: Any) -> Floats:
        """Give the product of the Hessian at x with p, shape (n,)."""
        _, at, others = self._at(x, args)
        return self._function.hvp(at, as_floats(p, "p").reshape(-1), shared=others, **self._by)

    def _at(self, x: ArrayLike, args: tuple[Any, ...]) -> tuple[Known, Any, dict[str, Any]]:
        vector = self._variables.vector(x)
        return self._last.at(vector, args), self._variables.points(vector), self._variables.others(args)


def constraint(
    function: Function,
    lb: ArrayLike,
    ub: ArrayLike,
    *,
    with_respect_to: Names | None = None,
    outputs: Names | None = None,
    shared: Named | None = None,
    sparse: bool = False,
    hess: bool = True,
) -> Any:
    """Give the constraint lb <= f(x) <= ub, for ``minimize`` and ``differential_evolution``.

    Parameters
    ----------
    function, with_respect_to, outputs, shared
        As :class:`Objective` has them; f may have many outputs.
    lb, ub
        Bounds, one for each output scalar or one for all; equal ones make an equation.
    sparse
        Matrices are ``csr_array``: for trust-constr.
    hess
        Whether second derivatives are given, which trust-constr uses; the other methods warn that they do not.

    Returns
    -------
    constraint : scipy.optimize.NonlinearConstraint
    """
    residuals = Residuals(
        function,
        with_respect_to=with_respect_to,
        outputs=outputs,
        shared=shared,
        jacobian="sparse" if sparse else "dense",
    )
    second: dict[str, Any] = {"hess": residuals.hess} if hess else {}
    made: Any = NonlinearConstraint  # Whose annotations are those of its defaults.
    return made(residuals.fun, lb, ub, jac=residuals.jac, **second)


class Residuals:
    """A function of many numbers, for ``scipy.optimize.least_squares`` and ``root``.

    Parameters
    ----------
    function, with_respect_to, outputs, shared, arguments
        As :class:`Objective` has them; f may have many outputs.
    jacobian
        What ``jac`` gives: ``"dense"``, for all methods; ``"sparse"``, a ``csr_array``, or ``"operator"``, a
        ``LinearOperator``, for trf and dogbox of ``least_squares``.
    points
        Data: inputs with a leading axis K, by name. f is evaluated at all of them in one call, and the residuals are
        those of all K, one after another: m K of them.
    target
        What f should be: shape (m,), (K,) where m = 1, or (K, m). It is subtracted.
    """

    def __init__(
        self,
        function: Function,
        *,
        with_respect_to: Names | None = None,
        outputs: Names | None = None,
        shared: Named | None = None,
        arguments: Names | None = None,
        jacobian: Literal["dense", "sparse", "operator"] = "dense",
        points: Named | None = None,
        target: ArrayLike | None = None,
    ) -> None:
        if jacobian not in {"dense", "sparse", "operator"}:
            raise ValueError(f"jacobian is {jacobian!r}; 'dense', 'sparse' or 'operator' was expected")
        if jacobian == "operator" and points is not None:
            raise ValueError("at data points the Jacobian is dense or sparse: an operator is of one point")
        self._data = {name: as_floats(value, name).copy() for name, value in function.arrays_of(points or {}).items()}
        self._variables = Variables(function, with_respect_to, shared, [*names(arguments), *self._data])
        self._options: dict[str, Any] = {"outputs": selected(function, outputs)}
        self._by = {**self._options, "with_respect_to": self._variables.chosen}
        self._target = None if target is None else as_floats(target, "target").reshape(-1)
        self._function = function
        self._form = jacobian
        self._last = LastPoint(_JACOBIANS_IN_VAIN)

    def fun(self, x: ArrayLike, *args: Any) -> Floats:
        """Give f, less the target, at x: shape (m,), or (K m,) at data points."""
        known, at, others = self._at(x, args)
        if known.value is None and self._last.together and self._form != "operator":
            self._both(known, at, others)
        elif known.value is None:
            known.value = self._function.value(at, shared=others, **self._options)
        values: Floats = np.array(known.value).reshape(-1)
        if self._target is None:
            return values
        if self._target.shape != values.shape:
            told = f"the target has {self._target.size} numbers, and f gives {values.size}"
            refuse("INVALID_SHAPE", "target", told)
        return values - self._target

    def jac(self, x: ArrayLike, *args: Any) -> Any:
        """Give J at x: shape (m, n), or (K m, n) at data points."""
        if self._form == "operator":
            vector, others = self._variables.vector(x), self._variables.others(args)
            return linear_operator(self._function, self._variables.points(vector), shared=others, **self._by)
        known, at, others = self._at(x, args)
        self._last.use(known)
        if known.derivative is None:
            self._both(known, at, others)
        matrix: Any = known.derivative
        if isinstance(matrix, list):
            return vstack(matrix, format="csr")
        if self._form == "sparse":
            return matrix.copy()
        return matrix.reshape(-1, self._variables.size).copy()

    def hess(self, x: ArrayLike, v: ArrayLike, *args: Any) -> Any:
        """Give the Hessian of the sum of v_i f_i at x, shape (n, n), as a ``NonlinearConstraint`` takes it."""
        _, at, others = self._at(x, args)
        weights = as_floats(v, "v").reshape(-1)
        return self._function.hessian(at, weights, shared=others, sparse=self._form == "sparse", **self._by)

    def _both(self, known: Known, at: Any, others: dict[str, Any]) -> None:
        options: dict[str, Any] = {"sparse": self._form == "sparse", **self._by}
        known.value, known.derivative = self._function.value_and_jacobian(at, shared=others, **options)

    def _at(self, x: ArrayLike, args: tuple[Any, ...]) -> tuple[Known, Any, dict[str, Any]]:
        vector = self._variables.vector(x)
        known = self._last.at(vector, args)
        if not self._data:
            return known, self._variables.points(vector), self._variables.others(args)
        others = self._variables.others([*args, *self._data.values()])
        for name in self._data:
            del others[name]
        return known, self._data, {**others, **self._variables.by_name(vector)}


class RightHandSide:
    """A function dy/dt = f(t, y), for ``scipy.integrate.solve_ivp``.

    Parameters
    ----------
    function
        Has as many output scalars as the state y has.
    state
        Names of the inputs that make y, in this order. None: all that are neither the time, nor shared, nor arguments,
        nor have a default.
    time
        Name of the input that is the time; it may be missing.
    outputs, shared
        As :class:`Objective` has them.
    arguments
        Names of the inputs that ``solve_ivp(args=...)`` gives, in this order.
    sparse
        ``jac`` gives a ``csr_array``: for Radau and BDF; LSODA takes dense ones only.
    """

    def __init__(
        self,
        function: Function,
        *,
        state: Names | None = None,
        time: str = "t",
        outputs: Names | None = None,
        shared: Named | None = None,
        arguments: Names | None = None,
        sparse: bool = False,
    ) -> None:
        self._timed = any(each.name == time for each in function.held.signature.inputs)
        timed = [time] if self._timed else []
        self._variables = Variables(function, state, shared, [*timed, *names(arguments)])
        self._options: dict[str, Any] = {"outputs": selected(function, outputs)}
        m = size_of(function, self._options["outputs"])
        if m != self._variables.size:
            told = f"dy/dt has {m} numbers and y ({', '.join(self._variables.chosen)}) has {self._variables.size}"
            refuse("INVALID_SHAPE", "outputs", f"{told}; they must be equally many")
        self._by = {**self._options, "with_respect_to": self._variables.chosen, "sparse": sparse}
        self._function = function

    def fun(self, t: float, y: ArrayLike, *args: Any) -> Floats:
        """Give dy/dt, shape (n,); of y with shape (n, S) that of each column, shape (n, S)."""
        columns = self._variables.columns(y)
        others = self._others(t, args)
        at = self._variables.points(self._variables.vector(y) if columns is None else columns)
        values = self._function.value(at, shared=others, **self._options)
        return values if columns is None else np.ascontiguousarray(values.T)

    def jac(self, t: float, y: ArrayLike, *args: Any) -> Any:
        """Give J[i, j], the derivative of dy_i/dt by y_j: shape (n, n)."""
        at = self._variables.points(self._variables.vector(y))
        matrix = self._function.jacobian(at, shared=self._others(t, args), **self._by)
        return matrix.copy() if self._by["sparse"] else matrix

    def _others(self, t: float, args: tuple[Any, ...]) -> dict[str, Any]:
        return self._variables.others([t, *args] if self._timed else args)
