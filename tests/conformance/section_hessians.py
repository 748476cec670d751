"""Hessians and products with them, dense and sparse, where f is smooth; and what the zeros of products mean."""

import itertools
from typing import Any

import numpy as np

from tests.conformance import expectations_second as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.conformance.section_sparse import positions
from tests.conformance.section_wrong_calls import POINTS, refused, request_of
from tests.wire_lists import ListWriter, one_statement, tensor
from wengert import v1
from wengert.v1 import WengertList

ABOUT = "Hessian and Hvp: second derivatives of weighted sums, symmetric; patterns of Hessians; weights in all forms."


def _lecture() -> WengertList:
    """Return x1 x2 + sin x1."""
    f = ListWriter()
    x1, x2 = f.input("x1"), f.input("x2")
    f.output("f", f.add("ADD", f.add("MULTIPLY", x1, x2), f.add("SIN", x1)))
    return f.message


def _rosenbrock(n: int) -> WengertList:
    """Return the sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2, of scalars."""
    f = ListWriter()
    x = [f.input(f"x{i}") for i in range(n)]
    total = f.constant(0.0)
    for a, b in itertools.pairwise(x):
        valley = f.add("SQUARE", f.add("SUBTRACT", b, f.add("SQUARE", a)))
        slope = f.add("SQUARE", f.add("SUBTRACT", f.constant(1.0), a))
        total = f.add("ADD", total, f.add("FMA", f.constant(100.0), valley, slope))
    f.output("f", total)
    return f.message


def _several() -> WengertList:
    """Return outputs y (2,) and s () of a (2,), k () and t (2,)."""
    f = ListWriter()
    a, k, t = f.input("a", 2), f.input("k"), f.input("t", 2)
    f.output("y", f.add("MULTIPLY", f.add("EXP", f.add("MULTIPLY", k, a)), t))
    f.output("s", f.add("MULTIPLY", f.sum(f.add("SQUARE", t), 0), k))
    return f.message


AT = [0.5, -1.0, 0.75, 2.0, 0.25]
ROSENBROCK = ["xx...", "xxx..", ".xxx.", "..xxx", "...xx"]
FIVE = [0.3, -0.2, 1.1, 0.7, -0.9]


def _textbook() -> list[Case]:
    sine = -np.sin(2.0)
    at = Call(_lecture(), [2.0, 3.0])
    return [
        expect.hessian("lecture", "((-sin x1, 1), (1, 0))", at, said=[[sine, 1.0], [1.0, 0.0]]),
        expect.hessian("lecture/at-zero", "((0, 1), (1, 0))", Call(_lecture(), [0.0, 0.0]), said=[[0, 1], [1, 0]]),
        expect.hvp("lecture/hvp", "along (1, 0)", at, [1.0, 0.0]),
        expect.hessian("rosenbrock", "tridiagonal", Call(_rosenbrock(5), FIVE)),
        expect.hessian("rosenbrock/minimum", "at the minimum", Call(_rosenbrock(3), [1.0] * 3)),
        *_smooth(),
    ]


def _smooth() -> list[Case]:
    """Some statements of one array each, with second derivatives across its elements."""
    rows: list[tuple[str, list[tuple[int, ...]], list[int]]] = [
        ("PROD", [(2, 2)], [0, 1, 1]),
        ("LOGSUMEXP", [(3,)], [0, 1, 0]),
        ("MATMUL", [(2, 2), (2,)], []),
        ("DIVIDE", [(2,), ()], []),
        ("ATAN2", [(), ()], []),
        ("POWER", [(), ()], []),
        ("INTEGER_POWER", [(2,)], [3]),
        ("GATHER", [(3,)], [0, 1, 2, 2, 2]),
    ]
    result = []
    for name, shapes, parameters in rows:
        function = one_statement(name, shapes, parameters)
        n = sum(int(np.prod(shape)) for shape in shapes)
        call = Call(function, [0.4 + 0.35 * i for i in range(n)])
        weights = [0.5 + i for i in range(call.m)]
        result.append(expect.hessian(f"statement/{name.lower().replace('_', '-')}", name, call, weights))
    return result


def _weights() -> list[Case]:
    f = _several()
    one, many = Call(f, AT), Call(f, [AT, AT[::-1], [0.0] * 5])
    single = Call(f, [AT, AT[::-1]], outputs=["s"])
    return [
        expect.hessian("weights/one-point", "(m,)", one, [1.0, -2.0, 0.5]),
        expect.hessian("weights/zero", "weights 0: all second derivatives are 0", one, [0.0, 0.0, 0.0]),
        expect.hessian("weights/same", "(m,) at K points: the same at all", many, [1.0, -2.0, 0.5]),
        expect.hessian("weights/each", "(K, 1, m)", many, [[[1.0, 0.0, 0.5]], [[0.0, 2.0, 1.0]], [[-1.0, 1.0, 0.0]]]),
        expect.hessian("weights/absent", "m = 1: the weight 1", single),
        expect.hessian("weights/one", "m = 1: another weight", single, [-3.0]),
        expect.hvp("weights/hvp/same", "(m,) at K points", many, [1.0] * 5, [1.0, -2.0, 0.5]),
        expect.hvp(
            "weights/hvp/each", "(K, 1, m)", many, [1.0] * 5, [[[1.0, 0.0, 0.5]], [[0.0, 2.0, 1.0]], [[-1.0, 1.0, 0.0]]]
        ),
    ]


def _directions() -> list[Case]:
    f = _several()
    one, many = Call(f, AT, outputs=["s"]), Call(f, [AT, AT[::-1]], outputs=["s"])
    u = np.array([1.0, -1.0, 0.5, 2.0, 0.0])
    each = np.stack([np.stack([u, u[::-1], 0 * u]), np.stack([u + 1, u - 1, 2 * u])])
    return [
        expect.hvp("directions/one", "(n_w,)", one, u),
        expect.hvp("directions/many", "(p, n_w)", one, np.eye(5)),
        expect.hvp("directions/none", "p = 0", one, np.zeros((0, 5))),
        expect.hvp("directions/points/one", "(n_w,): one for all points", many, u),
        expect.hvp("directions/points/same", "(1, p, n_w): p for all points", many, each[:1]),
        expect.hvp("directions/points/each", "(K, p, n_w): p for each", many, each),
    ]


def _selections() -> list[Case]:
    f = _several()
    chosen: dict[str, Any] = {"outputs": ["s", "y"], "with_respect_to": ["t", "k"]}
    shared = Call(f, [[0.5, -1.0, 2.0, 0.25], [0.1, 0.2, 0.3, 0.4]], shared={"k": 0.75})
    by_shared = Call(f, [0.5, -1.0, 2.0, 0.25], shared={"k": 0.75}, with_respect_to=["k", "a"])
    return [
        expect.hessian("selection", "rows and columns in the order asked for", Call(f, AT, **chosen), [1.0, 0.5, 2.0]),
        expect.hvp(
            "selection/hvp", "directions in that order", Call(f, AT, **chosen), [1.0, 2.0, 3.0], [1.0, 0.5, 2.0]
        ),
        expect.hessian("shared", "columns of what is not shared", shared, [1.0, 0.5, 2.0]),
        expect.hessian("shared/by-it", "a shared input first", by_shared, [1.0, 0.5, 2.0]),
    ]


def _sparse() -> list[Case]:
    places = positions(ROSENBROCK)
    one = Call(_rosenbrock(5), FIVE)
    many = Call(_rosenbrock(5), [FIVE, [1.0] * 5, [0.0] * 5])
    pattern = {"rows": 5, "columns": 5, "row": places[0], "column": places[1]}
    asked = v1.SparsityRequest(function=v1.FunctionSource(list=one.function), hessian=True)
    several = Call(_several(), AT, outputs=["s"], with_respect_to=["k", "t"])
    return [
        Case("sparse/pattern", "of Rosenbrock's function", "Sparsity", asked, {"response": {"pattern": pattern}}),
        expect.sparse_hessian("sparse/entries", "both triangles, by row and column", one, places),
        expect.sparse_hessian("sparse/values-only", "rows and columns left out", one, places, values_only=True),
        expect.sparse_hessian("sparse/points", "values (K, nnz)", many, places),
        expect.sparse_hessian("sparse/selection", "arrow", several, positions([".xx", "xx.", "x.x"]), [2.0]),
    ]


def _nothing() -> list[Case]:
    linear = ListWriter()
    x = linear.input("x", 3)
    linear.output("y", linear.sum(x, 0))
    empty = ListWriter()
    a, nothing = empty.input("a", 2), empty.input("nothing", 0)
    empty.output("y", empty.add("SQUARE", a))
    empty.output("void", empty.add("EXP", nothing))
    at = [1.0, 2.0]
    none = positions([])
    return [
        expect.hessian("nothing/linear", "a linear function", Call(linear.message, [1.0, 2.0, 3.0])),
        expect.sparse_hessian("nothing/linear/sparse", "no entries", Call(linear.message, [1.0, 2.0, 3.0]), none),
        expect.hessian("nothing/no-inputs", "n_w = 0", Call(empty.message, at, with_respect_to=["nothing"],
            outputs=["y"]), [1.0, 1.0]),
        expect.hessian("nothing/no-outputs", "m = 0", Call(empty.message, at, outputs=["void"]), np.zeros(0)),
        expect.hessian("nothing/no-points", "K = 0", Call(empty.message, np.zeros((0, 2)), outputs=["y"]), [1.0, 1.0]),
    ]  # fmt: skip


def _wrong() -> list[Case]:
    rows: list[tuple[str, str, dict[str, Any], Any]] = [
        ("absent", "none, and m = 3", {}, (1.0, 2.0, 3.0)),
        ("short", "(2,)", {"weights": tensor([1.0, 2.0])}, (1.0, 2.0, 3.0)),
        ("many", "(2, 3): one vector of weights only", {"weights": tensor([[1.0] * 3] * 2)}, (1.0, 2.0, 3.0)),
        ("three-axes", "(1, 1, 3) at one point", {"weights": tensor([[[1.0] * 3]])}, (1.0, 2.0, 3.0)),
        ("batch-several", "(2, 2, 3): two for each point", {"weights": tensor([[[1.0] * 3] * 2] * 2)}, POINTS),
        ("batch-count", "(3, 1, 3) at two points", {"weights": tensor([[[1.0] * 3]] * 3)}, POINTS),
        ("batch-width", "(2, 1, 2)", {"weights": tensor([[[1.0] * 2]] * 2)}, POINTS),
    ]
    result = []
    for rpc in ("Hessian", "Hvp"):
        more = {"tangents": tensor([1.0, 0.0, 0.0])} if rpc == "Hvp" else {}
        for label, about, weights, points in rows:
            request = request_of(rpc, points, **weights, **more)
            result.append(refused(f"wrong/{rpc.lower()}/{label}", about, rpc, request, "INVALID_DIRECTIONS", "weights"))
    weights = {"weights": tensor([1.0, 1.0, 1.0])}
    tangents: dict[str, Any] = {"tangents": tensor([1.0, 0.0, 0.0])}
    several: list[tuple[str, str, str, Any, str, str]] = [
        ("no-tangents", "none", "Hvp", request_of("Hvp", **weights), "INVALID_DIRECTIONS", "tangents"),
        ("short-tangents", "(2,)", "Hvp", request_of("Hvp", **weights, tangents=tensor([1.0, 2.0])),
            "INVALID_DIRECTIONS", "tangents"),
        ("ambiguous", "(2, 3) at two points", "Hvp", request_of("Hvp", POINTS, **weights,
            tangents=tensor([[1.0] * 3] * 2)), "AMBIGUOUS_DIRECTIONS", "tangents"),
        ("ragged", "two values for (3,)", "Hessian", request_of("Hessian", weights=v1.Tensor(shape=[3],
            values=[1.0] * 2)), "INVALID_SHAPE", "weights"),
        ("points", "two numbers for three", "Hessian", request_of("Hessian", [1.0, 2.0], **weights), "INVALID_POINTS",
            "points"),
        ("output", "no such output", "Hessian", request_of("Hessian", outputs=["g"]), "UNKNOWN_NAME", "outputs[0]"),
        ("input", "no such input", "Hvp", request_of("Hvp", with_respect_to=["y"], **weights, **tangents),
            "UNKNOWN_NAME", "with_respect_to[0]"),
        ("layout", "layout 9", "Hessian", request_of("Hessian", layout=9, **weights), "MALFORMED_REQUEST", "layout"),
        ("none", "no function at all", "Hessian", v1.HessianRequest(), "MALFORMED_REQUEST", "function"),
        ("none/hvp", "no function at all", "Hvp", v1.HvpRequest(**tangents), "MALFORMED_REQUEST", "function"),
    ]  # fmt: skip
    return result + [refused(f"wrong/{label}", about, rpc, ask, why, at) for label, about, rpc, ask, why, at in several]


def cases() -> list[Case]:
    groups = (_textbook(), _weights(), _directions(), _selections(), _sparse(), _nothing(), _wrong())
    return [case for group in groups for case in group]
