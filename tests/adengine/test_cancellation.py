"""Calls that are cancelled end soon, wherever they are, and leave nothing half made behind."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
import weakref
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adengine import Engine, Input, Limits, Output, WengertList
from adengine.cancellation import Cancellation, check, current, holding, in_kernels
from adengine.errors import Cancelled, DeadlineExceeded
from adengine.pool import Pool
from adengine.primitives import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[Engine], object]

PATIENCE_S = 60.0


def _function(statements: int, inputs: int) -> WengertList:
    """Statements that read the last and an older variable."""
    names = np.resize(["SIN", "MULTIPLY", "ADD"], statements)
    newest = np.arange(statements) + inputs
    older = np.maximum(1, newest - 1 - newest % 97)
    return WengertList.build(
        inputs=[Input(f"x{i}") for i in range(inputs)],
        primitives=[BY_NAME[name].number for name in names],
        arguments=[a for k in range(statements) for a in ((newest[k], older[k]) if k % 3 else (newest[k],))],
        outputs=[Output("f", inputs + statements), Output("g", inputs + statements // 2)],
    )


FUNCTION = _function(6_000, 12)
POINT = np.linspace(-0.5, 0.5, 12)
POINTS = np.linspace(-0.5, 0.5, 12 * 3000).reshape(3000, 12)
WEIGHTS = np.array([1.0, -0.5])
ASKS: dict[str, Ask] = {
    "evaluate": lambda engine: engine.evaluate(FUNCTION, POINTS).values,
    "jvp": lambda engine: engine.jvp(FUNCTION, POINTS, np.ones(12)).tangents,
    "vjp": lambda engine: engine.vjp(FUNCTION, POINT, WEIGHTS).cotangents,
    "jacobian": lambda engine: engine.jacobian(FUNCTION, POINTS[:100]).jacobian,
    "sparse_jacobian": lambda engine: engine.sparse_jacobian(FUNCTION, POINT).entries,
    "hessian": lambda engine: engine.hessian(FUNCTION, POINT, WEIGHTS).hessian,
    "sparse_hessian": lambda engine: engine.sparse_hessian(FUNCTION, POINT, WEIGHTS).gradient,
    "sparsity": lambda engine: engine.sparsity(FUNCTION, hessian=True).pattern.column,
}


def _cancelled_after(seconds: float, ask: Callable[[], object]) -> bool:
    """Whether a call that is cancelled so late was cancelled."""
    wish = Cancellation()
    timer = threading.Timer(seconds, wish.cancel)
    timer.start()
    try:
        with wish:
            ask()
    except Cancelled:
        return True
    finally:
        timer.cancel()
    return False


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_what_is_cancelled_at_any_moment_leaves_nothing_half_made(ask: Ask) -> None:
    """Cancelled ever later until it is whole: each call goes on with what the ones before it have finished."""
    engine = Engine(machine_code=False)
    seconds = 0.0005
    while _cancelled_after(seconds, lambda: ask(engine)):
        seconds *= 1.7
        assert seconds < PATIENCE_S
    np.testing.assert_array_equal(ask(engine), ask(Engine(machine_code=False)))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_call_of_minutes_ends_at_once(threads: int) -> None:
    engine, function = Engine(threads=threads), _function(20_000, 2)
    points = np.full((300_000, 2), 0.5)
    started = time.monotonic()
    assert _cancelled_after(0.5, lambda: [engine.evaluate(function, points) for _ in range(200)])
    assert time.monotonic() - started < PATIENCE_S
    engine.close()


@pytest.mark.parametrize(
    ("primitive", "shape", "parameters"),
    [("MATMUL", (3000, 3000), []), ("LGAMMA", (4_000_000,), []), ("TRANSPOSE", (2000, 2000), [2, 1, 0])],
)
def test_one_statement_stops_within_itself(primitive: str, shape: tuple[int, ...], parameters: list[int]) -> None:
    """So often that all of them take seconds, and all in one block, which no piece ends."""
    two = primitive == "MATMUL"
    times = 40 if two else 100
    function = WengertList.build(
        inputs=[Input("x", shape)],
        primitives=[BY_NAME[primitive].number] * times,
        arguments=[a for k in range(times) for a in ((k + 1, 1) if two else (k + 1,))],
        parameters=parameters * times,
        outputs=[Output("f", times + 1)],
    )
    engine = Engine(Limits(call_elements=1 << 45), threads=1)
    point = np.full(np.prod(shape), 0.5)
    assert _cancelled_after(0.2, lambda: [engine.evaluate(function, point) for _ in range(1000)])


def test_outside_nothing_is_cancelled() -> None:
    wish = Cancellation()
    wish.cancel()
    check()
    assert current() is None
    with in_kernels():
        assert Engine().evaluate(FUNCTION, POINT).values.shape == (2,)
    with pytest.raises(Cancelled), wish:
        check()
    assert current() is None


def test_a_deadline_is_told_from_a_wish() -> None:
    wish = Cancellation()
    wish.cancel(expired=True)
    wish.cancel()
    with pytest.raises(DeadlineExceeded, match="deadline"), wish:
        check()


def test_the_wait_for_another_can_be_cancelled() -> None:
    lock = threading.RLock()
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            taken.set()
            done.wait(PATIENCE_S)

    threading.Thread(target=hold, daemon=True).start()
    taken.wait(PATIENCE_S)
    wish = Cancellation()
    threading.Timer(0.05, wish.cancel).start()
    with pytest.raises(Cancelled), wish, holding(lock):
        pass
    done.set()
    with holding(lock):
        pass


def test_pieces_that_wait_never_begin() -> None:
    pool, begun, go_on = Pool(2), [], threading.Event()

    def piece(number: int) -> None:
        begun.append(number)
        go_on.wait(PATIENCE_S)

    wish = Cancellation()

    def cancel() -> None:
        wish.cancel()
        go_on.set()

    threading.Timer(0.2, cancel).start()
    with pytest.raises(Cancelled), wish:
        pool.run(piece, range(100))
    assert len(begun) < 10
    pool.close()


def test_what_was_cancelled_holds_no_arrays_until_garbage_is_collected() -> None:
    class Held:
        """Stands for an array that a piece works on."""

    held, go_on, pool, wish = Held(), threading.Event(), Pool(2), Cancellation()
    gone = weakref.ref(held)

    def begin(held: Held) -> None:
        def piece(_: int) -> None:
            go_on.wait(PATIENCE_S)
            check_held(held)

        with wish:
            pool.run(piece, range(100))

    def check_held(_: Held) -> None:
        wish.check()

    def cancel() -> None:
        wish.cancel()
        go_on.set()

    threading.Timer(0.1, cancel).start()
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(Cancelled):
            begin(held)
        del held
        pool.run(lambda _: None, range(10))  # a thread keeps what it has run last until it runs another
        assert gone() is None
    finally:
        gc.enable()
        pool.close()
