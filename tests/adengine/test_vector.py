"""Eight at once: every formula of vector.py against the scalar one, bit for bit, at awkward points too."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from adengine import Engine, Input, Output, WengertList
from adengine.graph import NONE, add_input, append, finish, new_graph
from adengine.lower import lower
from adengine.order import AMONG_EIGHT, FIRST_OF_EIGHT, execution_order
from adengine.primitives import BY_NAME, Primitive
from adengine.program import Program
from adengine.templates import TABLES
from adengine.transfer import BLOCK_COLUMNS, POINT
from adengine.vector import FORMULAS

Floats = NDArray[np.float64]

AWKWARD = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, np.inf, -np.inf, np.nan, 1e-310, 1e300, -3.7])


def _program(primitive: Primitive, copies: int, lanes: int) -> Program:
    """So many statements of one primitive, each with operands of its own."""
    count = copies * primitive.arity
    graph = new_graph(count + copies + 1, 8, 2)
    inputs = [add_input(graph, number, 1, 0) for number in range(count)]
    results = []
    for copy in range(copies):
        a, b, c = [*inputs[copy * primitive.arity : (copy + 1) * primitive.arity], NONE, NONE][:3]
        results.append(append(graph, TABLES, primitive.number, a, b, c, NONE, 1))
    sizes = np.ones(count, np.int64)
    rows = np.array(inputs, np.int32)
    flat = finish(graph, (), rows, sizes, 0, np.array(results, np.int32), np.ones(copies, np.int64), copies)
    sources = np.column_stack([np.full(count, POINT), np.arange(count)])
    return Program(flat, sources, np.ones(count, np.uint8) if lanes > 1 else np.zeros(count, np.uint8), lanes)


def _run(program: Program, points: Floats, m: int, lanes: int) -> Floats:
    """Values of K points, (K, m)."""
    values = np.empty((len(points), m))
    starts = np.arange(0, len(points), lanes, dtype=np.int64)
    blocks = np.zeros((len(starts), BLOCK_COLUMNS), np.int64)
    blocks[:, 0] = np.minimum(lanes, len(points) - starts)
    blocks[:, 1], blocks[:, 2] = starts * points.shape[1], points.shape[1]
    blocks[:, 5], blocks[:, 6], blocks[:, 10] = starts * m, m, -1
    nothing = np.empty(0)
    program.run(blocks, np.ascontiguousarray(points).reshape(-1), nothing, nothing, values.reshape(-1), nothing)
    return values


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_eight_lanes_and_eight_statements_have_the_bits_of_one(name: str) -> None:
    primitive = BY_NAME[name]
    points = np.array(list(itertools.product(AWKWARD, repeat=primitive.arity)))
    points = np.concatenate([points, np.random.default_rng(1).normal(size=(40, primitive.arity))])
    one = _run(_program(primitive, 1, 1), points, 1, 1)
    laned = _run(_program(primitive, 1, 8), points, 1, 8)
    copies = 64
    padded = np.resize(points, (-(-len(points) // copies) * copies, primitive.arity))
    together = _run(_program(primitive, copies, 1), padded.reshape(-1, copies * primitive.arity), copies, 1)
    assert _same_bits(one, laned)
    assert _same_bits(one, together.reshape(-1)[: len(points), np.newaxis])


def _same_bits(x: Floats, y: Floats) -> bool:
    """Whether two arrays agree in every bit, the signs of zeros included and those of NaN excepted."""
    return bool(np.all((x == y) & (np.signbit(x) == np.signbit(y)) | (np.isnan(x) & np.isnan(y))))


def _chain_and_comb(width: int) -> WengertList:
    """A shallow list: sum over x_i of sin(x_i) x_i, the products side by side, the sum a chain."""
    primitives, arguments, variables = [], [], width
    products = []
    for i in range(1, width + 1):
        primitives += [16, 12]
        arguments += [i, variables + 1, i]
        products.append(variables + 2)
        variables += 2
    total = products[0]
    for other in products[1:]:
        primitives.append(10)
        arguments += [total, other]
        variables += 1
        total = variables
    return WengertList.build(
        inputs=[Input(f"x{i}") for i in range(width)],
        primitives=primitives,
        arguments=arguments,
        outputs=[Output("f", total)],
    )


def test_a_shallow_list_runs_by_eight_and_a_chain_does_not() -> None:
    flat = lower(_chain_and_comb(200), [0])
    _, batches = execution_order(flat.rows, np.zeros(len(flat.rows), np.int64), len(flat.inputs))
    assert (batches == FIRST_OF_EIGHT).sum() == 2 * (200 // 8)
    assert (batches == AMONG_EIGHT).sum() == 2 * 7 * (200 // 8)


@pytest.mark.parametrize("width", [7, 8, 9, 63, 64, 65, 200])
def test_any_width_gives_values_and_gradients(width: int) -> None:
    function = _chain_and_comb(width)
    x = np.random.default_rng(width).normal(size=width)
    result = Engine().jacobian(function, x)
    assert result.values == pytest.approx([np.sum(x**3)], rel=1e-13)
    assert result.jacobian[0] == pytest.approx(3 * x**2, rel=1e-14)
