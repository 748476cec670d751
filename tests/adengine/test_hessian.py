"""Second derivatives as the engine's calls give them: shapes, weights, selections, refusals."""

import itertools
import math
import threading

import numpy as np
import numpy.typing as npt
import pytest

from adengine import Engine, Input, Limits, Mode, Output, SparseHessianResult, WengertList
from adengine.calls import Selection
from adengine.errors import AmbiguousDirections, InvalidDirections, LimitExceeded, UnknownName
from adengine.functions import HeldFunction
from adengine.vector_library import SCALAR
from tests.adengine.test_jacobian_list import narrow
from tests.conformance.in_process import engine_list
from tests.oracles import problems
from tests.wire_lists import ListWriter

Floats = npt.NDArray[np.float64]
ENGINE = Engine()
X = np.array([0.5, 3.0])


def lecture() -> WengertList:
    """Return x1 x2 + sin x1."""
    return WengertList.build(
        inputs=[Input("x1"), Input("x2")], primitives=[12, 60, 10], arguments=[1, 2, 1, 3, 4], outputs=[Output("f", 5)]
    )


def several() -> WengertList:
    """Return, of x (3,) and a scalar c, the outputs cube (3,) = x^3, none (0,) and product = c x1 x2 x3."""
    f = ListWriter()
    x, c = f.input("x", 3), f.input("c")
    f.output("cube", f.add("INTEGER_POWER", x, parameters=[3]))
    f.output("none", f.add("SLICE", x, parameters=[1, 0, 0, 1]))
    f.output("product", f.add("MULTIPLY", f.add("PROD", x, parameters=[0, 1, 0]), c))
    return engine_list(f.message)


def hessian_of_several(point: Floats, weights: Floats) -> Floats:
    """Return the Hessian for weights of cube and product by x and c, from the formulas."""
    (a, b, d, c), w = point, weights[3]
    h = np.zeros((4, 4))
    h[[0, 1, 2], [0, 1, 2]] = 6 * weights[:3] * point[:3]
    h[0, 1], h[0, 2], h[1, 2] = w * c * d, w * c * b, w * c * a
    h[:3, 3] = w * b * d, w * a * d, w * a * b
    return h + np.triu(h, 1).T


def test_the_function_of_the_lecture() -> None:
    found = ENGINE.hessian(lecture(), X)
    np.testing.assert_allclose(found.values, [1.5 + np.sin(0.5)], rtol=1e-15)
    np.testing.assert_allclose(found.gradient, [3 + np.cos(0.5), 0.5], rtol=1e-15)
    np.testing.assert_allclose(found.hessian, [[-np.sin(0.5), 1], [1, 0]], rtol=1e-15)
    assert found.report.mode is Mode.FORWARD
    products = ENGINE.hvp(lecture(), X, np.array([2.0, 1.0]))
    np.testing.assert_allclose(products.products, [1 - 2 * np.sin(0.5), 2], rtol=1e-14)
    assert products.report.sweeps == 1


def test_weights_the_same_for_all_and_of_each_point() -> None:
    random = np.random.default_rng(1)
    function, points, weights = several(), random.normal(size=(11, 4)), random.normal(size=(11, 4))
    each = ENGINE.hessian(function, points, weights[:, None, :])
    same = ENGINE.hessian(function, points, weights[0])
    for k in range(11):
        np.testing.assert_allclose(each.hessian[k], hessian_of_several(points[k], weights[k]), rtol=1e-14, atol=1e-15)
        alone = ENGINE.hessian(function, points[k], weights[k])
        np.testing.assert_array_equal(alone.hessian, each.hessian[k])
        np.testing.assert_array_equal(alone.gradient, each.gradient[k])
        np.testing.assert_array_equal(ENGINE.hessian(function, points[k], weights[0]).hessian, same.hessian[k])
    np.testing.assert_array_equal(each.values, ENGINE.evaluate(function, points).values)


def test_a_weight_of_one_may_be_left_out() -> None:
    for weights in (np.ones(1), np.ones((1, 1, 1))):
        x = X if weights.ndim == 1 else X[None]
        np.testing.assert_array_equal(
            ENGINE.hessian(lecture(), x, weights).hessian, ENGINE.hessian(lecture(), x).hessian
        )
    # nothing in the other outputs
    np.testing.assert_allclose(
        ENGINE.hessian(several(), np.arange(1.0, 5.0), outputs=["none", "product"]).hessian,
        hessian_of_several(np.arange(1.0, 5.0), np.array([0.0, 0.0, 0.0, 1.0])),
    )


@pytest.mark.parametrize("directions", ["one for all", "several for all", "several each", "none"])
def test_products_at_several_points(directions: str) -> None:
    random = np.random.default_rng(2)
    function, points, weights = several(), random.normal(size=(9, 4)), random.normal(size=(9, 1, 4))
    shape = {"one for all": (4,), "several for all": (1, 5, 4), "several each": (9, 5, 4), "none": (1, 0, 4)}[
        directions
    ]
    u = random.normal(size=shape)
    found = ENGINE.hvp(function, points, u, weights)
    hessian = ENGINE.hessian(function, points, weights).hessian
    expected = hessian @ u if u.ndim == 1 else np.broadcast_to(u, (9, *shape[1:])) @ hessian
    np.testing.assert_allclose(found.products, expected, rtol=1e-13, atol=1e-14)
    for k in range(9):
        of_k = u if u.ndim == 1 else u[0 if len(u) == 1 else k]
        np.testing.assert_array_equal(ENGINE.hvp(function, points[k], of_k, weights[k, 0]).products, found.products[k])


def test_names_and_shared_values() -> None:
    function, weights = several(), np.array([2.0, 3.0, 5.0, 7.0])
    x, c = np.array([0.5, -1.5, 2.0]), np.array(0.75)
    full = hessian_of_several(np.append(x, c), weights)
    by_x = ENGINE.hessian(function, x, weights, shared=[("c", c)])
    np.testing.assert_allclose(by_x.hessian, full[:3, :3], rtol=1e-15)
    order = [3, 0, 1, 2]
    turned = ENGINE.hessian(function, x, weights, shared=[("c", c)], with_respect_to=["c", "x"])
    np.testing.assert_allclose(turned.hessian, full[np.ix_(order, order)], rtol=1e-15)
    points = np.stack([x, 2 * x])
    some = ENGINE.hvp(
        function, points, np.ones(1), np.array([[[7.0]], [[1.0]]]), shared=[("c", c)], outputs=["product"],
        with_respect_to=["c"],
    )  # fmt: skip
    assert some.products.tolist() == [[0.0], [0.0]]
    np.testing.assert_allclose(some.gradient, [[7 * x.prod()], [8 * x.prod()]], rtol=1e-15)
    fixed = ENGINE.hessian(function, None, weights, shared=[("x", x), ("c", c)], with_respect_to=["x"])
    np.testing.assert_allclose(fixed.hessian, full[:3, :3], rtol=1e-15)


def test_nothing_of_everything() -> None:
    function, weights = several(), np.ones(4)
    for points, shape in ((np.zeros((0, 4)), (0, 4, 4)), (np.zeros((3, 4)), (3, 4, 4))):
        assert ENGINE.hessian(function, points, weights).hessian.shape == shape
        assert ENGINE.hessian(function, points, np.ones((len(points), 1, 4))).gradient.shape == shape[:2]
        assert ENGINE.hvp(function, points, np.ones(4), weights).products.shape == shape[:2]
        assert ENGINE.sparse_hessian(function, points, weights).entries.shape == (shape[0], 15)
    empty = ENGINE.hessian(function, np.ones(4), np.zeros(0), outputs=["none"])
    assert (empty.values.shape, empty.gradient.tolist(), empty.hessian.tolist()) == ((0,), [0.0] * 4, [[0.0] * 4] * 4)
    fixed = [("x", np.ones(3)), ("c", np.array(2.0))]
    none = ENGINE.hessian(function, None, weights, shared=fixed)
    assert (none.gradient.shape, none.hessian.shape) == ((0,), (0, 0))
    np.testing.assert_array_equal(none.values, [1.0, 1.0, 1.0, 2.0])
    assert ENGINE.hvp(function, None, np.zeros((3, 0)), weights, shared=fixed).products.shape == (3, 0)


def test_a_linear_function_has_no_second_derivatives() -> None:
    f = ListWriter()
    x, y = f.input("x", 3), f.input("y", 3)
    f.output("f", f.add("ADD", x, f.add("MULTIPLY", f.constant(2.0), y)))
    weights = np.array([1.0, 2.0, 3.0])
    found = ENGINE.hessian(engine_list(f.message), np.full((2, 6), math.inf), weights)
    assert ENGINE.sparse_hessian(engine_list(f.message), np.ones((2, 6)), weights).entries.shape == (2, 0)
    assert found.gradient.tolist() == [[1.0, 2.0, 3.0, 2.0, 4.0, 6.0]] * 2
    assert not found.hessian.any()
    assert not ENGINE.hvp(engine_list(f.message), np.ones(6), np.ones(6), weights).products.any()


def whole(found: SparseHessianResult) -> Floats:
    """Return a sparse Hessian with all its zeros."""
    hessian = np.zeros((*found.entries.shape[:-1], *found.pattern.shape))
    hessian[..., found.pattern.row, found.pattern.column] = found.entries
    return hessian


def columns(function: WengertList, x: Floats, weights: Floats | None = None) -> Floats:
    """Return the Hessian by a sweep for each column."""
    engine = Engine(Limits(pattern_entries=1))
    found = engine.hessian(function, x, weights)
    assert found.report.sweeps == function.n
    return found.hessian


def scalar_rosenbrock(n: int) -> WengertList:
    """Return the sum of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2, of scalars."""
    f = ListWriter()
    x = [f.input(f"x{i}") for i in range(n)]
    total = f.constant(0.0)
    for a, b in itertools.pairwise(x):
        bend = f.add("SQUARE", f.add("SUBTRACT", b, f.add("SQUARE", a)))
        rest = f.add("SQUARE", f.add("SUBTRACT", f.constant(1.0), a))
        total = f.add("ADD", total, f.add("ADD", f.add("MULTIPLY", f.constant(100.0), bend), rest))
    f.output("f", total)
    return engine_list(f.message)


def arrow(n: int) -> WengertList:
    """Return the sum of sin(x_0 x_i) x_i, of an array: an arrowhead."""
    f = ListWriter()
    x = f.input("x", n)
    first = f.add("GATHER", x, parameters=[0, 0, 0])
    rest = f.add("SLICE", x, parameters=[1, 1, n - 1, 1])
    terms = f.add("MULTIPLY", f.add("SIN", f.add("MULTIPLY", first, rest)), rest)
    f.output("f", f.add("SUM", terms, parameters=[0, 1, 0]))
    return engine_list(f.message)


def test_rosenbrock_of_scalars_is_a_list() -> None:
    function = scalar_rosenbrock(1000)
    x = np.random.default_rng(4).uniform(-1, 1, (3, 1000))
    found = ENGINE.sparse_hessian(function, x)
    assert found.report.sweeps == 0
    assert found.report.reason.startswith("a list of all 2998 entries: ")
    middle = 1200 * x[:, 1:-1] ** 2 - 400 * x[:, 2:] + 202
    diagonal = np.diagonal(whole(found), axis1=1, axis2=2)
    np.testing.assert_allclose(diagonal[:, 1:-1], middle, rtol=1e-12, atol=1e-10)
    np.testing.assert_array_equal(np.diagonal(whole(found), 1, 1, 2), -400 * x[:, :-1])
    np.testing.assert_array_equal(ENGINE.hessian(function, x).hessian, whole(found))
    np.testing.assert_allclose(whole(found), columns(function, x), rtol=1e-13, atol=1e-12)
    assert found.pattern is ENGINE.sparsity(function, hessian=True).pattern


def test_rosenbrock_of_an_array_takes_three_sweeps() -> None:
    function = engine_list(problems.rosenbrock(300))
    x = np.random.default_rng(5).uniform(-1, 1, (2, 300))
    found = ENGINE.sparse_hessian(function, x)
    assert found.report.sweeps == 3
    assert found.report.reason.startswith("3 forward sweeps over the gradient's list for 300 columns; a list of all")
    np.testing.assert_allclose(whole(found), columns(function, x), rtol=1e-14)


def test_an_arrowhead_takes_two_sweeps() -> None:
    function = arrow(400)
    x = np.random.default_rng(6).uniform(-1, 1, 400)
    found = ENGINE.sparse_hessian(function, x)
    assert found.report.sweeps == 2
    assert found.pattern.nnz == 3 * 400 - 2
    hessian = whole(found)
    assert hessian.tobytes() == hessian.T.tobytes()
    np.testing.assert_allclose(hessian, columns(function, x), rtol=1e-13, atol=1e-13)
    a, y = x[0], x[1:]
    along = 2 * a * np.cos(a * y) - a**2 * y * np.sin(a * y)
    np.testing.assert_allclose(hessian[1:, 1:].diagonal(), along, rtol=1e-12)


def test_deep_narrow_functions_do_not_explode() -> None:
    function = engine_list(narrow(60, 12))
    x, weights = np.linspace(0.1, 0.3, 12), np.linspace(1, 2, 12)
    found = ENGINE.hessian(function, x, weights)
    assert found.report.sweeps == 12
    assert "more than" in found.report.reason
    np.testing.assert_allclose(found.hessian, columns(function, x, weights), rtol=1e-12)


def test_each_point_gives_what_it_gives_alone() -> None:
    random = np.random.default_rng(7)
    for function in (scalar_rosenbrock(30), arrow(30), engine_list(narrow(5, 12))):
        points, weights = random.uniform(0.1, 1, (19, function.n)), random.normal(size=(19, 1, function.m))
        together = ENGINE.sparse_hessian(function, points, weights)
        alone = [ENGINE.sparse_hessian(function, x, w[0]).entries for x, w in zip(points, weights, strict=True)]
        np.testing.assert_array_equal(together.entries, alone)


@pytest.mark.parametrize("points", [1, 37])
def test_machine_code_gives_the_same(points: int) -> None:
    plain = Engine(machine_code=False)
    for function in (scalar_rosenbrock(30), several(), engine_list(narrow(5, 12)), arrow(20)):
        engine, n, m = Engine(), function.n, function.m
        random = np.random.default_rng(8)
        x = random.uniform(0.1, 1, (points, n)) if points > 1 else random.uniform(0.1, 1, n)
        weights = None if m == 1 else random.normal(size=m)
        u = random.normal(size=(1, 3, n) if points > 1 else (3, n))
        for what in ("hessian", "sparse_hessian", "hvp"):
            tier = engine.prepare(function, what, points=points, directions=3)
            given: list[Floats | None] = [u, weights] if what == "hvp" else [weights]
            found, expected = getattr(engine, what)(function, x, *given), getattr(plain, what)(function, x, *given)
            assert found.report.tier == tier
            for one, other in zip(found[:-1], expected[:-1], strict=True):
                if isinstance(one, np.ndarray):
                    np.testing.assert_array_equal(one, other)


def test_second_derivatives_are_prepared() -> None:
    assert ENGINE.prepare(scalar_rosenbrock(300), "sparse_hessian") == "machine"
    with pytest.raises(UnknownName):
        ENGINE.prepare(lecture(), "hessian", outputs=["h"])


REFUSED: list[tuple[tuple[int, ...], tuple[int, ...] | None, str]] = [
    ((4,), None, "weights are missing; (4,) is expected, m = 4"),
    ((4,), (3,), "weights have shape (3,); (4,) is expected, m = 4"),
    ((4,), (1, 1, 4), "weights have shape (1, 1, 4); (4,) is expected, m = 4"),
    ((3, 4), (3, 4), "weights have shape (3, 4); (4,) or (3, 1, 4) is expected, m = 4"),
    ((3, 4), (3, 2, 4), "weights have shape (3, 2, 4); (4,) or (3, 1, 4) is expected, m = 4"),
    ((3, 4), (2, 1, 4), "weights have shape (2, 1, 4); (4,) or (3, 1, 4) is expected, m = 4"),
]


@pytest.mark.parametrize(("points", "weights", "message"), REFUSED)
def test_weights_of_other_shapes(points: tuple[int, ...], weights: tuple[int, ...] | None, message: str) -> None:
    given = None if weights is None else np.ones(weights)
    with pytest.raises(InvalidDirections) as caught:
        ENGINE.hessian(several(), np.ones(points), given)
    assert str(caught.value) == message
    assert caught.value.violations[0].field == "weights"
    with pytest.raises(InvalidDirections):
        ENGINE.hvp(several(), np.ones(points), np.ones(4), given)


def test_wrong_directions_and_names() -> None:
    function, weights = several(), np.ones(4)
    with pytest.raises(InvalidDirections, match="tangents are missing"):
        ENGINE.hvp(function, np.ones(4), None, weights)
    with pytest.raises(AmbiguousDirections):
        ENGINE.hvp(function, np.ones((2, 4)), np.ones((2, 4)), weights)
    with pytest.raises(UnknownName):
        ENGINE.hessian(function, np.ones(4), weights, with_respect_to=["z"])


def test_limits() -> None:
    function, x = engine_list(problems.rosenbrock(20)), np.ones((3, 20))
    refusals = [
        (Limits(reply_elements=1199), "1200 needed, the limit reply_elements is 1199"),
        (Limits(call_elements=1000), "call_elements"),
        (Limits(call_bytes=10_000), "call_bytes"),
    ]
    for limits, message in refusals:
        with pytest.raises(LimitExceeded, match=message):
            Engine(limits).hessian(function, x)
    with pytest.raises(LimitExceeded, match="58 needed, the limit pattern_entries is 57"):
        Engine(Limits(pattern_entries=57)).sparse_hessian(function, x)
    with pytest.raises(LimitExceeded, match="174 needed, the limit reply_elements is 173"):
        Engine(Limits(reply_elements=173)).sparse_hessian(function, x)
    with pytest.raises(LimitExceeded, match="60 needed, the limit reply_elements is 50"):
        Engine(Limits(reply_elements=50)).hvp(function, x, np.ones((1, 1, 20)))
    with pytest.raises(LimitExceeded, match="products: 1020 needed"):
        Engine(Limits(reply_elements=1000)).hvp(function, x[0], np.ones((51, 20)))


def test_what_bounds_memory_is_called_without_a_lock() -> None:
    """Who bounds memory takes locks of its own, then this one: with it held, two threads could wait for each other."""
    stuck: list[bool] = []

    def on_growth() -> None:
        other = threading.Thread(target=held.drop, daemon=True)
        other.start()
        other.join(5.0)
        stuck.append(other.is_alive())

    held = HeldFunction(lecture(), 1 << 20, on_growth, most_compiled=None, routines=SCALAR)
    selection = Selection((0,), (0, 1), ())
    held.keep("outer", lambda: held.keep("inner", lambda: held.primal(selection)))
    assert stuck == [False]
