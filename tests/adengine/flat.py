"""Flat lists for tests: made from written lists, run without an engine."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from adengine.blocks import Work, blocks_of
from adengine.graph import OPERATION, FlatList
from adengine.jacobian import Lanes
from adengine.lower import lower
from adengine.opcodes import FIRST_STRUCTURAL, STRUCTURAL_NAMES
from adengine.primitives import BY_NUMBER
from adengine.program import Program
from adengine.transfer import POINT
from tests.conformance.in_process import engine_list
from tests.wire_lists import ListWriter

Floats = npt.NDArray[np.float64]


def flat(writer: ListWriter) -> FlatList:
    """Return a written list as the transformations get it, with all its outputs."""
    function = engine_list(writer.message)
    return lower(function, range(len(function.outputs)))


def names(source: FlatList) -> list[str]:
    """Return what each row does, inputs and constants left out."""
    codes = [int(code) for code in source.rows[:, OPERATION]]
    named = [BY_NUMBER[c].name if c < FIRST_STRUCTURAL else STRUCTURAL_NAMES[c] for c in codes]
    return [name for name in named if name not in {"INPUT", "CONST", "ARRAY"}]


def run(source: FlatList, *inputs: npt.ArrayLike) -> list[Floats]:
    """Run a list once, on one lane, and return its outputs, flat."""
    parts = [np.ravel(np.asarray(each, np.float64)) for each in inputs]
    x = np.concatenate([*parts, np.zeros(0)])
    assert [len(part) for part in parts] == source.input_sizes.tolist()
    offsets = np.cumsum(source.input_sizes) - source.input_sizes
    sources = np.stack([np.full(len(parts), POINT, np.int64), offsets], axis=1).reshape(-1, 2)
    sizes = source.output_sizes
    m, rest = int(sizes[: source.results].sum()), int(sizes[source.results :].sum())
    program = Program(source, sources, np.zeros(len(parts), np.uint8), 1)
    values, derivatives = np.zeros(m), np.zeros(rest)
    (blocks,) = blocks_of(Work(1, len(x), 1, 0, False, False, m, 0, 0, 1), Lanes(False, 1))
    program.run(blocks, x, np.zeros(0), np.zeros(0), values, derivatives)
    return np.split(np.concatenate([values, derivatives]), np.cumsum(sizes)[:-1])


def product_and_sine() -> ListWriter:
    """Return f(x1, x2) = x1 x2 + sin x1."""
    f = ListWriter()
    x1, x2 = f.input("x1"), f.input("x2")
    f.output("f", f.add("ADD", f.add("MULTIPLY", x1, x2), f.add("SIN", x1)))
    return f


def gaussian() -> ListWriter:
    """Return g(y, mu, sigma) = -1/2 ((y - mu) / sigma)^2 - log sigma."""
    g = ListWriter()
    y, mu, sigma = g.input("y"), g.input("mu"), g.input("sigma")
    z = g.add("DIVIDE", g.add("SUBTRACT", y, mu), sigma)
    half = g.add("MULTIPLY", g.constant(-0.5), g.add("SQUARE", z))
    g.output("g", g.add("SUBTRACT", half, g.add("LOG", sigma)))
    return g


def chain(names_of_statements: Sequence[str]) -> ListWriter:
    """Return a chain of unary statements on x."""
    f = ListWriter()
    w = f.input("x")
    for name in names_of_statements:
        w = f.add(name, w)
    f.output("f", w)
    return f
