"""Calls made ready by the client: what is sent, and what a real server makes of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.client.fake import fake_server
from tests.client.modes import ALL_MODES, client_in
from wengert.v1 import Mode, NumericalCall, Preparation
from wengert_client import Client, Function, InvalidRequest, ListBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module", params=ALL_MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


def rosenbrock(scale: float) -> ListBuilder:
    """A function of x, of 5 numbers, with a default, that no other scale gives."""
    b = ListBuilder()
    x, k = b.input("x", 5), b.input("k", default=scale)
    b.output("f", (k * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())
    return b


def _dense(answer: Any) -> SimpleNamespace:
    """Give value, derivative and report, whatever the derivative."""
    _, *_, derivative = answer
    plain = derivative.toarray() if hasattr(derivative, "toarray") else derivative
    return SimpleNamespace(value=answer.value, derivative=plain, report=answer.report)


CALLS: dict[str, tuple[dict[str, Any], Callable[[Function], Any]]] = {
    "jvp": ({"with_respect_to": "x"}, lambda f: f.value_and_jvp(np.ones(5), np.ones(5), with_respect_to="x")),
    "vjp": ({"points": 9}, lambda f: f.value_and_vjp(np.ones((9, 5)))),
    "jacobian": (
        {"points": 9, "mode": "forward"},
        lambda f: f.value_and_jacobian(np.ones((9, 5)), mode="forward"),
    ),
    "gradient": ({"shared": ()}, lambda f: f.value_and_gradient(np.ones(6))),
    "sparse_jacobian": ({}, lambda f: _dense(f.value_and_jacobian(np.ones(5), sparse=True))),
    "hessian": ({}, lambda f: _dense(f.value_gradient_and_hessian(np.ones(5)))),
    "sparse_hessian": ({}, lambda f: _dense(f.value_gradient_and_hessian(np.ones(5), sparse=True))),
    "hvp": ({"directions": 2}, lambda f: _dense(f.value_gradient_and_hvp(np.ones(5), np.eye(5)[:2]))),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_prepared_call_runs_machine_code(client: Client, call: Any) -> None:
    options, make = CALLS[call]
    f = client.function(rosenbrock(100.0 + list(CALLS).index(call)))
    before = make(f)
    assert before.report.tier == "vm"
    f.prepare(call, **options)
    after = make(f)
    assert after.report.tier == "machine"
    np.testing.assert_array_equal(after.value, before.value)
    np.testing.assert_array_equal(after.derivative, before.derivative)


def test_values_are_prepared_too(client: Client) -> None:
    f = client.function(rosenbrock(1.0))
    before = f.value(np.zeros(5))
    f.prepare("value")
    np.testing.assert_array_equal(f.value(np.zeros(5)), before)


def test_a_server_that_forgot_is_told_again(client: Client) -> None:
    f = client.function(rosenbrock(2.0))
    assert client.forget(f)
    f.prepare("jacobian")
    assert f.value_and_jacobian(np.ones(5)).report.tier == "machine"


def test_the_servers_refusals_arrive(client: Client) -> None:
    with pytest.raises(InvalidRequest) as caught:
        client.function(rosenbrock(3.0)).prepare("jacobian", outputs=["f", "g"])
    assert caught.value.reason == "UNKNOWN_NAME"
    assert [each.field for each in caught.value.violations] == ["prepare[0].outputs[1]"]


def test_tiers_are_told(client: Client) -> None:
    assert client.capabilities().tiers == ("vm", "machine")


def test_what_is_sent() -> None:
    with fake_server() as fake, Client(fake.address) as client:
        f = client.function(rosenbrock(4.0))
        f.prepare("gradient", points=3, outputs="f", with_respect_to=("k", "x"), mode="reverse")
        f.prepare("jvp", directions=7, shared=["x"])
        sent = [list(request.prepare) for request in fake.requests]
    jacobian = NumericalCall.NUMERICAL_CALL_JACOBIAN
    assert sent == [
        [],
        [
            Preparation(
                call=jacobian, points=3, directions=1, shared=["k"], outputs=["f"], with_respect_to=["k", "x"],
                mode=Mode.MODE_REVERSE,
            )
        ],
        [
            Preparation(
                call=NumericalCall.NUMERICAL_CALL_JVP, points=1, directions=7, shared=["x"], mode=Mode.MODE_AUTO
            )
        ],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "options", "expected"),
    [
        (["third"], {}, "the call is 'third'; expected is one of value, jvp, vjp, jacobian, gradient, sparse_jacobian"),
        (["value"], {"points": 0}, "points is 0; 1 or more are expected"),
        (["jvp"], {"directions": 2**64}, "directions is 18446744073709551616; 1 or more are expected"),
        (["jacobian"], {"mode": "sideways"}, "the mode is 'sideways'; expected is one of auto, forward, reverse"),
    ],
)
def test_what_cannot_be_sent(arguments: list[Any], options: dict[str, Any], expected: str) -> None:
    with fake_server() as fake, Client(fake.address) as client:
        f = client.function(rosenbrock(5.0))
        with pytest.raises(InvalidRequest, match=expected):
            f.prepare(*arguments, **options)
        assert not fake.requests
