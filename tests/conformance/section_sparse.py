"""Sparse Jacobians and their patterns, as grids: ``x`` where there may be an entry, ``.`` where there is none."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.conformance import expectations as expect
from tests.conformance.cases import Case, tensor_json
from tests.conformance.expectations import TOLERANCE, Call
from tests.conformance.section_wrong_calls import refused, request_of
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1 import WengertList

ABOUT = "LAYOUT_SPARSE, values_only and Sparsity: entries sorted by row, then column; a pattern of the list alone."

Grid = Sequence[str]


def positions(grid: Grid) -> tuple[list[int], list[int]]:
    """Return rows and columns of the entries, sorted."""
    pairs = [(i, j) for i, line in enumerate(grid) for j, mark in enumerate(line) if mark == "x"]
    return [i for i, _ in pairs], [j for _, j in pairs]


def _matrix(call: Call, grid: Grid, *, values_only: bool) -> dict[str, Any]:
    row, column = positions(grid)
    dense = call.jacobian()
    outside = np.ones((call.m, call.n_w), np.bool_)
    outside[row, column] = False
    assert not np.any(dense[..., outside]), "the grid leaves out an entry that is not zero"
    return {
        "rows": call.m,
        "columns": call.n_w,
        "row": [] if values_only else row,
        "column": [] if values_only else column,
        "values": tensor_json(dense[..., row, column]),
    }


def _sparse(name: str, about: str, call: Call, grid: Grid, *, values_only: bool = False) -> Case:
    response = {"values": tensor_json(call.values()), "sparse": _matrix(call, grid, values_only=values_only)}
    request = call.request("Jacobian", layout="LAYOUT_SPARSE", values_only=values_only)
    return Case(name, about, "Jacobian", request, {"response": response, "tolerance": dict(TOLERANCE)})


def _pattern(name: str, about: str, call: Call, grid: Grid) -> Case:
    row, column = positions(grid)
    request = v1.SparsityRequest(
        function=v1.FunctionSource(list=call.function), outputs=call.outputs, with_respect_to=call.chosen
    )
    pattern = {"rows": call.m, "columns": call.n_w, "row": row, "column": column}
    return Case(name, about, "Sparsity", request, {"response": {"pattern": pattern}})


def _both(name: str, about: str, call: Call, grid: Grid) -> list[Case]:
    return [_pattern(f"{name}/pattern", about, call, grid), _sparse(f"{name}/entries", about, call, grid)]


def _arrowhead() -> WengertList:
    """Return x0 + ... + x4, and sin x0 times each of the others."""
    f = ListWriter()
    x = f.input("x", 5)
    first = f.add("SLICE", x, parameters=[1, 0, 1, 1])
    others = f.add("SLICE", x, parameters=[1, 1, 4, 1])
    f.output("tip", f.sum(x, 0))
    f.output("shaft", f.add("MULTIPLY", f.add("SIN", first), others))
    return f.message


def _tridiagonal() -> WengertList:
    """Return x[i-1] + (3 - 2 x[i]) x[i] + 2 x[i+1] with scalars, five of them."""
    f = ListWriter()
    x = [f.input(f"x{i}") for i in range(5)]
    for i, at in enumerate(x):
        w = f.add("MULTIPLY", f.add("SUBTRACT", f.constant(3.0), f.add("MULTIPLY", f.constant(2.0), at)), at)
        if i:
            w = f.add("ADD", x[i - 1], w)
        if i < 4:
            w = f.add("ADD", w, f.add("MULTIPLY", f.constant(2.0), x[i + 1]))
        f.output(f"y{i}", w)
    return f.message


ARROW = ["xxxxx", "xx...", "x.x..", "x..x.", "x...x"]
BANDS = ["xx...", "xxx..", ".xxx.", "..xxx", "...xx"]
FIVE = [0.5, -1.0, 2.0, 0.25, 3.0]


def _shapes() -> list[Case]:
    f = ListWriter()
    f.output("y", f.add("EXP", f.input("x", 3)))
    outer = ListWriter()
    a, b = outer.input("a", 2), outer.input("b", 3)
    outer.output("y", outer.add("MULTIPLY", outer.add("RESHAPE", a, parameters=[2, 2, 1]), b))
    gather = ListWriter()
    gather.output("y", gather.add("SQUARE", gather.add("GATHER", gather.input("x", 4), parameters=[0, 1, 3, 2, 0, 2])))
    product = ListWriter()
    p, q = product.input("p", 2, 2), product.input("q", 2)
    product.output("y", product.add("MATMUL", p, q))
    return [
        *_both("diagonal", "an elementwise function", Call(f.message, [0.5, 1.0, -2.0]), ["x..", ".x.", "..x"]),
        *_both("arrowhead", "one full row and one full column", Call(_arrowhead(), FIVE), ARROW),
        *_both("tridiagonal", "three bands, of scalars", Call(_tridiagonal(), FIVE), BANDS),
        *_both(
            "outer",
            "an outer product by broadcasting",
            Call(outer.message, FIVE),
            ["x.x..", "x..x.", "x...x", ".xx..", ".x.x.", ".x..x"],
        ),
        *_both("gather", "elements taken, one of them twice", Call(gather.message, FIVE[:4]), ["..x.", "x...", "..x."]),
        *_both("matmul", "a matrix and a vector", Call(product.message, [*FIVE, -0.5]), ["xx..xx", "..xxxx"]),
    ]


def _structural() -> list[Case]:
    """An entry is there whatever the point: where it is 0, at a kink, or in a branch not taken."""
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("product", f.add("MULTIPLY", x, y))
    f.output("maximum", f.add("MAXIMUM", x, y))
    f.output("chosen", f.add("SELECT", f.add("LESS", x, f.constant(0.0)), x, y))
    f.output("steps", f.add("FLOOR", x))
    grid = ["xx", "xx", "xx", ".."]
    rows = {"zero": [0.0, 0.0], "other": [-1.0, 2.0], "far": [3.0, 1.0]}
    about = "the same pattern at every point; comparisons and steps have no entries"
    cases = [_sparse(f"structural/{name}", about, Call(f.message, at), grid) for name, at in rows.items()]
    return [_pattern("structural/pattern", about, Call(f.message, [0.0, 0.0]), grid), *cases]


def _selected() -> list[Case]:
    f = ListWriter()
    a, k, t = f.input("a", 2), f.input("k"), f.input("t", 2)
    f.output("scaled", f.add("MULTIPLY", a, k))
    f.output("shifted", f.add("ADD", f.add("SIN", a), t))
    f.output("total", f.sum(t, 0))
    point = [1.5, -0.5, 0.8, 0.25, 2.0]
    chosen = Call(f.message, point, outputs=["total", "scaled"], with_respect_to=["t", "k"])
    shared = Call(f.message, [1.5, -0.5, 0.25, 2.0], shared={"k": 0.8})
    by_shared = Call(f.message, [1.5, -0.5, 0.25, 2.0], shared={"k": 0.8}, with_respect_to=["k", "a"])
    return [
        *_both("selection", "rows and columns in the order asked for", chosen, ["xx.", "..x", "..x"]),
        _sparse("shared/rest", "columns of what is not shared", shared, ["x...", ".x..", "x.x.", ".x.x", "..xx"]),
        _sparse("shared/by-it", "a shared input first", by_shared, ["xx.", "x.x", ".x.", "..x", "..."]),
    ]


def _points() -> list[Case]:
    many = Call(_arrowhead(), [FIVE, FIVE[::-1], [0.0] * 5])
    one = Call(_tridiagonal(), FIVE)
    none = Call(_tridiagonal(), np.zeros((0, 5)))
    return [
        _sparse("points/three", "values (K, nnz), one pattern", many, ARROW),
        _sparse("points/three/values-only", "rows and columns left out, extents told", many, ARROW, values_only=True),
        _sparse("points/one-of-one", "K = 1: values (1, nnz)", Call(_tridiagonal(), [FIVE]), BANDS),
        _sparse("points/none", "K = 0: values (0, nnz)", none, BANDS),
        _sparse("values-only", "rows and columns left out, extents told", one, BANDS, values_only=True),
    ]


def _empty() -> list[Case]:
    f = ListWriter()
    x, nothing = f.input("x", 2), f.input("nothing", 0)
    f.output("constant", f.constant(2.0))
    f.output("itself", x)
    f.output("void", f.add("EXP", nothing))
    at = [1.0, 2.0]
    return [
        *_both("empty/no-entries", "an output that is a constant", Call(f.message, at, outputs=["constant"]), [".."]),
        *_both("empty/no-rows", "m = 0", Call(f.message, at, outputs=["void"]), []),
        *_both(
            "empty/no-columns",
            "n_w = 0",
            Call(f.message, at, outputs=["itself"], with_respect_to=["nothing"]),
            ["", ""],
        ),
        *_both("identity", "an output that is an input", Call(f.message, at, outputs=["itself"]), ["x.", ".x"]),
    ]


def _reported() -> list[Case]:
    """A mode asked for is the one reported."""
    call = Call(_tridiagonal(), FIVE)
    result = []
    for mode in ("MODE_FORWARD", "MODE_REVERSE"):
        case = _sparse(f"mode/{mode[5:].lower()}", "the mode asked for", call, BANDS)
        request = call.request("Jacobian", layout="LAYOUT_SPARSE", mode=mode)
        response = {**case.expect["response"], "report": {"mode": mode}}
        result.append(Case(case.name, case.about, case.rpc, request, {**case.expect, "response": response}))
    return result


def _wrong() -> list[Case]:
    sparse = {"layout": "LAYOUT_SPARSE"}
    source = request_of("Jacobian").function
    rows: list[tuple[str, str, str, Any, str, str]] = [
        ("points", "two numbers for three", "Jacobian", request_of("Jacobian", [1.0, 2.0], **sparse), "INVALID_POINTS",
            "points"),
        ("output", "no such output", "Jacobian", request_of("Jacobian", outputs=["g"], **sparse), "UNKNOWN_NAME",
            "outputs[0]"),
        ("mode", "mode 9", "Jacobian", request_of("Jacobian", mode=9, **sparse), "MALFORMED_REQUEST", "mode"),
        ("pattern/output", "no such output", "Sparsity", v1.SparsityRequest(function=source, outputs=["g"]),
            "UNKNOWN_NAME", "outputs[0]"),
        ("pattern/twice", "one input twice", "Sparsity", v1.SparsityRequest(function=source,
            with_respect_to=["x", "x"]), "INVALID_NAME", "with_respect_to[1]"),
        ("pattern/none", "no function at all", "Sparsity", v1.SparsityRequest(), "MALFORMED_REQUEST", "function"),
    ]  # fmt: skip
    unheld = v1.SparsityRequest(function=v1.FunctionSource(id="0" * 64))
    return [
        *[refused(f"wrong/{label}", about, rpc, wrong, reason, at) for label, about, rpc, wrong, reason, at in rows],
        refused(
            "wrong/pattern/id", "an id not held", "Sparsity", unheld, "UNKNOWN_FUNCTION", "function.id",
            "FAILED_PRECONDITION",
        ),
        *_too_many(),
    ]  # fmt: skip


def _too_many() -> list[Case]:
    """A full matrix of 10^5 squared: refused by its count, not filled in."""
    f = ListWriter()
    n = 100_000
    total = f.sum(f.add("SIN", f.input("x", n)), 0)
    f.output("y", f.add("BROADCAST", total, parameters=[1, n]))
    source = v1.FunctionSource(list=f.message)
    sparse = v1.JacobianRequest(function=source, points=tensor(np.zeros((0, n))), layout=v1.Layout.LAYOUT_SPARSE)
    code = "RESOURCE_EXHAUSTED"
    return [
        refused(
            "wrong/too-many/pattern", "1e10 entries", "Sparsity", v1.SparsityRequest(function=source),
            "LIMIT_EXCEEDED", "", code,
        ),
        refused("wrong/too-many/entries", "1e10 entries", "Jacobian", sparse, "LIMIT_EXCEEDED", "", code),
    ]  # fmt: skip


def cases() -> list[Case]:
    dense = expect.jacobian("dense", "the same function, dense", Call(_tridiagonal(), FIVE))
    groups = (_shapes(), _structural(), _selected(), _points(), _empty(), _reported(), _wrong())
    return [dense, *[case for group in groups for case in group]]
