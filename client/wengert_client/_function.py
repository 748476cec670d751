"""A function on a server: values and derivatives as NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from wengert.v1 import EvaluateRequest, JacobianRequest, JvpRequest, RegisterRequest, VjpRequest, WengertList
from wengert.v1.tensors import read_tensor, write_tensor
from wengert_client._errors import ServerFault
from wengert_client._preparation import CallName, ModeName, Names, mode_number, preparation
from wengert_client._printing import list_text
from wengert_client._results import FunctionInfo, Report, ValueAndDerivative
from wengert_client._signature import as_floats, names, refuse, split

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wengert.v1 import JacobianResponse, JvpResponse, Tensor, VjpResponse
    from wengert_client._held import HeldFunction
    from wengert_client._results import Floats

__all__ = ["Function", "ModeName"]

Named: TypeAlias = "Mapping[str, ArrayLike]"
Points: TypeAlias = "ArrayLike | Named"


class Function:
    """A function f: R^n -> R^m on a server; made by :meth:`Client.function`.

    Every call takes its inputs in one of three ways:

    * as one vector x, or K of them, shape (n',) or (K, n'): the inputs that are not shared, in the
      list's order, each row-major;
    * by name, ``f.value(x=..., k=...)``, each of its input's shape, or all with a leading axis K;
    * as a mapping of names, ``f.value({"mode": ...})``, for inputs that are called as an option is.

    The options:

    shared
        Values of inputs that are the same at all K points, by name. Derivatives are not taken by them,
        unless `with_respect_to` says so. An input that has a default and is not given is shared so; a
        vector x holds either all inputs that have a default, or none of them.
    outputs
        Names of the outputs wanted, in this order; m counts their scalars. None: all.
    with_respect_to
        Names of the inputs to differentiate by, in this order; n_w counts their scalars. None: all that
        are not shared.
    mode
        ``"forward"``, ``"reverse"``, or ``"auto"``: the server chooses the cheaper one.

    Results are float64 arrays, in C order, writable, of exactly the shape stated. The function is
    registered with its first call, and again when the server has forgotten it. It may be used from many
    threads. Every call raises a :class:`ServiceError` when it does not succeed.
    """

    def __init__(self, held: HeldFunction) -> None:
        self._held = held

    def value(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        **inputs: ArrayLike,
    ) -> Floats:
        """Give f: shape (m,), or (K, m) at K points."""
        request = EvaluateRequest(outputs=names(outputs))
        self._arrange(request, points, shared, inputs)
        return _read(self._held.call(lambda stub: stub.Evaluate, request).values)

    def jvp(
        self,
        points: Points | None = None,
        /,
        tangents: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> Floats:
        """Give J u, in forward mode: one sweep for each direction u.

        Parameters
        ----------
        tangents : float64, shape (n_w,) or (p, n_w) at one point; (n_w,), (1, p, n_w) or (K, p, n_w) at K
            The directions u. Or by name: a mapping of arrays shaped as the inputs are, with such axes in
            front; inputs left out have the tangent 0.

        Returns
        -------
        J u : float64, shape (m,) or (p, m) at one point; (K, m) or (K, p, m) at K
        """
        return _read(self._jvp(points, tangents, shared, outputs, with_respect_to, inputs).tangents)

    def vjp(
        self,
        points: Points | None = None,
        /,
        cotangents: ArrayLike | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> Floats:
        """Give J^T v, in reverse mode: one sweep for each direction v.

        Parameters
        ----------
        cotangents : float64, shape (m,) or (p, m) at one point; (m,), (1, p, m) or (K, p, m) at K
            The directions v. None, where m = 1: the direction 1.

        Returns
        -------
        J^T v : float64, shape (n_w,) or (p, n_w) at one point; (K, n_w) or (K, p, n_w) at K
        """
        return _read(self._vjp(points, cotangents, shared, outputs, with_respect_to, inputs).cotangents)

    def jacobian(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        **inputs: ArrayLike,
    ) -> Floats:
        """Give J, with J[i, j] the derivative of f_i by x_j: shape (m, n_w), or (K, m, n_w) at K points."""
        return _read(self._jacobian(points, shared, outputs, with_respect_to, mode, inputs).dense)

    def gradient(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        **inputs: ArrayLike,
    ) -> Floats:
        """Give the gradient of a function with m = 1: shape (n_w,), or (K, n_w) at K points."""
        self._check_scalar(outputs)
        response = self._jacobian(points, shared, outputs, with_respect_to, mode, inputs)
        return _only_row(_read(response.dense))

    def value_and_jvp(
        self,
        points: Points | None = None,
        /,
        tangents: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> ValueAndDerivative:
        """Give f and J u from one call, with the report; see :meth:`jvp`."""
        response = self._jvp(points, tangents, shared, outputs, with_respect_to, inputs)
        return _both(response, _read(response.tangents))

    def value_and_vjp(
        self,
        points: Points | None = None,
        /,
        cotangents: ArrayLike | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> ValueAndDerivative:
        """Give f and J^T v from one call, with the report; see :meth:`vjp`."""
        response = self._vjp(points, cotangents, shared, outputs, with_respect_to, inputs)
        return _both(response, _read(response.cotangents))

    def value_and_jacobian(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        **inputs: ArrayLike,
    ) -> ValueAndDerivative:
        """Give f and J from one call, with the report; see :meth:`jacobian`."""
        response = self._jacobian(points, shared, outputs, with_respect_to, mode, inputs)
        return _both(response, _read(response.dense))

    def value_and_gradient(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        **inputs: ArrayLike,
    ) -> ValueAndDerivative:
        """Give f and its gradient from one call, with the report; see :meth:`gradient`."""
        self._check_scalar(outputs)
        response = self._jacobian(points, shared, outputs, with_respect_to, mode, inputs)
        return _both(response, _only_row(_read(response.dense)))

    def prepare(
        self,
        call: CallName,
        *,
        points: int = 1,
        directions: int = 1,
        shared: Names | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
    ) -> None:
        """Make the server ready for calls of one kind, machine code included, and wait for it.

        Answers are the same without; what is called much becomes machine code by itself. ``Report.tier`` tells what
        ran.

        Parameters
        ----------
        call
            The method to be called: ``"value"``, ``"jvp"``, ``"vjp"``, ``"jacobian"`` or ``"gradient"``.
        points, directions
            K and p of the calls, about: one or several matters, and which of them are more.
        shared
            Names of the inputs to be shared, in the order of the calls. None: those that have a default.
        outputs, with_respect_to, mode
            As in the calls.
        """
        asked = preparation(self._held.signature, call, points, directions, shared, outputs, with_respect_to, mode)
        self._held.call(lambda stub: stub.Register, RegisterRequest(prepare=[asked]))

    def unpack(self, values: ArrayLike, outputs: Names | None = None) -> dict[str, Floats]:
        """Take values of f, shape (m,) or (..., m), apart: a view for each output, (..., *its shape)."""
        known = {each.name: each for each in self.info.outputs}
        chosen = names(outputs) or list(known)
        for name in chosen:
            if name not in known:
                refuse("UNKNOWN_NAME", "outputs", f"the function has no output {name}; its outputs: {', '.join(known)}")
        return split(values, [(name, known[name].shape, known[name].size) for name in chosen])

    def unpack_inputs(self, array: ArrayLike, with_respect_to: Names | None = None) -> dict[str, Floats]:
        """Take the last axis of a gradient, or of a Jacobian, apart: a view for each input chosen (None: all)."""
        return self._held.signature.split(array, names(with_respect_to))

    @property
    def info(self) -> FunctionInfo:
        """What the server knows of the function; registers it where that was not done yet."""
        return self._held.info

    @property
    def id(self) -> str:
        """The 64 hexadecimal digits that name the function."""
        return self.info.id

    @property
    def n(self) -> int:
        """Number of input scalars, shared ones included."""
        return self.info.n

    @property
    def m(self) -> int:
        """Number of output scalars."""
        return self.info.m

    @property
    def statements(self) -> int:
        """Number of statements of the list."""
        return self.info.statements

    def to_message(self) -> WengertList:
        """Give a copy of the function's list, as a message of the contract."""
        message = WengertList()
        message.CopyFrom(self._held.wengert_list)
        return message

    def __str__(self) -> str:
        return list_text(self._held.wengert_list)

    def __repr__(self) -> str:
        return f"<Function of ({', '.join(each.name for each in self._held.signature.inputs)})>"

    def _jvp(
        self,
        points: Points | None,
        tangents: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        inputs: Named,
    ) -> JvpResponse:
        request = JvpRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        self._arrange(request, points, shared, inputs)
        if tangents is not None:
            bound = [each.input for each in request.shared]
            u = self._held.signature.directions(tangents, request.with_respect_to, bound)
            write_tensor(request.tangents, u)
        return self._held.call(lambda stub: stub.Jvp, request)

    def _vjp(
        self,
        points: Points | None,
        cotangents: ArrayLike | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        inputs: Named,
    ) -> VjpResponse:
        request = VjpRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        self._arrange(request, points, shared, inputs)
        if cotangents is not None:
            write_tensor(request.cotangents, as_floats(cotangents, "cotangents"))
        return self._held.call(lambda stub: stub.Vjp, request)

    def _jacobian(
        self,
        points: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        mode: str,
        inputs: Named,
    ) -> JacobianResponse:
        request = JacobianRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        self._arrange(request, points, shared, inputs)
        request.mode = mode_number(mode)
        return self._held.call(lambda stub: stub.Jacobian, request)

    def _arrange(
        self,
        request: EvaluateRequest | JvpRequest | VjpRequest | JacobianRequest,
        points: Points | None,
        shared: Named | None,
        inputs: Named,
    ) -> None:
        """Put points and shared values into a request."""
        x, bound = self._held.signature.arrange(points, shared, inputs)
        if x is not None:
            write_tensor(request.points, x)
        for name, value in bound.items():
            write_tensor(request.shared.add(input=name).value, value)

    def _check_scalar(self, outputs: Names | None) -> None:
        """Refuse a gradient of several output scalars, and say what to ask for instead."""
        chosen = names(outputs)
        sizes = {each.name: each.size for each in self.info.outputs}
        if any(name not in sizes for name in chosen):
            return  # The server says so, with its own field path.
        m = sum(sizes[name] for name in chosen or sizes)
        if m != 1:
            told = (
                f"a gradient is of one output scalar, and there are {m}; ask for jacobian, for vjp, or for one output"
            )
            refuse("INVALID_DIRECTIONS", "outputs", told)


def _read(tensor: Tensor) -> Floats:
    try:
        return read_tensor(tensor)
    except ValueError as error:
        raise ServerFault(f"the answer carries an array that cannot be read: {error}") from error


def _both(response: JvpResponse | VjpResponse | JacobianResponse, derivative: Floats) -> ValueAndDerivative:
    return ValueAndDerivative(_read(response.values), derivative, Report.read(response.report))


def _only_row(jacobian: Floats) -> Floats:
    """Give (1, n_w) as (n_w,), and (K, 1, n_w) as (K, n_w)."""
    if jacobian.ndim < 2 or jacobian.shape[-2] != 1:
        raise ServerFault(f"the answer carries a Jacobian of the shape {jacobian.shape}; one row was expected")
    return np.reshape(jacobian, jacobian.shape[:-2] + jacobian.shape[-1:])
