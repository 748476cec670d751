"""Matrix products over lanes: op(x) op(y), in blocks that stay in the caches, by the tiles of :mod:`adengine.tiles`.

The order in which terms are added depends on the sizes alone, not on the lanes, the blocks or the machine's width:

* a row times a column that both lie side by side (:func:`_is_dot`): term p goes to partial sum p mod 8, and the partial
  sums are added pairwise;
* else: term after term.

With strong zeros, a term with an exactly zero factor adds nothing, whatever the other factor is. That differs from the
plain product only where an operand has an infinity or a NaN: so these are looked for, in the operands or the product.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Bool, Int, kernel
from adengine.stopping import stopped
from adengine.tiles import GRID, ROWS, VECTORS, Grid, all_finite, dots, laned_dot, tile
from adengine.transposes import transpose_eight

U = types.uint64
F8 = types.Array(types.float64, 1, "C")
I8 = types.Array(types.int64, 1, "C")

_TERMS, _A_ROWS, _COLUMNS = 192, 256, 960
"""A block: so many terms and rows of A, so many columns of B written out in panels."""
_PANEL = 8 * VECTORS
_FAR_APART, _REPAYS = 256, 16
"""Where B's rows are at least that long, and A has that many rows, B is written out in panels."""
_LONG = 64
"""Before a tile with so many terms, it is looked whether the product is to stop."""

_all_finite, _transpose = all_finite(), transpose_eight()
_tile_8_3, _tile_8_2, _tile_8_1 = tile(8, 3), tile(8, 2), tile(8, 1)
_tile_4_3, _tile_4_2, _tile_4_1 = tile(4, 3), tile(4, 2), tile(4, 1)
_tile_2_3, _tile_2_2, _tile_2_1 = tile(2, 3), tile(2, 2), tile(2, 1)
_tile_1_3, _tile_1_2, _tile_1_1 = tile(1, 3), tile(1, 2), tile(1, 1)
_tile_1_8, _careful_tile = tile(1, 8), tile(1, 1, careful=True)
_laned_4_2, _laned_4_1 = tile(4, 2, laned=True), tile(4, 1, laned=True)
_laned_1_2, _laned_1_1 = tile(1, 2, laned=True), tile(1, 1, laned=True)
_careful_laned = tile(1, 1, laned=True, careful=True)
_four_dots, _one_dot, _careful_dot = dots(4), dots(1), dots(1, careful=True)
_dot_laned_single, _careful_laned_single = laned_dot(True, False), laned_dot(True, False, careful=True)
_dot_both_laned, _careful_both_laned = laned_dot(True, True), laned_dot(True, True, careful=True)


@kernel(types.boolean(F8, U, U), inner=True)
def _finite(w: NDArray[np.float64], at: Int, count: Int) -> Bool:
    """Whether a run of elements has no infinity and no NaN: only those times 0 add up to anything but 0."""
    total = 0.0
    whole = count - count % U(32)
    for i in range(whole, count):
        total += w[at + i] * 0.0
    return total == 0.0 and _all_finite(w, at, whole)


@kernel(GRID(GRID, U, U, U, U), inline=True, inner=True)
def _part(g: Grid, row: Int, rows: Int, vector: Int, vectors: Int) -> Grid:
    """Some rows and vectors of a grid; the vectors within one panel."""
    last = vector + vectors == g.vectors
    panel = vector // U(VECTORS)
    b = g.b + panel * g.b_panel + (vector - panel * U(VECTORS)) * g.b_vector
    return Grid(
        rows, vectors, g.valid if last else U(8), g.terms, g.start, g.a + row * g.a_row, g.a_row, g.a_step,
        b, g.b_panel, g.b_vector, g.b_step, g.c + row * g.c_row + vector * g.c_vector, g.c_row, g.c_vector,
    )  # fmt: skip


@kernel(types.void(F8, F8, GRID), inner=True, apart=True)
def _panel_tiles(w: NDArray[np.float64], b: NDArray[np.float64], g: Grid) -> None:  # noqa: C901, PLR0912  one branch a tile
    """All rows of one panel, in the largest tiles that fit."""
    row = U(0)
    while row < g.rows:
        if g.terms >= U(_LONG) and stopped() != 0:
            return
        left = g.rows - row
        if left >= U(8) and U(ROWS) == U(8):
            rows = U(8)
        elif left >= U(4):
            rows = U(4)
        else:
            rows = U(2) if left >= U(2) else U(1)
        part = _part(g, row, rows, U(0), g.vectors)
        if g.vectors == U(3):
            if rows == U(8):
                _tile_8_3(w, b, part)
            elif rows == U(4):
                _tile_4_3(w, b, part)
            elif rows == U(2):
                _tile_2_3(w, b, part)
            else:
                _tile_1_3(w, b, part)
        elif g.vectors == U(2):
            if rows == U(8):
                _tile_8_2(w, b, part)
            elif rows == U(4):
                _tile_4_2(w, b, part)
            elif rows == U(2):
                _tile_2_2(w, b, part)
            else:
                _tile_1_2(w, b, part)
        elif rows == U(8):
            _tile_8_1(w, b, part)
        elif rows == U(4):
            _tile_4_1(w, b, part)
        elif rows == U(2):
            _tile_2_1(w, b, part)
        else:
            _tile_1_1(w, b, part)
        row += rows


@kernel(types.void(F8, F8, GRID), inner=True, apart=True)
def _grid(w: NDArray[np.float64], b: NDArray[np.float64], g: Grid) -> None:
    """All tiles of a grid, panel by panel."""
    first = U(0)
    if g.rows == U(1) and g.b_panel == U(VECTORS) * g.b_vector:
        while first + U(8) <= g.vectors:
            if g.terms >= U(_LONG) and stopped() != 0:
                return
            _tile_1_8(w, b, _part(g, U(0), U(1), first, U(8)))
            first += U(8)
        while first < g.vectors:
            _tile_1_1(w, b, _part(g, U(0), U(1), first, U(1)))
            first += U(1)
    while first < g.vectors:
        vectors = min(U(VECTORS), g.vectors - first)
        _panel_tiles(w, b, _part(g, U(0), g.rows, first, vectors))
        first += vectors


@kernel(types.void(F8, GRID), inner=True, apart=True)
def _laned_grid(w: NDArray[np.float64], g: Grid) -> None:
    """All tiles where A and B are both laned."""
    row = U(0)
    while row < g.rows:
        if g.terms >= U(_LONG) and stopped() != 0:
            return
        rows = U(4) if row + U(4) <= g.rows else U(1)
        first = U(0)
        while first < g.vectors:
            vectors = U(2) if first + U(2) <= g.vectors else U(1)
            part = _part(g, row, rows, first, vectors)
            if rows == U(4) and vectors == U(2):
                _laned_4_2(w, w, part)
            elif rows == U(4):
                _laned_4_1(w, w, part)
            elif vectors == U(2):
                _laned_1_2(w, w, part)
            else:
                _laned_1_1(w, w, part)
            first += vectors
        row += rows


@kernel(types.void(F8, F8, GRID, types.boolean), inner=True, apart=True)
def _careful_grid(w: NDArray[np.float64], b: NDArray[np.float64], g: Grid, laned: Bool) -> None:
    """The same with strong zeros, one vector at a time."""
    for row in range(g.rows):
        if g.terms >= U(_LONG) and stopped() != 0:
            return
        for vector in range(g.vectors):
            part = _part(g, row, U(1), vector, U(1))
            if laned:
                _careful_laned(w, b, part)
            else:
                _careful_tile(w, b, part)


@kernel(types.void(F8, F8, GRID, types.boolean), inner=True)
def _any_grid(w: NDArray[np.float64], b: NDArray[np.float64], g: Grid, careful: Bool) -> None:
    """All tiles of a grid whose A is single."""
    if careful:
        _careful_grid(w, b, g, False)
    else:
        _grid(w, b, g)


@kernel(types.void(F8, U, U, U, U, U, U, F8), inner=True, apart=True)
def _write_panels(
    w: NDArray[np.float64], y: Int, row: Int, column: Int, first: Int, terms: Int, columns: Int,
    panels: NDArray[np.float64],
) -> None:  # fmt: skip
    """Write a block of B out in panels, each term's columns side by side, from the column ``first`` on."""
    for c in range(U(0), columns, U(8)):
        to = (c // U(_PANEL)) * terms * U(_PANEL) + c % U(_PANEL)
        from_ = y + (first + c) * column
        some = min(U(8), columns - c)
        whole = terms - terms % U(8) if some == U(8) and row == U(1) else U(0)
        for p in range(U(0), whole, U(8)):
            _transpose(w, from_ + p, column, panels, to + p * U(_PANEL), U(_PANEL))
        for p in range(whole, terms):
            for q in range(some):
                panels[to + p * U(_PANEL) + q] = w[from_ + p * row + q * column]


@kernel(types.void(F8, U, GRID, U, U, types.boolean), allocates=True, inner=True)
def _blocked(w: NDArray[np.float64], n: Int, whole: Grid, row: Int, column: Int, careful: Bool) -> None:
    """A product with one value for all lanes in A, block by block; ``row`` and ``column`` lead through B."""
    in_panels = column != U(1) or (n > U(_FAR_APART) and whole.rows >= U(_REPAYS))
    wide = U(_COLUMNS) if in_panels else n
    size = min(whole.terms, U(_TERMS)) * (min(n, wide) + U(_PANEL)) if in_panels else U(0)
    panels = np.empty(size)
    for first in range(U(0), n, wide):
        columns = min(wide, n - first)
        vectors = (columns + U(7)) // U(8)
        valid = columns - (vectors - U(1)) * U(8)
        for p in range(U(0), whole.terms, U(_TERMS)):
            terms = min(U(_TERMS), whole.terms - p)
            if terms >= U(_LONG) and stopped() != 0:
                return
            if in_panels:
                _write_panels(w, whole.b + p * row, row, column, first, terms, columns, panels)
            start = U(1) if p == U(0) else U(0)
            for i in range(U(0), whole.rows, U(_A_ROWS)):
                rows = min(U(_A_ROWS), whole.rows - i)
                a = whole.a + i * whole.a_row + p * whole.a_step
                c = whole.c + i * whole.c_row + first
                if in_panels:
                    _any_grid(w, panels, Grid(
                        rows, vectors, valid, terms, start, a, whole.a_row, whole.a_step, U(0), terms * U(_PANEL),
                        U(8), U(_PANEL), c, whole.c_row, U(8),
                    ), careful)  # fmt: skip
                else:
                    _any_grid(w, w, Grid(
                        rows, vectors, valid, terms, start, a, whole.a_row, whole.a_step, whole.b + p * row + first,
                        U(_PANEL), U(8), row, c, whole.c_row, U(8),
                    ), careful)  # fmt: skip


@kernel(types.void(F8, U, U, U, U, U, U, types.boolean), inner=True, apart=True)
def _single_dots(
    w: NDArray[np.float64], out: Int, rows: Int, terms: Int, a: Int, a_row: Int, b: Int, careful: Bool
) -> None:
    """Rows of a times one vector, no lanes."""
    row = U(0)
    while not careful and row + U(4) <= rows:
        if terms >= U(_LONG) and stopped() != 0:
            return
        _four_dots(w, out + row, a + row * a_row, a_row, b, terms)
        row += U(4)
    while row < rows:
        if careful:
            _careful_dot(w, out + row, a + row * a_row, a_row, b, terms)
        else:
            _one_dot(w, out + row, a + row * a_row, a_row, b, terms)
        row += U(1)


@kernel(types.void(F8, U, U, U, U, U, U, U, U, U, types.boolean), inner=True, apart=True)
def _row_dots(  # noqa: PLR0913  a kernel over flat columns
    w: NDArray[np.float64], out: Int, rows: Int, terms: Int, a: Int, a_row: Int, b: Int, width: Int, a_width: Int,
    b_width: Int, careful: Bool,
) -> None:  # fmt: skip
    """Rows of a times one vector b; a single operand of laned ones takes the second place."""
    if width == U(1):
        _single_dots(w, out, rows, terms, a, a_row, b, careful)
        return
    for row in range(rows):
        if terms >= U(_LONG) and stopped() != 0:
            return
        for lane in range(U(0), width, U(8)):
            to = out + row * width + lane
            from_a = a + row * a_row * a_width + (lane if a_width != U(1) else U(0))
            from_b = b + (lane if b_width != U(1) else U(0))
            if a_width != U(1) and b_width != U(1):
                if careful:
                    _careful_both_laned(w, to, from_a, a_width, from_b, b_width, terms)
                else:
                    _dot_both_laned(w, to, from_a, a_width, from_b, b_width, terms)
            else:
                if a_width == U(1):
                    from_a, from_b = from_b, from_a
                if careful:
                    _careful_laned_single(w, to, from_a, width, from_b, U(1), terms)
                else:
                    _dot_laned_single(w, to, from_a, width, from_b, U(1), terms)


class _Sizes(NamedTuple):
    """A product's sizes, and how far the next row and column of its operands are."""

    m: Int
    k: Int
    n: Int
    x_row: Int
    x_column: Int
    y_row: Int
    y_column: Int


_SIZES = types.NamedUniTuple(U, 7, _Sizes)  # type: ignore[no-untyped-call]


@kernel(types.void(F8, _SIZES, U, U, U, U, U, types.boolean), inner=True, apart=True)
def _one_laned(
    w: NDArray[np.float64], s: _Sizes, out: Int, x: Int, y: Int, width: Int, x_width: Int, careful: Bool
) -> None:
    """One operand laned, the other single: its elements are spread over the lanes."""
    for lane in range(U(0), width, U(8)):
        if x_width == U(1):
            g = Grid(
                s.m, s.n, U(8), s.k, U(1), x, s.x_row, s.x_column, y + lane, U(VECTORS) * s.y_column * width,
                s.y_column * width, s.y_row * width, out + lane, s.n * width, width,
            )  # fmt: skip
        else:
            g = Grid(
                s.n, s.m, U(8), s.k, U(1), y, s.y_column, s.y_row, x + lane, U(VECTORS) * s.x_row * width,
                s.x_row * width, s.x_column * width, out + lane, width, s.n * width,
            )  # fmt: skip
        _any_grid(w, w, g, careful)


@kernel(types.void(F8, _SIZES, U, U, U, U, types.boolean), inner=True, apart=True)
def _both_laned(w: NDArray[np.float64], s: _Sizes, out: Int, x: Int, y: Int, width: Int, careful: Bool) -> None:
    """Both operands laned: a product for each lane, eight at once."""
    for lane in range(U(0), width, U(8)):
        g = Grid(
            s.m, s.n, U(8), s.k, U(1), x + lane, s.x_row * width, s.x_column * width, y + lane,
            U(VECTORS) * s.y_column * width, s.y_column * width, s.y_row * width, out + lane, s.n * width, width,
        )  # fmt: skip
        if careful:
            _careful_grid(w, w, g, True)
        else:
            _laned_grid(w, g)


@kernel(types.void(F8, _SIZES, U, U, U, U, types.boolean), inner=True)
def _flat(w: NDArray[np.float64], s: _Sizes, out: Int, x: Int, y: Int, width: Int, careful: Bool) -> None:
    """A single x times a y whose columns, lanes included, lie side by side; or no lanes at all."""
    n = s.n * width
    vectors = (n + U(7)) // U(8)
    g = Grid(
        s.m, vectors, n - (vectors - U(1)) * U(8), s.k, U(1), x, s.x_row, s.x_column, y, U(_PANEL), U(8),
        s.y_row * width, out, n, U(8),
    )  # fmt: skip
    _blocked(w, n, g, s.y_row * width, s.y_column, careful)


@kernel(types.void(F8, _SIZES, U, U, U, U, U, U, types.boolean), inner=True)
def _by_tiles(  # noqa: PLR0913  a kernel over flat columns
    w: NDArray[np.float64], s: _Sizes, out: Int, x: Int, y: Int, width: Int, x_width: Int, y_width: Int, careful: Bool
) -> None:
    """A product whose terms are added one after another."""
    if width == U(1) or (x_width == U(1) and s.y_column == U(1)):
        _flat(w, s, out, x, y, width, careful)
    elif x_width == U(1) or y_width == U(1):
        _one_laned(w, s, out, x, y, width, x_width, careful)
    else:
        _both_laned(w, s, out, x, y, width, careful)


@kernel(types.void(F8, _SIZES, U, U, U, U, U, U, types.boolean), inner=True)
def _product(  # noqa: PLR0913  a kernel over flat columns
    w: NDArray[np.float64], s: _Sizes, out: Int, x: Int, y: Int, width: Int, x_width: Int, y_width: Int, careful: Bool
) -> None:
    """A product that is not empty, in the order that its sizes ask for."""
    if s.n == U(1) and s.x_column == U(1):
        _row_dots(w, out, s.m, s.k, x, s.x_row, y, width, x_width, y_width, careful)
    elif s.m == U(1) and s.y_row == U(1):
        _row_dots(w, out, s.n, s.k, y, s.y_column, x, width, y_width, x_width, careful)
    elif s.n == U(1):
        turned = _Sizes(U(1), s.k, s.m, U(1), s.y_row, s.x_column, s.x_row)
        _by_tiles(w, turned, out, y, x, width, y_width, x_width, careful)
    else:
        _by_tiles(w, s, out, x, y, width, x_width, y_width, careful)


@kernel(types.void(F8, I8, U, U, U, U, U, U, U, types.boolean), apart=True)
def matrix_product(  # noqa: PLR0913  a kernel over flat columns
    w: NDArray[np.float64], pool: NDArray[np.int64], at: Int, out: Int, x: Int, y: Int, width: Int, x_width: Int,
    y_width: Int, zero_safe: Bool,
) -> None:  # fmt: skip
    """op(x) op(y); ``pool[at:]`` holds m, k, n and whether x and y are stored transposed.

    Where the product is smaller than its operands, it is looked through instead: an infinity or a NaN in an operand
    leaves one in the plain product, so where there is none, strong zeros change nothing.
    """
    m, k, n = U(pool[at]), U(pool[at + 1]), U(pool[at + 2])
    if m * n == U(0) or k == U(0):
        for i in range(m * n * width):
            w[out + i] = 0.0
        return
    x_row, x_column = (k, U(1)) if pool[at + 3] == 0 else (U(1), m)
    y_row, y_column = (n, U(1)) if pool[at + 4] == 0 else (U(1), k)
    s = _Sizes(m, k, n, x_row, x_column, y_row, y_column)
    given, made = m * k * x_width + k * n * y_width, m * n * width
    careful = zero_safe and given < made and not (_finite(w, x, m * k * x_width) and _finite(w, y, k * n * y_width))
    _product(w, s, out, x, y, width, x_width, y_width, careful)
    if zero_safe and given >= made and not _finite(w, out, made):
        _product(w, s, out, x, y, width, x_width, y_width, True)
