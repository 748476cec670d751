"""Lists made to exceed what the engine reserves: room is checked, never assumed."""

from __future__ import annotations

import numpy as np
import pytest

from adengine import Engine, Input, Limits, Mode, Output, WengertList, derive, errors
from adengine.lower import lower
from adengine.primitives import BY_NAME


def _number(name: str) -> int:
    return BY_NAME[name].number


def _powers(statements: int) -> WengertList:
    """A chain of powers with a constant now and then: its dual list is many times longer."""
    primitives, arguments = [], []
    for k in range(statements):
        newest = 2 + k
        if k % 6 == 5:
            primitives.append(_number("ADD"))
            arguments += [newest, -1 - k % 3]
        else:
            primitives.append(_number("POWER"))
            arguments += [newest, newest - 1]
    return WengertList.build(
        inputs=[Input("x"), Input("y")],
        primitives=primitives,
        arguments=arguments,
        constants=[0.1, 0.2, 0.3],
        outputs=[Output("f", 2 + statements)],
    )


@pytest.mark.parametrize("statements", [7, 23, *range(110, 122), 156, 196])
def test_a_derivative_list_longer_than_expected_is_made_again(monkeypatch: pytest.MonkeyPatch, statements: int) -> None:
    function, x = _powers(statements), np.array([0.9, 1.1])
    for growth in (5, 1):
        monkeypatch.setattr(derive, "_EXPECTED_GROWTH", growth)
        forward = Engine().jacobian(function, x, mode=Mode.FORWARD).jacobian
        reverse = Engine().jacobian(function, x, mode=Mode.REVERSE).jacobian
        assert forward == pytest.approx(reverse, rel=1e-9, abs=1e-12, nan_ok=True)


def test_many_views_of_high_rank_find_room() -> None:
    rank, statements = 16, 300
    odd = tuple(2 if axis % 2 else 1 for axis in range(rank))
    even = tuple(1 if axis % 2 else 2 for axis in range(rank))
    function = WengertList.build(
        inputs=[Input("a", odd), Input("b", even), Input("c", odd)],
        primitives=[_number("SELECT")] * statements,
        arguments=[i for k in range(statements) for i in ((1, 2, 3), (2, 1, 3), (3, 2, 1))[k % 3]],
        outputs=[Output("f", 3 + statements)],
    )
    flat = lower(function, [0])
    assert flat.output_sizes.tolist() == [2**rank]
    assert len(flat.pool) == flat.starts[-1]


def test_products_of_awkward_lengths_find_room() -> None:
    length, count = 2**17 - 1, 40
    function = WengertList.build(
        inputs=[Input(f"x{i}", (length + i,)) for i in range(count)],
        primitives=[_number("PROD")] * count,
        arguments=list(range(1, count + 1)),
        parameters=[0, 1, 0] * count,
        outputs=[Output(f"f{i}", count + 1 + i) for i in range(count)],
    )
    flat = lower(function, range(count))
    assert len(set(flat.outputs.tolist())) == count


@pytest.mark.parametrize("extent", [2**27 + 1, 2**40, 2**62])
def test_extents_of_nothing_are_bounded(extent: int) -> None:
    with pytest.raises(errors.LimitExceeded):
        WengertList.build(
            inputs=[Input("x", (0,))],
            primitives=[_number("RESHAPE")],
            arguments=[1],
            parameters=[3, 0, 5, extent],
            outputs=[Output("f", 2)],
        )
    with pytest.raises(errors.InvalidShape):
        WengertList.build(inputs=[Input("x", (-2, -3))], outputs=[Output("f", 1)])


@pytest.mark.parametrize("mode", [Mode.FORWARD, Mode.REVERSE])
def test_a_constant_that_overflows_meets_no_plain_product(mode: Mode) -> None:
    """f = (1e200)^2 x + y: the slope by x is infinite, that by y is 1."""
    function = WengertList.build(
        inputs=[Input("x"), Input("y")],
        primitives=[_number("SQUARE"), _number("MULTIPLY"), _number("ADD")],
        arguments=[-1, 3, 1, 4, 2],
        constants=[1e200],
        outputs=[Output("f", 5)],
    )
    assert Engine().jacobian(function, np.array([0.5, 2.0]), mode=mode).jacobian.tolist() == [[np.inf, 1.0]]


def test_what_is_kept_is_bounded_over_all_functions() -> None:
    engine = Engine(Limits(kept_bytes=400_000))
    functions = [_powers(120 + i) for i in range(20)]
    for function in functions:
        engine.evaluate(function, np.array([0.9, 1.1]))
    for function in functions:
        engine.jacobian(function, np.array([0.9, 1.1]))
    kept = [held.kept_bytes for held in engine._functions.values()]
    assert sum(kept[:-1]) <= 400_000
    assert len(kept) < len(functions)


def test_slices_in_place_are_charged_for_what_they_add() -> None:
    n = 3000
    gather = _number("GATHER")
    function = WengertList.build(
        inputs=[Input("x", (n,))],
        primitives=[gather] * n + [_number("ADD")] * (n - 1),
        arguments=[1] * n + [i for k in range(n - 1) for i in (2 if k == 0 else n + 1 + k, 3 + k)],
        parameters=[p for i in range(n) for p in (0, 0, i)],
        outputs=[Output("f", 2 * n)],
    )
    engine = Engine(Limits(call_elements=1 << 24))
    gradient = engine.jacobian(function, np.ones((100, n)), mode=Mode.REVERSE).jacobian
    assert (gradient == 1).all()
