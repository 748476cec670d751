"""From a flat list back to a list of the wire: sizes become shapes, views become statements.

The reverse of :mod:`adengine.lower`. Runs of scalar statements are taken over as whole columns; every other row becomes
a few statements of :class:`adengine.lift_writer.Writer`, geometry in :mod:`adengine.lift_views`. A row of one element
is always a scalar, so that a list of scalars stays one, with one statement for each operation; a longer row has
whatever shape came about, and is reshaped where another one is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.errors import Unsupported
from adengine.graph import FIRST, NONE, OPERATION, PARAMETER, SIZE, FlatList
from adengine.lift_chains import chains_of, written
from adengine.lift_views import accumulated, gathered, scattered, viewed
from adengine.lift_writer import LOGSUMEXP, MATMUL, MAX, MIN, ZERO_SAFE_MATMUL, Writer
from adengine.limits import Limits
from adengine.primitives import BY_NAME, MAX_POLYGAMMA_ORDER
from adengine.shapes import Shape, size_of
from adengine.templates import ARITY, PARAMETRIC, TABLES
from adengine.wengert_list import Input, Output, WengertList

_POLYGAMMA = BY_NAME["POLYGAMMA"].number
_REDUCTIONS = {op.MAXIMA: MAX, op.MINIMA: MIN, op.LOGSUMEXPS: LOGSUMEXP}
_PRODUCTS = {op.MATMUL: MATMUL, op.ZERO_SAFE_MATMUL: ZERO_SAFE_MATMUL}


class Lifting:
    """One flat list on its way to the wire.

    Parameters
    ----------
    source : FlatList
        Its inputs are those given, in order.
    inputs : sequence of Input
    tensor_shapes : sequence of tuple
        Shapes of the array constants, for those of more than one element.
    split : sequence of int
        Sizes of the flat list's last inputs, which together are the last of the inputs given.
    """

    def __init__(
        self, source: FlatList, inputs: Sequence[Input], tensor_shapes: Sequence[Shape], split: Sequence[int] = ()
    ) -> None:
        self.source = source
        self._split = [0, *accumulate(split)] if split else []
        self.inputs = tuple(inputs)
        self.writer = Writer([value.shape for value in inputs])
        self.argument = np.zeros(len(source.rows), np.int64)
        self._tensor_shapes = tensor_shapes
        self._chains = {chain.rows[-1]: chain for chain in chains_of(source)}
        self._within = {row for chain in self._chains.values() for row in chain.rows[:-1]}

    def rows(self) -> None:
        """Write all rows."""
        codes, sizes = self.source.rows[:, OPERATION], self.source.rows[:, SIZE]
        plain = ((codes < op.FIRST_STRUCTURAL) & (sizes == 1)) | (codes == op.CONST)
        ends = np.append(np.flatnonzero(np.diff(plain)) + 1, len(plain))
        first = 0
        for end in ends.tolist():
            if end > first and plain[first]:
                self._scalars(first, end)
            else:
                for k in range(first, end):
                    self.argument[k] = self._row(k)
            first = end

    def _scalars(self, first: int, end: int) -> None:
        """Scalar statements and constants, as columns."""
        rows = self.source.rows[first:end]
        codes = rows[:, OPERATION]
        constants = codes == op.CONST
        bits = (rows[constants, FIRST].astype(np.int64) & 0xFFFFFFFF) | (
            rows[constants, FIRST + 1].astype(np.int64) << 32
        )
        self.argument[first:end][constants] = self.writer.constants_of(bits.view(np.float64))
        statements = rows[~constants]
        self.argument[first:end][~constants] = self.writer.next_number + np.arange(len(statements))
        numbers = statements[:, OPERATION]
        arity = TABLES.facts[numbers, ARITY]
        used = np.arange(3) < arity[:, None]
        operands = self.argument[statements[:, FIRST : FIRST + 3]][used]
        parametric = TABLES.facts[numbers, PARAMETRIC] != 0
        words = self.source.pool[self.source.starts[statements[parametric, PARAMETER]]]
        orders = words[numbers[parametric] == _POLYGAMMA]
        self.writer.columns(numbers, operands, words)
        _check_orders(orders)

    def _row(self, k: int) -> int:
        """Argument of a row that is no scalar statement."""
        code = int(self.source.rows[k, OPERATION])
        if code < op.FIRST_STRUCTURAL:
            return self._elementwise(k, code)
        return _RULES[code](self, k)

    # what rules need ---------------------------------------------------------------------------------------------

    def operand(self, k: int, place: int) -> int:
        """Argument of an operand, 0 where there is none."""
        row = int(self.source.rows[k, FIRST + place])
        return 0 if row == NONE else int(self.argument[row])

    def words(self, k: int) -> NDArray[np.int64]:
        """Parameters of a row."""
        number = int(self.source.rows[k, PARAMETER])
        return self.source.pool[self.source.starts[number] : self.source.starts[number + 1]]

    def size(self, k: int) -> int:
        """Elements of a row."""
        return int(self.source.rows[k, SIZE])

    # rows --------------------------------------------------------------------------------------------------------

    def _elementwise(self, k: int, code: int) -> int:
        """An elementwise statement of arrays: those of its size get one shape."""
        writer, size = self.writer, self.size(k)
        operands = [self.operand(k, place) for place in range(int(TABLES.facts[code, ARITY]))]
        shapes = [writer.shape(x) for x in operands if writer.size(x) != 1]
        shape = max(shapes, key=shapes.count) if shapes else (size,)
        reshaped = [x if writer.size(x) == 1 else writer.reshape(x, shape) for x in operands]
        parameters = self.words(k)[:1].tolist() if TABLES.facts[code, PARAMETRIC] else []
        _check_orders(np.array(parameters if code == _POLYGAMMA else [], np.int64))
        return writer.statement(code, reshaped, parameters, shape)

    def _input(self, k: int) -> int:
        number, size, last = int(self.source.rows[k, PARAMETER]) + 1, self.size(k), len(self.inputs)
        if self._split and number >= last:
            first = self._split[number - last]
            if size == 1 and self._split[-1] != 1:
                return self.writer.gather(last, 0, (), [first])
            number = self.writer.slice(last, [first], [size], [1])
        return self.writer.scalar(number) if size == 1 else number

    def _array(self, k: int) -> int:
        number = int(self.source.rows[k, PARAMETER])
        values = self.source.arrays[number]
        if number >= len(self._tensor_shapes):
            return self._made_array(values)
        return self.writer.tensor(values.reshape(() if self.size(k) == 1 else self._tensor_shapes[number]))

    def _made_array(self, values: NDArray[np.float64]) -> int:
        """An array that is none of the function's: mostly zeros, such as a seed, it takes no room for them."""
        places = np.flatnonzero(values.view(np.int64))
        if 2 * len(places) > len(values) or (values[places] == 0.0).any():  # -0.0 added to 0.0 would be 0.0
            return self.writer.tensor(values)
        first = float(values[places[0]]) if len(places) else 0.0
        alike = bool((values[places] == first).all())
        some = self.writer.filled(first, places.shape) if alike else self.writer.tensor(values[places])
        return self.writer.scatter_add(self.writer.filled(0.0, values.shape), some, 0, places)

    def _view(self, k: int) -> int:
        return viewed(self.writer, self.operand(k, 0), self.words(k))

    def _accumulate(self, k: int) -> int:
        """By itself, or with the chain that ends with it."""
        if k in self._within:
            return 0
        chain = self._chains.get(k)
        if chain is None:
            return self._link(k)
        updates = [self.operand(row, 1) for row in chain.rows]
        whole = written(self.writer, chain, self.operand(chain.rows[0], 0), updates)
        if whole is not None:
            return whole
        for row in chain.rows:
            self.argument[row] = self._link(row)
        return int(self.argument[k])

    def _link(self, k: int) -> int:
        return accumulated(self.writer, self.operand(k, 0), self.operand(k, 1), self.words(k))

    def _gather(self, k: int) -> int:
        return gathered(self.writer, self.operand(k, 0), self.words(k))

    def _scatter_add(self, k: int) -> int:
        return scattered(self.writer, self.operand(k, 0), self.operand(k, 1), self.words(k))

    def _reduction(self, k: int) -> int:
        """The last axes of what has so many rows."""
        rows, length = (int(word) for word in self.words(k))
        x = self.writer.rows_of(self.operand(k, 0), rows, length)
        return self.writer.reduce(_REDUCTIONS[int(self.source.rows[k, OPERATION])], x, [self.writer.rank(x) - 1])

    def _product(self, k: int) -> int:
        """A product of matrices; a single row or column is a vector."""
        m, inner, n, x_flipped, y_flipped = (int(word) for word in self.words(k))
        x, y = self.operand(k, 0), self.operand(k, 1)
        x = self.writer.reshape(x, (inner,)) if m == 1 else self.writer.matrix(x, m, inner, flipped=bool(x_flipped))
        y = self.writer.reshape(y, (inner,)) if n == 1 else self.writer.matrix(y, inner, n, flipped=bool(y_flipped))
        shape = tuple(extent for extent in (m, n) if extent != 1)
        return self.writer.statement(_PRODUCTS[int(self.source.rows[k, OPERATION])], [x, y], [], shape)

    # the whole ---------------------------------------------------------------------------------------------------

    def named(self, outputs: Sequence[tuple[str, Shape]]) -> list[Output]:
        """Outputs of the names and shapes given, from the first of the flat list's."""
        rows = self.source.outputs.tolist()
        return [Output(name, self.shaped(row, shape)) for (name, shape), row in zip(outputs, rows, strict=False)]

    def shaped(self, row: int, shape: Shape) -> int:
        """Argument of a row in a shape; zeros for none, a scalar spread."""
        if row == NONE:
            return self.writer.filled(0.0, shape)
        argument = int(self.argument[row])
        if self.writer.size(argument) == size_of(shape):
            return self.writer.reshape(argument, shape)
        return self.writer.broadcast(argument, shape)

    def finished(self, outputs: Sequence[Output], limits: Limits) -> WengertList:
        """The list, checked as any other."""
        writer = self.writer
        return WengertList.build(
            inputs=self.inputs, primitives=writer.primitives(), arguments=writer.arguments(),
            constants=writer.constants(), tensors=writer.tensors(), parameters=writer.parameters(), outputs=outputs,
            limits=limits,
        )  # fmt: skip


def _check_orders(orders: NDArray[np.int64]) -> None:
    """Refuse a polygamma function beyond what the wire has."""
    if len(orders) and int(orders.max()) > MAX_POLYGAMMA_ORDER:
        raise Unsupported(
            f"the derivative list would have POLYGAMMA of order {int(orders.max())}; lists have orders up to "
            f"{MAX_POLYGAMMA_ORDER}",
            "derivative",
        )


_RULES: dict[int, Callable[[Lifting, int], int]] = {
    op.INPUT: Lifting._input,  # noqa: SLF001  the rules of this class
    op.ARRAY: Lifting._array,  # noqa: SLF001
    op.VIEW: Lifting._view,  # noqa: SLF001
    op.ACCUMULATE: Lifting._accumulate,  # noqa: SLF001
    op.GATHER: Lifting._gather,  # noqa: SLF001
    op.SCATTER_ADD: Lifting._scatter_add,  # noqa: SLF001
    op.MAXIMA: Lifting._reduction,  # noqa: SLF001
    op.MINIMA: Lifting._reduction,  # noqa: SLF001
    op.LOGSUMEXPS: Lifting._reduction,  # noqa: SLF001
    op.MATMUL: Lifting._product,  # noqa: SLF001
    op.ZERO_SAFE_MATMUL: Lifting._product,  # noqa: SLF001
}


def lift(
    source: FlatList, inputs: Sequence[Input], outputs: Sequence[tuple[str, Shape]], tensor_shapes: Sequence[Shape],
    limits: Limits,
) -> WengertList:  # fmt: skip
    """The list of the wire that computes what a flat list does.

    Parameters
    ----------
    source : FlatList
    inputs : sequence of Input
        Names and shapes of its inputs.
    outputs : sequence of (str, tuple of int)
        Names and shapes of its outputs.
    tensor_shapes : sequence of tuple of int
        Shapes of its array constants.
    limits : Limits

    Raises
    ------
    Unsupported
        For a POLYGAMMA of an order that the wire has not.
    LimitExceeded
    """
    lifting = Lifting(source, inputs, tensor_shapes)
    lifting.rows()
    return lifting.finished(lifting.named(outputs), limits)
