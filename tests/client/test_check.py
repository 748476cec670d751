"""Function.check: what passes, what fails, what cannot be told, per output."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.client.modes import MODES, client_in
from wengert_client import Client, Function, InvalidRequest, ListBuilder, _checking, _differences, check_gradient, ops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module", params=MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


@pytest.fixture
def f(client: Client) -> Function:
    b = ListBuilder()
    x, matrix, k = b.input("x", 2), b.input("A", (2, 2)), b.input("k", default=2.0)
    b.output("cost", (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)
    b.output("y", k * np.sin(matrix @ x))
    b.output("bent", np.abs(x[0]) + x[1])
    return client.function(b)


AT: dict[str, Any] = {"x": [1.0, 2.0], "A": [[1.0, 2.0], [0.5, -1.0]]}


def test_a_right_function_passes(f: Function) -> None:
    found = f.check(AT)
    assert found
    assert (found.passed, found.verdict) == (True, "passed")
    assert [each.name for each in found.outputs] == ["cost", "y", "bent"]
    assert found.directions == "every input: 6 directions"
    for each in found.outputs:
        assert each.verdict == "passed"
        assert each.value_error == 0
        assert max(each.jvp_error, each.vjp_error, each.difference_error) < 1e-11
        assert each.dot_error < 1e-15
        assert 0 < each.step < 0.25
        assert each.notes == ()


def test_it_is_a_table_to_read(f: Function) -> None:
    lines = str(f.check(AT)).splitlines()
    assert repr(f.check(AT)) == "\n".join(lines)
    assert lines[0].split() == [
        "output",
        "verdict",
        "value",
        "J",
        "u",
        "J^T",
        "v",
        "dot",
        "test",
        "differences",
        "step",
    ]
    assert lines[1].startswith("cost    passed   0 ")
    assert lines[-1] == "passed; compared every input: 6 directions"


def test_selections(f: Function) -> None:
    found = f.check([1.0, 2.0], shared={"A": AT["A"], "k": 3.0}, outputs=["bent", "cost"])
    assert [each.name for each in found.outputs] == ["bent", "cost"]
    assert found.directions == "every input: 2 directions"
    assert f.check(AT, with_respect_to=["k", "A"], outputs="y").directions == "every input: 5 directions"
    assert f.check(AT, shared={"k": 3.0}, with_respect_to="k", outputs="y").directions == "every input: 1 direction"


def test_kinks_are_told_and_do_not_stand_against_it(f: Function) -> None:
    found = f.check({**AT, "x": [0.0, 1.0]})
    assert found.passed
    assert found.outputs[2].notes == (
        "along x[0]: a kink: the slopes are -1 and 1 on the two sides; the derivative given is 0",
    )
    alone = f.check({**AT, "x": [0.0, 1.0]}, outputs="bent", with_respect_to="A")
    assert alone.passed  # It does not depend on A.


def test_where_nothing_can_be_compared(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x")
    b.output("root", np.sqrt(x))
    b.output("step", np.floor(x))
    b.output("log", np.log(x - 1))
    b.output("fine", x**2)
    found = client.function(b).check(x=0.0)
    assert [each.verdict for each in found.outputs] == ["inconclusive"] * 3 + ["passed"]
    assert (found.verdict, found.passed) == ("inconclusive", False)
    assert "edge of the domain" in found.outputs[0].notes[0]
    assert "a jump" in found.outputs[1].notes[0]
    assert "the value is nan" in found.outputs[2].notes[0]
    assert "root: along x: an edge of the domain" in str(found)


def test_points_at_once(f: Function) -> None:
    points = np.array([[1.0, 2.0], [0.0, 1.0], [-1.2, 1.0]])
    found = f.check(points, shared={"A": AT["A"]})
    assert found.passed
    assert found.directions == "every input: 2 directions, at 3 points"
    assert found.outputs[2].notes[0].startswith("point 1: along x[0]: a kink")


def test_many_inputs_and_outputs(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x", 500)
    b.output("y", (3 - 2 * x[1:-1]) * x[1:-1] - x[:-2] - 2 * x[2:] + 1)
    b.output("s", np.log(x).sum())
    found = client.function(b).check(np.linspace(1e-3, 1.0, 500))
    assert found.passed
    assert found.directions == "24 of 500 inputs and 8 random directions"
    b = ListBuilder()
    x = b.input("x", 3)
    for number in range(70):
        b.output(f"y{number}", np.sin(number * x))
    assert client.function(b).check([0.1, 0.2, 0.3]).passed


def test_few_directions_where_there_are_many_outputs(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_checking, "_MOST_ELEMENTS", 20_000)
    monkeypatch.setattr(_differences, "_BATCH_ELEMENTS", 16 * 2000)  # One direction after another.
    b = ListBuilder()
    x = b.input("x", 1000)
    b.output("y", np.concatenate([np.sin(x), x * x[0]]))
    found = client.function(b).check(np.linspace(-1.0, 1.0, 1000))
    assert found.passed
    assert found.directions == "3 of 1000 inputs and 1 random direction"


def test_traced_functions_with_structured_inputs(client: Client) -> None:
    def model(theta: dict[str, Any], x: Any) -> Any:
        return np.tanh(theta["w"] @ x + theta["b"])

    f = client.function(model, inputs={"theta": {"w": (2, 3), "b": (2,)}, "x": (3,)})
    theta: Any = {"w": np.ones((2, 3)) / 4, "b": np.array([0.5, -0.5])}
    found = f.check(theta=theta, x=[0.1, 0.2, 0.3])
    assert found.passed
    assert found.directions == "every input: 11 directions"
    assert f.check(shared={"theta": theta}, x=[0.1, 0.2, 0.3]).directions == "every input: 3 directions"


def test_check_gradient_takes_its_calls(f: Function) -> None:
    at = np.array([1.0, 2.0, 1.0, 2.0, 0.5, -1.0, 2.0])
    assert check_gradient(f.value, f.jacobian, at, many=True).passed
    turned = check_gradient(f.value, lambda x: f.jacobian(x).T, at, many=True)
    assert turned.findings[0].startswith("it looks transposed")


# ---- derivatives that are wrong


class Wrong(Function):
    """A function whose answers are bent."""

    bend_jvp: Callable[[Any], Any] = staticmethod(lambda array: array)
    bend_vjp: Callable[[Any], Any] = staticmethod(lambda array: array)
    bend_value: Callable[[Any], Any] = staticmethod(lambda array: array)

    def value_and_jvp(self, *args: Any, **options: Any) -> Any:
        answer = super().value_and_jvp(*args, **options)
        bent = self.bend_jvp(answer.derivative)
        return dataclasses.replace(answer, derivative=bent, value=self.bend_value(answer.value))

    def value_and_vjp(self, *args: Any, **options: Any) -> Any:
        answer = super().value_and_vjp(*args, **options)
        return dataclasses.replace(answer, derivative=self.bend_vjp(answer.derivative))


def bent(array: Any) -> Any:
    array[0, 0] += 1e-3
    return array


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("bend_jvp", "along x[0]: the derivative given is -399.999, the differences say -400 +- "),
        ("bend_vjp", "along x[0]: J^T v . u is -399.999, the differences say -400"),
    ],
)
def test_wrong_derivatives_fail_where_they_are_wrong(f: Function, what: str, told: str) -> None:
    wrong = Wrong(f.held)
    setattr(wrong, what, bent)
    found = wrong.check(AT)
    assert [each.verdict for each in found.outputs] == ["failed", "passed", "passed"]
    assert not found
    assert found.outputs[0].notes[0].startswith(told)
    assert "forward and reverse mode disagree" in found.outputs[0].notes[1]


def test_values_that_differ_between_calls_fail(f: Function) -> None:
    wrong = Wrong(f.held)
    wrong.bend_value = lambda value: value * (1 + 1e-9)
    found = wrong.check(AT)
    assert found.verdict == "failed"
    assert "values of f that differ by 1e-09" in found.outputs[0].notes[0]


def test_no_number_where_there_is_a_derivative(f: Function) -> None:
    wrong = Wrong(f.held)
    wrong.bend_jvp = lambda array: np.full_like(array, np.nan)
    assert [each.verdict for each in wrong.check(AT).outputs] == ["failed"] * 3


def test_what_cannot_be_asked(f: Function) -> None:
    wrong: list[dict[str, Any]] = [{"outputs": "z"}, {"with_respect_to": "z"}]
    for options in wrong:
        with pytest.raises(InvalidRequest, match=r"no (input|output) z") as caught:
            f.check(AT, **options)
        assert caught.value.reason == "UNKNOWN_NAME"
    with pytest.raises(InvalidRequest, match="each point has 5 numbers"):
        f.check(np.ones(5))
    with pytest.raises(InvalidRequest, match="no point"):
        f.check(np.zeros((0, 6)))
    with pytest.raises(InvalidRequest, match="all are shared"):
        f.check(shared=AT)


def test_over_a_session(client: Client, f: Function) -> None:
    with client.session() as session:
        assert session.function(f).check(AT).passed


def test_every_special_function_of_the_builder_passes(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x", 3)
    b.output("erf", ops.erf(x))
    b.output("gamma", ops.lgamma(x))
    b.output("soft", ops.softplus(x))
    b.output("lse", ops.logsumexp(x))
    assert client.function(b).check([0.5, 1.5, 2.5]).passed
