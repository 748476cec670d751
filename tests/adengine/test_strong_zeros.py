"""Products with strong zeros: machine code computes ordinary ones, and the evaluator mends what became NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

from adengine import Derivative, Engine, Mode
from adengine.adjoint import adjoint
from adengine.dual import dual
from adengine.lower import lower
from adengine.strong_zeros import may_be_plain
from tests.adengine.test_machine_code import same_bits
from tests.conformance.in_process import engine_list
from tests.wire_lists import ListWriter

if TYPE_CHECKING:
    from adengine import WengertList

Floats = npt.NDArray[np.float64]
AWKWARD = (0.0, -0.0, 1.5, -2.0, 5e-324, 1e300, np.inf, -np.inf, np.nan)
VM, COMPILING = Engine(machine_code=False, threads=1), Engine(threads=1)


def test_it_is_the_ordinary_product_but_for_zero_times_what_is_not_finite() -> None:
    """Of single numbers, on lanes, and as a row of elements."""
    pairs = np.array([(a, b) for a in AWKWARD for b in AWKWARD])
    with np.errstate(all="ignore"):
        product = pairs[:, 0] * pairs[:, 1]
    expected = np.where(np.isnan(product) & (pairs == 0.0).any(axis=1), 0.0, product)
    for shape in ((), (len(pairs),)):
        f = ListWriter()
        f.output("f", f.add("ZERO_SAFE_MULTIPLY", f.input("x", *shape), f.input("y", *shape)))
        function = engine_list(f.message)
        if shape:
            assert same_bits(VM.evaluate(function, pairs.T.reshape(-1)).values, expected)
            continue
        assert same_bits(VM.evaluate(function, pairs).values[:, 0], expected)
        for pair, value in zip(pairs, expected, strict=True):
            assert same_bits(VM.evaluate(function, pair).values, np.array([value])), pair


def kinks(n: int) -> WengertList:
    """Return the sum of sqrt(x_i^2) sqrt(|x_i|) where x_i > 0 and of x_i x_(i+1), and each root: slopes of infinity."""
    f = ListWriter()
    x = [f.input(f"x{i}") for i in range(n)]
    total = f.constant(0.0)
    for i, each in enumerate(x):
        root = f.add("SQRT", f.add("SQUARE", each))
        chosen = f.add("SELECT", f.add("LESS", f.constant(0.0), each), f.add("SQRT", each), f.constant(0.0))
        total = f.add("ADD", total, f.add("ADD", f.add("MULTIPLY", root, chosen), f.add("MULTIPLY", each, x[i - 1])))
        f.output(f"root{i}", root)
    f.output("total", total)
    return engine_list(f.message)


@pytest.mark.parametrize("lanes", [1, 3, 8, 9, 33])
@pytest.mark.parametrize("directions", [1, 2, 11])
def test_points_where_something_is_nan_are_the_evaluators_and_all_others_too(lanes: int, directions: int) -> None:
    """Zeros, infinities and NaN at some points of a block only."""
    function, random = kinks(40), np.random.default_rng(lanes)
    x = random.uniform(-1, 1, (lanes, 40))
    x[lanes // 2, :9] = AWKWARD
    x[0, 11] = 0.0
    given = x if lanes > 1 else x[0]
    shape = (1, directions) if lanes > 1 else (directions,)
    u, v = random.normal(size=(*shape, 40)), random.normal(size=(*shape, function.m))
    u[..., ::3], v[..., ::3] = 0.0, 0.0
    for call, seeds, p in (
        ("jvp", u, directions),
        ("vjp", v, directions),
        ("jacobian", None, 1),
        ("evaluate", None, 1),
    ):
        assert COMPILING.prepare(function, call, points=lanes, directions=p) == "machine"
        arguments = (function, given) if seeds is None else (function, given, seeds)
        found, expected = getattr(COMPILING, call)(*arguments), getattr(VM, call)(*arguments)
        assert found.report.tier == "machine"
        assert all(same_bits(one, other) for one, other in zip(found[:-1], expected[:-1], strict=True)), call
    for mode in (Mode.FORWARD, Mode.REVERSE):
        assert np.isfinite(COMPILING.jacobian(function, np.zeros(40), mode=mode).jacobian).all()


@pytest.mark.parametrize("what", ["hessian", "sparse_hessian", "sparse_jacobian"])
def test_matrices_at_zeros(what: str) -> None:
    function = kinks(12)
    x = np.linspace(-1.0, 1.0, 12)
    x[4:7] = 0.0, np.inf, -0.0
    COMPILING.prepare(function, what)
    given = [] if what == "sparse_jacobian" else [np.ones(function.m)]
    found, expected = getattr(COMPILING, what)(function, x, *given), getattr(VM, what)(function, x, *given)
    for one, other in zip(found[:-1], expected[:-1], strict=True):
        assert not isinstance(one, np.ndarray) or same_bits(one, other)


def test_derivative_lists_are_plain_and_lists_without_strong_zeros_need_no_look() -> None:
    function = kinks(3)
    flat = lower(function, range(len(function.outputs)))
    every = range(3)
    assert not may_be_plain(flat)
    assert may_be_plain(dual(flat, every))
    assert may_be_plain(adjoint(flat, every))


def compared() -> WengertList:
    """Return where(x y < 1, 1, 2) with a strong zero in the product: NaN of an ordinary one would get lost."""
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    product = f.add("ZERO_SAFE_MULTIPLY", x, y)
    f.output("f", f.add("SELECT", f.add("LESS", product, f.constant(1.0)), f.constant(1.0), f.constant(2.0)))
    for _ in range(30):
        x = f.add("SIN", x)
    f.output("g", x)
    return engine_list(f.message)


def test_where_nan_might_get_lost_strong_zeros_stay() -> None:
    function = compared()
    assert not may_be_plain(lower(function, range(len(function.outputs))))
    assert COMPILING.prepare(function) == "machine"
    for a in AWKWARD:
        for b in AWKWARD:
            found, expected = (engine.evaluate(function, np.array([a, b])) for engine in (COMPILING, VM))
            assert same_bits(found.values, expected.values), (a, b)
    many = np.array([(a, b) for a in AWKWARD for b in AWKWARD])
    assert COMPILING.prepare(function, points=len(many)) == "machine"
    assert same_bits(COMPILING.evaluate(function, many).values, VM.evaluate(function, many).values)


def test_a_derivative_as_a_list_keeps_its_bits_too() -> None:
    """There the products with strong zeros are the user's own, and their results values."""
    listed = VM.differentiate(kinks(6), Derivative.ADJOINT)
    x = np.zeros(listed.n)
    x[:6], x[6:] = [0.0, 1.0, np.inf, -0.0, -2.0, np.nan], 1.0
    assert COMPILING.prepare(listed) == "machine"
    assert same_bits(COMPILING.evaluate(listed, x).values, VM.evaluate(listed, x).values)


def test_a_bound_question_mends_too_and_is_as_good_afterwards() -> None:
    function = kinks(20)
    bound = COMPILING.bind(function, "vjp")
    assert bound.tier == "machine"
    random = np.random.default_rng(1)
    for k in range(6):
        x, v = random.uniform(-1, 1, 20), random.normal(size=function.m)
        x[: k % 3] = 0.0
        x[5 : 5 + k % 2] = np.inf
        bound.points[:], bound.directions[:] = x, v
        bound()
        expected = VM.vjp(function, x, v)
        assert same_bits(bound.derivatives, expected.cotangents)
        assert same_bits(bound.values, expected.values)
