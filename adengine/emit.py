"""How a transformation makes statements: folded, shared, with strong zeros.

Only statements that a transformation itself makes come through here, so structural zeros and ones may be folded
freely. :data:`~adengine.graph.NONE` is the structural zero.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import (
    FIRST,
    GRAPH,
    INT,
    NONE,
    OPERATION,
    PARAMETER,
    SIZE,
    TABLES_TYPE,
    WORDS_TYPE,
    Graph,
    add_constant,
    append,
    broadcast_size,
    constant_value,
    intern,
)  # fmt: skip
from adengine.jit import Bool, Float, Int, kernel
from adengine.templates import (
    CONTRIBUTION,
    FIRST_LITERAL,
    NO_PARTIAL,
    NOTHING,
    PARAMETRIC,
    TEMPLATE,
    A,
    K,
    T,
    Tables,
)  # fmt: skip

SCRATCH_WORDS = 64
"""Words of the scratch array that the transforms pass along: 32 for template rows, 32 for parameters."""
_PARAMETER_SCRATCH = 32
_MIN_INT64 = -(2**63)
_MAX_INT64 = 2**63 - 1


@kernel(types.boolean(GRAPH, INT, types.float64), inline=True, inner=True)
def _is_constant(graph: Graph, k: Int, value: Float) -> Bool:
    return graph.rows[k, OPERATION] == op.CONST and constant_value(graph, k) == value


@kernel(types.boolean(GRAPH, INT), inline=True, inner=True)
def _is_finite_constant(graph: Graph, k: Int) -> Bool:
    """Whether a factor needs no strong zero beside it: a finite constant, where zeros are folded anyway."""
    return graph.rows[k, OPERATION] == op.CONST and graph.finite[k] != 0


@kernel(INT(GRAPH, TABLES_TYPE, INT), inner=True, apart=True)
def negate(graph: Graph, tables: Tables, x: Int) -> Int:
    """-x; the negative of a negative is the thing itself."""
    if x == NONE:
        return NONE
    if graph.rows[x, OPERATION] == op.NEGATE:
        return np.int64(graph.rows[x, FIRST])
    if graph.rows[x, OPERATION] == op.CONST:
        return add_constant(graph, -constant_value(graph, x))
    return append(graph, tables, op.NEGATE, x, NONE, NONE, NONE, graph.rows[x, SIZE])


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT), apart=True)
def add(graph: Graph, tables: Tables, x: Int, y: Int) -> Int:
    """x + y, where either may be a structural zero; x + -y becomes x - y."""
    if x == NONE or y == NONE:
        return y if x == NONE else x
    size = broadcast_size(graph, x, y)
    if graph.rows[y, OPERATION] == op.NEGATE:
        return append(graph, tables, op.SUBTRACT, x, graph.rows[y, FIRST], NONE, NONE, size)
    if graph.rows[x, OPERATION] == op.NEGATE:
        return append(graph, tables, op.SUBTRACT, y, graph.rows[x, FIRST], NONE, NONE, size)
    return append(graph, tables, op.ADD, min(x, y), max(x, y), NONE, NONE, size)


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT), inner=True, apart=True)
def _multiply(graph: Graph, tables: Tables, code: Int, x: Int, y: Int) -> Int:
    if _is_constant(graph, x, 1.0):
        return y
    if _is_constant(graph, y, 1.0):
        return x
    if _is_constant(graph, x, -1.0):
        return negate(graph, tables, y)
    if _is_constant(graph, y, -1.0):
        return negate(graph, tables, x)
    if graph.rows[x, OPERATION] == op.CONST and graph.rows[y, OPERATION] == op.CONST:
        return add_constant(graph, constant_value(graph, x) * constant_value(graph, y))
    return append(graph, tables, code, min(x, y), max(x, y), NONE, NONE, broadcast_size(graph, x, y))


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT), inner=True)
def product(graph: Graph, tables: Tables, x: Int, y: Int) -> Int:
    """The derivative product x y: strong zero, plain where both factors are proven finite; signs move outwards."""
    if x == NONE or y == NONE or _is_constant(graph, x, 0.0) or _is_constant(graph, y, 0.0):
        return NONE
    flip = False
    if graph.rows[x, OPERATION] == op.NEGATE:
        x = np.int64(graph.rows[x, FIRST])
        flip = not flip
    if graph.rows[y, OPERATION] == op.NEGATE:
        y = np.int64(graph.rows[y, FIRST])
        flip = not flip
    plain = graph.finite[x] != 0 and graph.finite[y] != 0
    plain = plain or _is_finite_constant(graph, x) or _is_finite_constant(graph, y)
    result = _multiply(graph, tables, op.MULTIPLY if plain else op.ZERO_SAFE_MULTIPLY, x, y)
    return negate(graph, tables, result) if flip else result


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, INT, INT), inner=True, apart=True)
def _elementwise(  # noqa: C901  one line a rule of folding
    graph: Graph, tables: Tables, code: Int, a: Int, b: Int, c: Int, parameter: Int
) -> Int:
    """One row of a template, folded."""
    if code == op.NEGATE:
        return negate(graph, tables, a)
    if code == op.MULTIPLY:
        return _multiply(graph, tables, code, a, b)
    if code == op.ZERO_SAFE_MULTIPLY:
        if _is_constant(graph, a, 0.0) or _is_constant(graph, b, 0.0):
            return add_constant(graph, 0.0)
        plain = _is_finite_constant(graph, a) or _is_finite_constant(graph, b)
        return _multiply(graph, tables, op.MULTIPLY if plain else code, a, b)
    if code == op.ADD:
        return add(graph, tables, a, b)
    if code == op.INTEGER_POWER:
        k = graph.pool[graph.starts[parameter]]
        if k == 0:
            return add_constant(graph, 1.0)
        if k == 1:
            return a
    if code == op.DIVIDE and _is_constant(graph, b, 1.0):
        return a
    size = np.int64(graph.rows[a, SIZE])
    if b != NONE:
        size = broadcast_size(graph, a, b)
    if c != NONE and size == 1:
        size = np.int64(graph.rows[c, SIZE])
    return append(graph, tables, code, a, b, c, parameter, size)


@kernel(INT(INT, INT), inline=True, inner=True)
def _shifted(k: Int, shift: Int) -> Int:
    """k + shift, stopping at the ends of int64."""
    if shift < 0 and k < _MIN_INT64 - shift:
        return np.int64(_MIN_INT64)
    return np.int64(k if shift > 0 and k > _MAX_INT64 - shift else k + shift)


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, INT, WORDS_TYPE), inner=True)
def _operand(graph: Graph, tables: Tables, reference: Int, w: Int, t: Int, k: Int, scratch: NDArray[np.int64]) -> Int:
    """The variable that a reference of a template names, for the statement w of the graph."""
    if reference >= 0:
        return scratch[reference]
    if reference == NOTHING:
        return NONE
    if reference <= FIRST_LITERAL:
        return add_constant(graph, tables.literals[FIRST_LITERAL - reference])
    if reference == T:
        return t
    if reference == K:
        return add_constant(graph, float(k))
    if reference >= A - 2:
        return np.int64(graph.rows[w, FIRST + A - reference])
    return w


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, WORDS_TYPE), inner=True, apart=True)
def contribution(graph: Graph, tables: Tables, w: Int, place: Int, t: Int, scratch: NDArray[np.int64]) -> Int:
    """What argument ``place`` of the elementwise statement w contributes for the tangent or adjoint t."""
    code = np.int64(graph.rows[w, OPERATION])
    column = TEMPLATE + 4 * place
    what = tables.facts[code, column]
    if what == NO_PARTIAL or t == NONE:
        return NONE
    k = np.int64(0)
    if tables.facts[code, PARAMETRIC] != 0:
        k = graph.pool[graph.starts[graph.rows[w, PARAMETER]]]
    first = tables.facts[code, column + 1]
    for r in range(first, tables.facts[code, column + 2]):
        step = tables.rows[r]
        operation = step[0]
        parameter = np.int64(NONE)
        if tables.facts[operation, PARAMETRIC] != 0:
            scratch[_PARAMETER_SCRATCH] = _shifted(k * step[4], step[5])
            parameter = intern(graph, scratch, _PARAMETER_SCRATCH, 1)
        a = _operand(graph, tables, step[1], w, t, k, scratch)
        b = _operand(graph, tables, step[2], w, t, k, scratch)
        c = _operand(graph, tables, step[3], w, t, k, scratch)
        scratch[r - first] = _elementwise(graph, tables, operation, a, b, c, parameter)
    result = _operand(graph, tables, tables.facts[code, column + 3], w, t, k, scratch)
    return result if what == CONTRIBUTION else product(graph, tables, result, t)


@kernel(INT(GRAPH, INT, INT, WORDS_TYPE), inner=True)
def repeat_parameter(graph: Graph, rows: Int, length: Int, scratch: NDArray[np.int64]) -> Int:
    """Parameter of :func:`repeat_view`: (rows, length) with strides (1, 0)."""
    at = _PARAMETER_SCRATCH
    scratch[at] = rows
    scratch[at + 1] = 0
    scratch[at + 2] = 2
    scratch[at + 3] = rows
    scratch[at + 4] = length
    scratch[at + 5] = 1
    scratch[at + 6] = 0
    return intern(graph, scratch, at, 7)


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, WORDS_TYPE), inner=True)
def repeat_view(graph: Graph, tables: Tables, x: Int, rows: Int, length: Int, scratch: NDArray[np.int64]) -> Int:
    """A VIEW that repeats each of the ``rows`` elements of x ``length`` times; its parameter also sums rows."""
    parameter = repeat_parameter(graph, rows, length, scratch)
    return append(graph, tables, op.VIEW, x, NONE, NONE, parameter, rows * length)


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, WORDS_TYPE), inner=True)
def whole(graph: Graph, tables: Tables, x: Int, size: Int, scratch: NDArray[np.int64]) -> Int:
    """x with all its elements, where a scalar stood for them."""
    if x == NONE or graph.rows[x, SIZE] == size:
        return x
    return repeat_view(graph, tables, x, 1, size, scratch)


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, WORDS_TYPE), apart=True)
def sum_rows(graph: Graph, tables: Tables, x: Int, rows: Int, length: Int, scratch: NDArray[np.int64]) -> Int:
    """Sum of each row of x; a scalar that stands for all elements is multiplied with the length."""
    if x == NONE or rows * length == 0:
        return NONE
    if graph.rows[x, SIZE] == 1:
        return product(graph, tables, add_constant(graph, float(length)), x)
    parameter = repeat_parameter(graph, rows, length, scratch)
    return append(graph, tables, op.ACCUMULATE, NONE, x, NONE, parameter, rows)


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, INT, INT, INT, INT, INT, WORDS_TYPE), apart=True, inner=True)
def matmul(  # noqa: PLR0913  a kernel over flat columns
    graph: Graph, tables: Tables, x: Int, y: Int, m: Int, k: Int, n: Int, x_transposed: Int, y_transposed: Int,
    code: Int, scratch: NDArray[np.int64],
) -> Int:  # fmt: skip
    """op(x) op(y), op(x) of shape (m, k) and op(y) of shape (k, n)."""
    at = _PARAMETER_SCRATCH
    scratch[at] = m
    scratch[at + 1] = k
    scratch[at + 2] = n
    scratch[at + 3] = x_transposed
    scratch[at + 4] = y_transposed
    parameter = intern(graph, scratch, at, 5)
    return append(graph, tables, code, x, y, NONE, parameter, m * n)


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, INT, WORDS_TYPE), inner=True, apart=True)
def _softmax(graph: Graph, tables: Tables, w: Int, x: Int, rows: Int, length: Int, scratch: NDArray[np.int64]) -> Int:
    """Softmax of each row of x: exp(x - largest) over its sum; 0 for -inf."""
    size = rows * length
    largest = append(graph, tables, op.MAXIMA, x, NONE, NONE, graph.rows[w, PARAMETER], rows)
    shift = repeat_view(graph, tables, largest, rows, length, scratch)
    weights = append(graph, tables, op.SHIFTED_EXP, x, shift, NONE, NONE, size)
    total = sum_rows(graph, tables, weights, rows, length, scratch)
    if total == NONE:
        return NONE
    totals = repeat_view(graph, tables, total, rows, length, scratch)
    shares = append(graph, tables, op.DIVIDE, weights, totals, NONE, NONE, size)
    return append(graph, tables, op.SELECT, weights, shares, add_constant(graph, 0.0), NONE, size)


@kernel(INT(GRAPH, TABLES_TYPE, INT, WORDS_TYPE), inner=True, apart=True)
def row_weights(graph: Graph, tables: Tables, w: Int, scratch: NDArray[np.int64]) -> Int:
    """Partial derivatives of the row reduction w (MAXIMA, MINIMA, LOGSUMEXPS) by each element of its argument."""
    start = graph.starts[graph.rows[w, PARAMETER]]
    rows = graph.pool[start]
    length = graph.pool[start + 1]
    x = np.int64(graph.rows[w, FIRST])
    if graph.rows[w, OPERATION] == op.LOGSUMEXPS:
        return _softmax(graph, tables, w, x, rows, length, scratch)
    spread = repeat_view(graph, tables, w, rows, length, scratch)
    ties = append(graph, tables, op.EQUAL, x, spread, NONE, NONE, rows * length)
    count = sum_rows(graph, tables, ties, rows, length, scratch)
    if count == NONE:
        return NONE
    counts = repeat_view(graph, tables, count, rows, length, scratch)
    return append(graph, tables, op.DIVIDE, ties, counts, NONE, NONE, rows * length)
