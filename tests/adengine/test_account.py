"""What a call takes is told before it is taken, and what is refused leaves nothing behind."""

from __future__ import annotations

import numpy as np
import pytest

from adengine import Engine, Input, Output, WengertList
from adengine.account import CURRENT, for_a_while, take
from adengine.errors import LimitExceeded
from adengine.primitives import BY_NAME


class Purse:
    """An account with so many bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = self.largest = 0
        self.told: list[str] = []

    def take(self, size: int, what: str) -> None:
        if self.taken + size > self.most:
            raise LimitExceeded("call_bytes", self.most, self.taken + size, what)
        self.taken += size
        self.largest = max(self.largest, self.taken)
        self.told.append(what)

    def give_back(self, size: int) -> None:
        self.taken -= size


def _powers(statements: int) -> WengertList:
    return WengertList.build(
        inputs=[Input("x"), Input("y")],
        primitives=[BY_NAME["POWER"].number] * statements,
        arguments=[a for k in range(statements) for a in (2 + k, 1 + k)],
        outputs=[Output("f", 2 + statements)],
    )


def _gradient(engine: Engine, function: WengertList, purse: Purse) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    token = CURRENT.set(purse)
    try:
        return engine.vjp(function, np.array([0.9, 1.1])).cotangents
    finally:
        CURRENT.reset(token)


def test_what_a_call_takes_is_told_and_given_back_but_for_the_run() -> None:
    engine, purse = Engine(), Purse(1 << 40)
    _gradient(engine, _powers(2000), purse)
    assert set(purse.told) == {"a list that is made", "the order in which statements run", "variables and the reply"}
    assert purse.taken < purse.largest / 2
    again = Purse(1 << 40)
    _gradient(engine, _powers(2000), again)
    assert again.told == ["variables and the reply"]
    assert again.taken == purse.taken


def test_what_is_refused_can_be_asked_for_again() -> None:
    """Refused at every amount up to what it needs, which is never more than told; then right."""
    engine, function = Engine(), _powers(500)
    expected = Engine().vjp(function, np.array([0.9, 1.1])).cotangents
    refused = 0
    for most in range(0, 1 << 30, 20_000):
        try:
            gradient = _gradient(engine, function, Purse(most))
        except LimitExceeded:
            refused += 1
            continue
        np.testing.assert_array_equal(gradient, expected)
        break
    assert 3 < refused < 1000


@for_a_while()
def _take_too_much() -> None:
    take(50, "b")
    take(50, "c")


def test_without_an_account_nothing_is_counted() -> None:
    take(1 << 60, "nothing")
    with for_a_while():
        take(1 << 60, "nothing")


def test_what_is_taken_for_a_while_is_given_back_after_an_error() -> None:
    purse = Purse(100)
    token = CURRENT.set(purse)
    try:
        take(10, "a")
        with pytest.raises(LimitExceeded):
            _take_too_much()
        assert purse.taken == 10
    finally:
        CURRENT.reset(token)
