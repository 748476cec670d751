"""A function on a server: values and derivatives as NumPy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wengert.v1 import (
    DescribeRequest,
    DifferentiateRequest,
    EvaluateRequest,
    RegisterRequest,
    SparsityRequest,
    WengertList,
)
from wengert_client._asking import read
from wengert_client._blockwise import Blockwise
from wengert_client._calling import with_options
from wengert_client._derivatives import FirstDerivatives
from wengert_client._display import list_html, table_html
from wengert_client._patterns import Sparsity
from wengert_client._preparation import CallName, DerivativeName, ModeName, Names, derivative_number, preparation
from wengert_client._printing import list_text
from wengert_client._second import SecondDerivatives
from wengert_client._signature import names, refuse, split

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from numpy.typing import ArrayLike

    from wengert_client._asking import Named, Points
    from wengert_client._check_results import Check
    from wengert_client._results import Floats
    from wengert_client._session import SessionFunction

__all__ = ["Function", "ModeName"]


class Function(FirstDerivatives, SecondDerivatives, Blockwise):
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
    sparse
        The matrix as a ``scipy.sparse.csr_array``, or at K points as a list of K; needs SciPy. The pattern, which
        depends on the list, `outputs` and `with_respect_to` only, is fetched once; after that only values come.
        All matrices of a pattern share their indices, which are read-only, and each has values of its own, also
        where an entry is 0: SciPy refuses to ``eliminate_zeros`` in place, so do that to a copy.

    Results are float64 arrays, in C order, writable, of exactly the shape stated. Calls at more points than
    a message or an answer may have are cut into several, some at a time; an error then names the points of
    its part, and the report is of the first one, with the seconds of all. The function is registered with
    its first call, and again when the server has forgotten it. It may be used from many threads. Every call
    raises a :class:`ServiceError` when it does not succeed.
    """

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
        arrays = self._arrange(request, points, shared, inputs)
        return self._ask(
            lambda stub: stub.Evaluate, request, arrays, lambda: self._m(request), lambda answer: read(answer.values)
        )

    def sparsity(
        self, *, outputs: Names | None = None, with_respect_to: Names | None = None, hessian: bool = False
    ) -> Sparsity:
        """Give where the Jacobian can have entries, and colors of its columns.

        Parameters
        ----------
        outputs
            As in the calls.
        with_respect_to
            Names of the inputs to differentiate by, in this order. None: all, for nothing is shared here.
        hessian
            The pattern is that of the Hessian of a weighted sum of the outputs.
        """
        request = SparsityRequest(outputs=names(outputs), with_respect_to=names(with_respect_to), hessian=hessian)
        return self._done(self._sparsity(request))

    def check(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        rtol: float = 1e-6,
        seed: int = 0,
        **inputs: ArrayLike,
    ) -> Check:
        """Check derivatives against differences of values, and forward against reverse mode.

        J u and J^T v are compared with central differences at many steps, extrapolated to order 8, whose own error is
        estimated (Ridders 1982); v . J u with J^T v . u; f with f from the other calls. Up to 64 inputs each moves by
        itself, of more only some, chosen at random, and all together along random directions. Kinks, jumps and edges
        of the domain are told, and count neither for nor against an output. Values at all steps come from one call.

        Parameters
        ----------
        rtol
            How much of itself a derivative may be off, beside what the differences may be: from 0 to less than 1.
        seed
            Of what is random.

        Returns
        -------
        check : Check
            True where it passed; a table when printed. At K points, what was found at all of them.

        Examples
        --------
        ::

            assert f.check([1.0, 0.0, 1.0])
        """
        from wengert_client._checking import check_function  # noqa: PLC0415  it needs this class

        request = EvaluateRequest()
        x = self._arrange(request, points, shared, inputs).get("points")
        bound = {each.input: read(each.value) for each in request.shared}
        return check_function(self, x, bound, outputs, with_respect_to, rtol, seed)

    def plot_jacobian(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        sparse: bool = False,
        ax: Any = None,
        **inputs: ArrayLike,
    ) -> Any:
        """Draw J at one point with matplotlib: color is sign and magnitude, on a logarithmic scale; zeros are gray.

        Axes are labelled with inputs and outputs. Of more than 400 rows or columns 200 bins are drawn, each with its
        largest entry; what is not finite is crossed out.

        Parameters
        ----------
        ax
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes

        Raises
        ------
        MissingDependency
            matplotlib is not installed.
        """
        from wengert_client._plots import draw_jacobian  # noqa: PLC0415  it is seldom needed

        request = EvaluateRequest()
        x = self._arrange(request, points, shared, inputs).get("points")
        bound = {each.input: read(each.value) for each in request.shared}
        return draw_jacobian(self, x, bound, names(outputs), names(with_respect_to), sparse=sparse, ax=ax)

    def differentiate(
        self,
        derivative: DerivativeName,
        *,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
    ) -> Function:
        """Give a derivative as a function: a list like any other, to print, to call, to differentiate again.

        It has all inputs of this function and the outputs selected; where a name that is added is taken, it gets a
        number: ``tangent2.x``.

        Parameters
        ----------
        derivative
            ``"dual"``: for each input x selected the further input ``tangent.x``, for each output y the further output
            ``tangent.y``. ``"adjoint"``: the further inputs ``cotangent.y``, the further outputs ``adjoint.x``.
            ``"jacobian"``: the further outputs ``jacobian.y``, of shape (size of y, n_w). ``"hessian"``: the further
            input ``weights`` (m,), the further outputs ``gradient`` (n_w,) and ``hessian`` (n_w, n_w) of the sum of the
            outputs with these weights.
        outputs, with_respect_to
            As in the calls; inputs that have a default are differentiated by too, unless `with_respect_to` leaves them
            out.
        """
        request = DifferentiateRequest(
            derivative=derivative_number(derivative), outputs=names(outputs), with_respect_to=names(with_respect_to)
        )
        return self._done(self._differentiated(request))

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
            The method to be called: ``"value"``, ``"jvp"``, ``"vjp"``, ``"jacobian"``, ``"gradient"``, ``"hessian"``
            or ``"hvp"``; ``"sparse_jacobian"`` and ``"sparse_hessian"`` are those with ``sparse=True``.
        points, directions
            K and p of the calls, about: one or several matters, and which of them are more.
        shared
            Names of the inputs to be shared, in the order of the calls. None: those that have a default.
        outputs, with_respect_to, mode
            As in the calls.
        """
        asked = preparation(self._held.signature, call, points, directions, shared, outputs, with_respect_to, mode)
        return self._done(self._prepared(RegisterRequest(prepare=[asked])))

    async def _sparsity(self, request: SparsityRequest) -> Sparsity:
        pattern, colors = await self._pattern(request)
        colors.flags.writeable = False
        return Sparsity(pattern.shape, pattern.row, pattern.column, colors)

    async def _differentiated(self, request: DifferentiateRequest) -> Function:
        answer = await self._held.ask(lambda stub: stub.Differentiate, request)
        return Function(self._held.another(answer.list))

    async def _text(self, request: DescribeRequest) -> str:
        return (await self._held.ask(lambda stub: stub.Describe, request)).text

    async def _prepared(self, request: RegisterRequest) -> None:
        await self._held.ask(lambda stub: stub.Register, request)

    def with_options(
        self,
        *,
        deadline_s: float | None = None,
        max_attempts: int | None = None,
        request_id: str | None = None,
        metadata: Mapping[str, str | bytes] | None = None,
        progress: bool | None = None,
    ) -> Self:
        """Give the same function, whose calls have these options: ``f.with_options(deadline_s=2).gradient(x)``.

        Parameters
        ----------
        deadline_s
            Seconds until a call is given up.
        max_attempts
            How often a call is tried while no server is available; 1: once.
        request_id
            What the server calls the calls, in its log, its traces and its errors: 1 to 64 printable ASCII characters.
        metadata
            What is sent along with each call, beside a token; like that it does not travel in a pickle.
        progress
            Whether a progress bar is shown for calls in several parts. Without it one is, of ``tqdm``, for those that
            take more than a second, on a terminal or in a notebook.

        Raises
        ------
        ConfigurationError
            One of them is not what it should be, or a session cannot have it: of a session only the deadline.
        """
        held = with_options(self._held, deadline_s, max_attempts, request_id, metadata)
        if progress is not None:
            held.progress = progress
        return self.held_as(held)

    def session(self, *, in_flight: int = 64) -> SessionFunction:
        """Give this function over a session of its own, for use in a ``with`` statement: many calls over one stream.

        See :meth:`Client.session`, which is for several functions.

        Parameters
        ----------
        in_flight
            How many calls may be unanswered; who makes one more waits.

        Examples
        --------
        ::

            with f.session() as g:
                for _ in range(100):
                    x = x - 0.1 * g.gradient(x)
        """
        from wengert_client._session import session_of  # noqa: PLC0415  a session's functions are functions

        return session_of(self, in_flight)

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

    def text(self) -> str:
        """Ask for the function as source text, a line a statement: of the same id when it is sent again."""
        return self._done(self._text(DescribeRequest(with_text=True)))

    def to_message(self) -> WengertList:
        """Give a copy of the function's list, as a message of the contract."""
        message = WengertList()
        message.CopyFrom(self._held.wengert_list)
        return message

    def __str__(self) -> str:
        return list_text(self._held.wengert_list)

    def __repr__(self) -> str:
        known = self._held.known_source
        return (
            f"<Function of {self._held.known_inputs}>"
            if known is None
            else f"<Function of ({self._held.known_inputs})>"
        )

    def _repr_html_(self) -> str:
        source = self._held.known_source
        if source is None:
            return table_html(repr(self), [])
        message, signature = source
        rows: list[tuple[str, Any]] = [(each.name, each.shape) for each in signature.inputs]
        rows += [("statements", len(message.primitives)), ("outputs", [each.name for each in message.outputs])]
        return table_html(repr(self), rows) + list_html(list_text(message))
