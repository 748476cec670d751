"""NumPy functions become lists, and their inputs and outputs come back as they went in."""

import copy
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests import reference
from tests.client.modes import MODES, client_in
from wengert_client import BuildError, Client, ListBuilder, Trace, TracedFunction, ops, trace

X, A = np.array([0.3, -0.7, 1.1]), np.array([[1.0, 2.0, 0.5], [0.2, -1.0, 3.0]])


class Rates(NamedTuple):
    k1: Any
    k2: Any


@dataclass(frozen=True)
class Result:
    total: Any
    parts: Any
    label: Any = field(default=None, init=False)


@pytest.fixture(scope="module", params=MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


def at(traced: Trace, **inputs: Any) -> Any:
    """Give what a trace is at a point, by the naive interpreter."""
    run = reference.run(traced.message, inputs)
    arrays = {o.name: reference.floats(run.operand(o.argument))[()] for o in traced.message.outputs}
    return traced.outputs.restore(arrays)


def model(x: Any, A: Any) -> Any:
    return np.exp(-A @ x).sum()


# ---- what goes in


@pytest.mark.parametrize("shape", [3, (3,), np.int64(3), np.ones(3), [1.0, 2.0, 3.0].__class__((1.0, 2.0, 3.0))])
def test_an_input_is_a_shape_a_length_or_an_example(shape: Any) -> None:
    traced = trace(lambda x: 2 * np.stack(x) if isinstance(x, list) else 2 * x, {"x": shape})
    sizes = [tuple(each.shape) for each in traced.message.inputs]
    assert sizes == ([()] * 3 if isinstance(shape, list) else [(3,)])


def test_scalars_and_examples_of_scalars() -> None:
    traced = trace(lambda a, b, c: a * b + c, {"a": (), "b": 1.5, "c": np.float64(2)})
    assert [tuple(each.shape) for each in traced.message.inputs] == [(), (), ()]


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (lambda x, A: A @ x, {"A": (2, 3), "x": 3}),
        (lambda p, q: q @ p, {"x": 3, "A": (2, 3)}),
        (lambda **both: both["A"] @ both["x"], {"x": 3, "A": (2, 3)}),
        (lambda *both: both[1] @ both[0], {"x": 3, "A": (2, 3)}),
        (lambda x, /, A: A @ x, {"x": 3, "A": (2, 3)}),
        (partial(lambda k, x, A: k * (A @ x), 1.0), {"A": (2, 3), "x": 3}),
        (np.matmul, {"A": (2, 3), "x": 3}),
    ],
)
def test_inputs_are_given_by_name_or_by_position(function: Callable[..., Any], inputs: Any) -> None:
    np.testing.assert_allclose(at(trace(function, inputs), x=X, A=A), A @ X, rtol=1e-15)


def test_a_ufunc_and_a_bound_method_can_be_traced() -> None:
    class Model:
        k = 2.0

        def step(self, x: Any) -> Any:
            return self.k * x

        def __call__(self, x: Any) -> Any:
            return self.step(x) + 1

    np.testing.assert_array_equal(at(trace(np.negative, {"x": 3}), x=X), -X)
    np.testing.assert_array_equal(at(trace(Model().step, {"x": 3}), x=X), 2 * X)
    assert trace(Model(), {"x": 3}).name == "Model"


def test_inputs_may_be_structures() -> None:
    seen = []

    def function(p: Any, layers: Any, options: Any) -> Any:
        seen.append((type(p), type(layers), type(options)))
        return p.k1 * layers[0][0] @ np.ones(2) + options["deep"]["b"] + p.k2 + layers[1]

    inputs = {"p": Rates((), 3), "layers": [((3, 2), 2), ()], "options": {"deep": {"b": 3}}}
    traced = trace(function, inputs)
    assert seen == [(Rates, list, dict)]
    names = [each.name for each in traced.message.inputs]
    assert names == ["p.k1", "p.k2", "layers_0_0", "layers_0_1", "layers_1", "options.deep.b"]


# ---- what comes out


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda x: x, ["f"]),
        (lambda x: 2.5, ["f"]),
        (lambda x: np.arange(3), ["f"]),
        (lambda x: x[0], ["f"]),
        (lambda x: (x, 1, x[0]), ["f_0", "f_1", "f_2"]),
        (lambda x: [x[0] * 2, [x[1], 3.0]], ["f_0", "f_1_0", "f_1_1"]),
        (lambda x: {"y": x * 2, "z": {"deep": (x, x)}}, ["y", "z.deep_0", "z.deep_1"]),
        (lambda x: {1: x, "a b": x, "2": x}, ["f_1", "a_b", "_2"]),
        (lambda x: OrderedDict(b=x, a=x), ["b", "a"]),
        (lambda x: Rates(x, None), ["k1"]),
        (lambda x: Result(x.sum(), {"a": x}), ["total", "parts.a"]),
        (lambda x: (x, ()), ["f_0"]),
        (lambda x: np.array([x[0], 1.0, x[2] * x[1]]), ["f"]),
    ],
)
def test_outputs_come_back_as_the_function_gives_them(function: Callable[..., Any], names: list[str]) -> None:
    traced = trace(function, {"x": 3})
    assert [each.name for each in traced.message.outputs] == names
    assert_same(at(traced, x=X), function(X))


def asdict(result: Result) -> dict[str, Any]:
    return {each.name: getattr(result, each.name) for each in fields(result)}


def assert_same(got: Any, expected: Any) -> None:
    """Compare structures: types, keys, and arrays."""
    if isinstance(expected, (dict, list, tuple, Result)):
        assert type(got) is type(expected)
        parts: list[Any] = [asdict(each) if isinstance(each, Result) else each for each in (got, expected)]
        keys: list[list[Any]] = [list(each) if isinstance(each, dict) else list(range(len(each))) for each in parts]
        assert keys[0] == keys[1]
        for key in keys[0]:
            assert_same(parts[0][key], parts[1][key])
    elif expected is None:
        assert got is None
    else:
        np.testing.assert_allclose(np.asarray(got, dtype=float), expected, rtol=1e-15)
        assert np.shape(got) == np.shape(expected)


@pytest.mark.parametrize(
    ("function", "inputs", "told"),
    [
        (lambda x: None, {"x": 3}, "no array"),
        (lambda x: [], {"x": 3}, "no array"),
        (lambda x: "text", {"x": 3}, "output f is a str"),
        (lambda x: {"a b": x, "a_b": x}, {"x": 3}, "output called a_b already"),
        (lambda x: x, {"y": 3, "x": 3}, "inputs are called y, x"),
        (lambda x: x, {"x": "3"}, "input x"),
        (lambda x: x, {"x": True}, "input x"),
        (lambda x: x, {"x": -1}, "no extent is negative"),
        (lambda x: x, {"2x": 3}, "no name of an input"),
        (lambda x: x, [3], "a mapping"),
    ],
)
def test_what_cannot_be_an_input_or_an_output_is_told(function: Any, inputs: Any, told: str) -> None:
    with pytest.raises(BuildError, match=told):
        trace(function, inputs)


def test_a_coroutine_function_is_refused() -> None:
    async def function(x: Any) -> Any:
        return x

    with pytest.raises(BuildError, match="awaited"):
        trace(function, {"x": 3})


# ---- defaults


def test_defaults_are_those_of_the_list() -> None:
    traced = trace(model, {"x": 3, "A": (2, 3)}, {"A": A})
    assert [each.HasField("default_value") for each in traced.message.inputs] == [False, True]
    with pytest.raises(BuildError, match="no input k"):
        trace(model, {"x": 3, "A": (2, 3)}, {"k": 1})


# ---- copies


def test_copies_change_by_themselves() -> None:
    def copied(module: Any, x: Any) -> Any:
        y = 2 * x
        a, b, c = copy.copy(y), copy.deepcopy(y), +y
        a += 1
        b *= 3
        c -= 5
        z = module.zeros(3)
        z[0] = 1
        p, q = copy.copy(z), copy.deepcopy({"z": [z]})["z"][0]
        p[1], q[2] = x[0], x[1]
        z += y
        return np.concatenate([y, a, b, c, z * 1.0, p * 1.0, q * 1.0])

    np.testing.assert_allclose(at(trace(partial(copied, ops), {"x": 3}), x=X), copied(np, X), rtol=1e-15)


# ---- traces do not meet


def test_a_variable_of_an_earlier_trace_is_refused() -> None:
    kept: list[Any] = []

    def leaking(x: Any) -> Any:
        kept.append(x)
        return x

    trace(leaking, {"x": 3})
    for use in (lambda x: x + kept[0], lambda x: kept[0] + x, lambda x: np.stack([kept[0], x])):
        with pytest.raises(BuildError, match=r"different lists|has ended"):
            trace(use, {"x": 3})
    for alone in (lambda: kept[0] * 2, lambda: np.sin(kept[0]), lambda: kept[0][0], kept[0].sum):
        with pytest.raises(BuildError, match=r"trace of leaking is used after it has ended"):
            alone()
    with pytest.raises(BuildError, match="different lists"):
        trace(lambda x: kept[0], {"x": 3})


def test_a_trace_within_a_trace_and_traces_in_threads() -> None:
    def outer(x: Any) -> Any:
        inner = trace(lambda y: np.sin(y) * 2, {"y": 3})
        return x * inner.statements

    np.testing.assert_array_equal(at(trace(outer, {"x": 3}), x=X), 2 * X)
    results: list[Any] = [None] * 8

    def work(k: int) -> None:
        results[k] = str(trace(lambda x: sum(x * float(j) for j in range(50 * k + 1)), {"x": 3}))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.count("MULTIPLY") for each in results] == [50 * k + 1 for k in range(8)]


def test_an_error_of_the_function_itself_passes() -> None:
    with pytest.raises(ZeroDivisionError):
        trace(lambda x: x * (1 / 0), {"x": 3})
    with pytest.raises(TypeError, match="unexpected keyword") as caught:
        trace(lambda x: np.sum(x, axes=1), {"x": 3})  # type: ignore[call-overload]
    assert not isinstance(caught.value, BuildError)

    def choosy(x: Any) -> Any:
        raise TypeError(f"not {x}")

    with pytest.raises(TypeError, match="not w_1") as raised:
        trace(choosy, {"x": 3})
    assert not isinstance(raised.value, BuildError)


# ---- at a server


def test_a_traced_function_is_called_as_it_is(client: Client) -> None:
    f = client.function(model, inputs={"x": (3,), "A": (2, 3)})
    assert isinstance(f, TracedFunction)
    expected = model(X, A)
    for got in (f(X, A), f(X, A=A), f(A=A, x=X), f.value(x=X, A=A)[0]):
        np.testing.assert_allclose(got, expected, rtol=1e-15)
    assert np.shape(f(X, A)) == ()
    gradient = f.gradient(x=X, A=A)
    restored = f.restore_inputs(gradient)
    np.testing.assert_allclose(restored["x"], -np.exp(-A @ X) @ A, rtol=1e-14)
    np.testing.assert_allclose(restored["A"], -np.exp(-A @ X)[:, None] * X, rtol=1e-14)
    assert f(np.tile(X, (4, 1)), np.tile(A, (4, 1, 1))).shape == (4,)
    assert repr(f) == "<TracedFunction model(x, A)>"
    again = pickle.loads(pickle.dumps(client.function(trace(structured, {"p": Rates(3, ()), "x": 3}))._outputs))  # noqa: S301
    assert list(again.leaves()) == ["total", "parts_0", "parts_1"]


def structured(p: Any, x: Any) -> Result:
    return Result(p.k2 * x.sum(), (p.k1 * x, x[0]))


def test_structures_go_in_and_come_back_everywhere(client: Client) -> None:
    f = client.function(structured, inputs={"p": Rates(3, ()), "x": 3}, defaults={"x": X})
    p = Rates(np.array([1.0, 2.0, 3.0]), 0.5)
    expected = structured(p, X)
    for got in (f(p, X), f(p), f(p=p), f.restore(f.value(p=p)), f.restore(f.value({"p": p, "x": X}))):
        assert isinstance(got, Result)
        np.testing.assert_allclose(got.total, expected.total, rtol=1e-15)
        assert isinstance(got.parts, tuple)
        np.testing.assert_allclose(got.parts[0], expected.parts[0], rtol=1e-15)
    J = f.jacobian(p=p)
    assert J.shape == (5, 4)
    by_input = f.restore_inputs(J)
    assert by_input["x"] is None
    np.testing.assert_allclose(by_input["p"].k2, [X.sum(), 0, 0, 0, 0], rtol=1e-15)
    J = f.jacobian(p=p, x=X)
    assert f.restore_inputs(J)["x"].shape == (5, 3)
    np.testing.assert_allclose(f.jvp(p=p, tangents={"p": Rates(np.ones(3), 0.0)})[1:4], X, rtol=1e-15)
    wrong: Any = {"k2": 1.0}
    parts = f.restore_jacobian(f.jacobian(p=p, x=X))
    assert isinstance(parts, Result)
    np.testing.assert_allclose(parts.total["x"], [0.5, 0.5, 0.5], rtol=1e-15)
    np.testing.assert_allclose(parts.parts[0]["p"].k1, np.diag(X), rtol=1e-15)
    many = f.jacobian(p=Rates(np.ones((4, 3)), np.ones(4)), with_respect_to=["p.k1"])
    chosen = f.restore_jacobian(many, ["p.k1"])
    assert chosen.parts[0]["p"].k1.shape == (4, 3, 3)
    assert chosen.total["p"].k2 is None
    assert chosen.total["x"] is None
    with pytest.raises(BuildError, match=r"p: 'k1' is missing"):
        f.value(p=wrong)
    with pytest.raises(BuildError, match="each given once"):
        f(p, p=p)


def test_what_is_no_function_is_told(client: Client) -> None:
    with pytest.raises(BuildError, match=r"inputs=\{'x': \(3,\)"):
        client.function(model)
    with pytest.raises(BuildError, match="a list has inputs of its own"):
        client.function(ListBuilder(), inputs={"x": 3})  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="a NumPy function"):
        client.function(3)  # type: ignore[call-overload]


# ---- how large a list is


def network(weights: Any, points: Any) -> Any:
    for W, b in weights[:-1]:
        points = np.tanh(points @ W + b)
    W, b = weights[-1]
    return (points @ W + b)[:, 0]


def loss(weights: Any, points: Any, labels: Any) -> Any:
    return np.mean((network(weights, points) - labels) ** 2)


def test_a_network_on_a_hundred_points_is_a_short_list() -> None:
    rng = np.random.default_rng(1)
    points, labels = rng.normal(size=(100, 2)), rng.normal(size=100)
    shapes = [((2, 16), 16), ((16, 16), 16), ((16, 1), 1)]
    traced = trace(partial(loss, points=points, labels=labels), {"weights": shapes})
    assert traced.statements == 15
    assert traced.message.ByteSize() < 4_000
    with_inputs = trace(loss, {"weights": shapes, "points": (100, 2), "labels": 100})
    assert with_inputs.message.ByteSize() < 1_000
    weights = [(rng.normal(size=a), rng.normal(size=b)) for a, b in shapes]
    arrays = dict(zip(traced.inputs.leaves(), [each for pair in weights for each in pair], strict=True))
    np.testing.assert_allclose(at(traced, **arrays), loss(weights, points, labels), rtol=1e-12)
