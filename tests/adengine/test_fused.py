"""Products within sums: the same bits as one after the other, and fused only where nothing else reads them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numba import types
from numpy.typing import NDArray

from adengine import Engine, Input, Mode, Output, WengertList, links, opcodes, order
from adengine.dispatch import F8, I8, U4, single
from adengine.jit import kernel
from adengine.primitives import BY_NAME, BY_NUMBER
from adengine.program import Program
from adengine.schedule import CODE, COLUMNS, IN_1, OUT

AWKWARD = [0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, 5e-324, 1e308]
POOL = np.zeros(1, np.int64)
RESULT, BEFORE = 4, 5
MODES = (Mode.FORWARD, Mode.REVERSE)


def _zero_safe(a: float, b: float) -> np.float64:
    product = np.float64(a) * np.float64(b)
    return np.float64(0.0) if np.isnan(product) and 0.0 in (a, b) else product


def _plain(a: float, b: float) -> np.float64:
    return np.float64(a) * np.float64(b)


def _by_hand(code: int, a: float, b: float, c: float, d: float) -> np.float64:
    times = _zero_safe if code < opcodes.FUSED_PLAIN else _plain
    forms = (
        lambda: c + times(a, b), lambda: c - times(a, b), lambda: times(a, b) - c,
        lambda: times(a, b) + times(c, d), lambda: times(a, b) - times(c, d),
    )  # fmt: skip
    return np.float64(forms[(code - opcodes.FUSED_ZERO_SAFE) % len(forms)]())


def _alike(a: float | np.float64, b: float | np.float64) -> bool:
    return bool(np.array_equal(a, b, equal_nan=True) and (np.isnan(a) or np.signbit(a) == np.signbit(b)))


@kernel(types.void(U4, I8, F8))
def _run_all(code: NDArray[np.uint32], pool: NDArray[np.int64], w: NDArray[np.float64]) -> None:
    """Run single statements; without routines, for none is called."""
    single(code, types.uint64(0), pool, w, types.uint64(0))


def _run(code: NDArray[np.uint32], w: NDArray[np.float64]) -> np.float64:
    _run_all(code.ravel(), POOL, w)
    return np.float64(w[RESULT])


def test_their_codes_are_no_primitives() -> None:
    assert not set(opcodes.FUSED) & set(BY_NUMBER)
    assert max(opcodes.FUSED) < opcodes.CALLS


@pytest.mark.parametrize("code", opcodes.FUSED)
def test_every_form_at_awkward_points(code: int) -> None:
    line = np.zeros((1, COLUMNS), np.uint32)
    line[0, [CODE, OUT]] = code, RESULT
    line[0, IN_1 : IN_1 + 4] = range(4)
    with np.errstate(all="ignore"):
        for operands in itertools.product(AWKWARD, repeat=4):
            assert _alike(_run(line, np.array([*operands, 0.0])), _by_hand(code, *operands)), operands


@pytest.mark.parametrize("code", opcodes.FUSED)
def test_the_last_result_as_any_operand(code: int) -> None:
    """Operands change places only where that changes no bit; each may stand for several."""
    rng = np.random.default_rng(code)
    copy = np.zeros((1, COLUMNS), np.uint32)
    # -0 + x is x, whatever x is.
    copy[0, [CODE, OUT, IN_1, IN_1 + 1]] = opcodes.ADD, 0, BEFORE, BEFORE + 1
    linked = 0
    with np.errstate(all="ignore"):
        for places in itertools.product(range(4), repeat=4):
            line = np.zeros((1, COLUMNS), np.uint32)
            line[0, [CODE, OUT]] = code, RESULT
            line[0, IN_1 : IN_1 + 4] = places
            both = links.linked(np.concatenate([copy, line]))
            linked += both[1, CODE] != code
            for _ in range(20):
                operands = rng.choice(AWKWARD, 4)
                w = np.array([np.nan, *operands[1:], 0.0, operands[0], -0.0])
                assert _alike(_run(both, w), _by_hand(code, *operands[list(places)])), (places, operands)
    assert linked > 0


def _list(names: str, arguments: list[int], outputs: list[int], inputs: int = 4) -> WengertList:
    return WengertList.build(
        inputs=[Input(f"x{i}") for i in range(inputs)],
        primitives=[BY_NAME[name].number for name in names.split()],
        arguments=arguments,
        outputs=[Output(f"f{i}", k) for i, k in enumerate(outputs)],
    )


def _codes(engine: Engine, function: WengertList) -> list[int]:
    """Codes of all that an engine has made ready; of those that take the last result as if they did not."""
    programs = [value for value in engine._functions[function.id]._kept.values() if isinstance(value, Program)]
    return [int(code) % opcodes.CALLS for program in programs for code in program._code[:, CODE]]


def _codes_of_values(function: WengertList) -> list[int]:
    engine = Engine()
    engine.evaluate(function, np.ones(len(function.inputs)))
    return _codes(engine, function)


FORMS = {
    "MULTIPLY ADD": ([1, 2, 5, 3], 1015),
    "MULTIPLY SUBTRACT": ([1, 2, 3, 5], 1016),
    "SQUARE SUBTRACT": ([1, 5, 3], 1017),
    "MULTIPLY MULTIPLY ADD": ([1, 2, 3, 4, 5, 6], 1018),
    "SQUARE MULTIPLY SUBTRACT": ([1, 3, 4, 5, 6], 1019),
}


@pytest.mark.parametrize(("names", "arguments", "code"), [(k, *v) for k, v in FORMS.items()])
def test_what_is_fused(names: str, arguments: list[int], code: int) -> None:
    assert _codes_of_values(_list(names, arguments, [4 + len(names.split())])) == [code]


def test_a_product_that_something_else_reads_stays() -> None:
    multiply, add, square = opcodes.MULTIPLY, opcodes.ADD, opcodes.SQUARE
    assert _codes_of_values(_list("MULTIPLY ADD", [1, 2, 5, 3], [5, 6])) == [multiply, add]
    assert _codes_of_values(_list("MULTIPLY ADD", [1, 2, 5, 5], [6])) == [multiply, add]
    assert _codes_of_values(_list("MULTIPLY ADD SQUARE", [1, 2, 5, 3, 5], [6, 7])) == [multiply, add, square]


def _random(seed: int, statements: int, window: int) -> WengertList:
    rng = np.random.default_rng(seed)
    names = ["MULTIPLY", "MULTIPLY", "ADD", "SUBTRACT", "SQUARE", "DIVIDE", "SQRT"]
    chosen = [BY_NAME[names[i]] for i in rng.integers(0, len(names), statements)]
    arguments = [int(max(1, 4 + k - age)) for k, row in enumerate(chosen) for age in rng.integers(0, window, row.arity)]
    last = [4 + k for k in range(statements)][-20:]
    return WengertList.build(
        inputs=[Input(f"x{i}") for i in range(4)], primitives=[row.number for row in chosen], arguments=arguments,
        outputs=[Output(f"f{i}", k) for i, k in enumerate(last)],
    )  # fmt: skip


def _answers(engine: Engine, function: WengertList, x: NDArray[np.float64]) -> NDArray[np.float64]:
    jacobians = [engine.jacobian(function, x, mode=mode).jacobian.ravel() for mode in MODES]
    return np.concatenate([engine.evaluate(function, x).values, *jacobians])


@pytest.mark.parametrize("window", [3, 6, 30])
@pytest.mark.parametrize("seed", range(4))
def test_fusing_changes_no_bit(monkeypatch: pytest.MonkeyPatch, seed: int, window: int) -> None:
    function = _random(seed, 150, window)
    rng = np.random.default_rng(seed)
    points = [rng.choice(AWKWARD, 4) for _ in range(20)] + [rng.normal(size=4) for _ in range(10)]
    engine = Engine()
    fused = [_answers(engine, function, x) for x in points]
    assert set(_codes(engine, function)) & set(opcodes.FUSED)
    monkeypatch.setattr(order, "fuse", lambda rows, _outputs, _alone: np.ones(len(rows), np.bool_))
    engine = Engine()
    apart = [_answers(engine, function, x) for x in points]
    assert not set(_codes(engine, function)) & set(opcodes.FUSED)
    for one, other in zip(fused, apart, strict=True):
        assert np.array_equal(one, other, equal_nan=True)
        numbers = ~np.isnan(one)
        assert np.array_equal(np.signbit(one[numbers]), np.signbit(other[numbers]))
