"""Results that go straight to the next statement: every bit is that of the way through the arena."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adengine import Engine, Input, Mode, Output, WengertList, links, opcodes, order, schedule
from adengine.primitives import BY_NAME, ELEMENTWISE
from adengine.program import Program
from adengine.schedule import CODE, IN_1, IN_2, OUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

AWKWARD = np.array([0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, 5e-324, 1e-310, 1e300])
LINKABLE = [name for name, row in BY_NAME.items() if row.number in opcodes.LINKABLE]
CALLS = ["SIN", "EXP", "POWER", "TANH"]
ALL = [row.name for row in ELEMENTWISE if not row.parametric]
MODES = (Mode.FORWARD, Mode.REVERSE)


def _code(*rows: tuple[str, int, int, int]) -> NDArray[np.uint32]:
    """Instructions of single statements: name, result and operands."""
    code = np.zeros((len(rows), schedule.COLUMNS), np.uint32)
    for line, (name, out, first, second) in zip(code, rows, strict=True):
        line[[CODE, OUT, IN_1, IN_2]] = BY_NAME[name].number, out, first, second
    return code


def _random(seed: int, statements: int, window: int, names: list[str]) -> WengertList:
    rng = np.random.default_rng(seed)
    primitives, arguments = [], []
    for k in range(statements):
        row = BY_NAME[names[rng.integers(len(names))]]
        primitives.append(row.number)
        arguments += [int(max(1, 3 + k - age)) for age in rng.integers(0, window, row.arity)]
    outputs = [Output(f"f{k}", 4 + k) for k in range(0, statements, 3)]
    return WengertList.build(
        inputs=[Input("a"), Input("b"), Input("c")], primitives=primitives, arguments=arguments, outputs=outputs
    )


def test_the_last_result_is_taken_where_it_is_an_operand() -> None:
    code = _code(
        ("ADD", 7, 1, 2), ("MULTIPLY", 8, 7, 3), ("SUBTRACT", 9, 4, 8), ("DIVIDE", 5, 1, 2), ("NEGATE", 6, 5, 0)
    )
    kinds = links.linked(code)[:, CODE].astype(int) - code[:, CODE]
    assert kinds.tolist() == [0, opcodes.LAST_IS_FIRST, opcodes.LAST_IS_SECOND, 0, opcodes.LAST_IS_FIRST]


def test_what_stands_for_no_operand_is_not_taken() -> None:
    # NEGATE has one operand: what its second column holds is nothing.
    code = _code(("ADD", 7, 1, 2), ("NEGATE", 8, 1, 7), ("MAXIMUM", 9, 8, 8))
    assert np.array_equal(links.linked(code), code)


def test_calls_are_marked_and_their_results_taken() -> None:
    code = _code(("SIN", 7, 1, 0), ("ADD", 8, 7, 1))
    kinds = links.linked(code)[:, CODE].astype(int) - code[:, CODE]
    assert kinds.tolist() == [opcodes.CALLS, opcodes.LAST_IS_FIRST]


@pytest.mark.parametrize("window", [2, 5, 40])
@pytest.mark.parametrize("names", [LINKABLE, LINKABLE + CALLS, ALL], ids=["simple", "calls", "all"])
def test_links_change_no_bit(monkeypatch: pytest.MonkeyPatch, window: int, names: list[str]) -> None:
    function = _random(window, 60, window, names)
    points = [np.array(point) for point in itertools.product(AWKWARD[:8], AWKWARD[2:], AWKWARD[3:6])][::7]
    held = [_answers(Engine(), function, x) for x in points]
    monkeypatch.setattr(links, "_LINKABLE", np.zeros_like(links._LINKABLE))
    monkeypatch.setattr(order, "_along_chains", lambda _, given: given)
    through_the_arena = [_answers(Engine(), function, x) for x in points]
    for one, other in zip(held, through_the_arena, strict=True):
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))
        assert all(
            np.array_equal(np.signbit(a[a == 0]), np.signbit(b[b == 0])) for a, b in zip(one, other, strict=True)
        )


def _answers(engine: Engine, function: WengertList, x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    jacobians = [engine.jacobian(function, x, mode=mode).jacobian for mode in MODES]
    return [engine.evaluate(function, x).values, *jacobians]


def test_a_chain_runs_link_by_link() -> None:
    """Two sums that a list takes turns with: each runs to its end before the other begins."""
    count = 20
    primitives = [BY_NAME["ADD"].number] * (2 * count)
    arguments = [1, 1, 2, 2] + [a for k in range(2 * (count - 1)) for a in (3 + k, 1)]
    function = WengertList.build(
        inputs=[Input("x"), Input("y")], primitives=primitives, arguments=arguments,
        outputs=[Output("f", 2 * count + 1), Output("g", 2 * count + 2)],
    )  # fmt: skip
    engine = Engine()
    assert engine.evaluate(function, np.array([1.0, 2.0])).values.tolist() == [21.0, 23.0]
    program = next(value for value in engine._functions[function.id]._kept.values() if isinstance(value, Program))
    codes = program._code[:, CODE]
    assert (codes >= opcodes.LAST_IS_FIRST).sum() == 2 * (count - 1)


def test_the_generator_knows_the_same_codes() -> None:
    path = Path(schedule.__file__).parent.parent / "tools" / "generate_kernels.py"
    spec = importlib.util.spec_from_file_location("generate_kernels", path)
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert (generator.LANED_FROM, generator.BATCHES_FROM) == (schedule.EIGHT, schedule.BATCH)
    assert opcodes.SINGLE_CODES == schedule.ROW
