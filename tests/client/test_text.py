"""Functions as source text in the client, with a server and without, blocking and not."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.client.modes import ALL_MODES, client_in
from wengert_client import Client, InvalidRequest, LimitExceeded, ListBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator

ROBERTSON = """
    # Robertson's kinetics
    input y[3]
    input k1 = 0.04, k2 = 1e4, k3 = 3e7      # inputs with defaults
    r1 = k1*y[0];  r2 = k2*y[1]*y[2];  r3 = k3*y[1]^2
    output dy = [-r1 + r2, r1 - r2 - r3, r3]
"""


@pytest.fixture(scope="module", params=ALL_MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


def test_a_text_is_a_function_with_defaults(client: Client) -> None:
    f = client.function(ROBERTSON)
    y = np.array([1.0, 2e-5, 0.1])
    expected = [[-0.04, 1e3, 0.2], [0.04, -1e3 - 6e7 * 2e-5, -0.2], [0, 6e7 * 2e-5, 0]]
    np.testing.assert_allclose(f.jacobian(y=y), expected, rtol=1e-14)
    # With all inputs given, by all of them.
    assert f.jacobian(y=y, k1=1.0, k2=2.0, k3=3.0).shape == (3, 6)
    assert f.value(y=y, k1=0.0, k2=0.0, k3=0.0).tolist() == [0.0, 0.0, 0.0]


def test_a_text_and_a_builder_make_the_same_function(client: Client) -> None:
    b = ListBuilder()
    y, mu, sigma = b.inputs("y", "mu", "sigma")
    b.output("g", -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma))
    f = client.function("input y, mu, sigma; output g = -1/2*((y - mu)/sigma)^2 - log(sigma)")
    assert f.id == client.function(b).id
    assert str(f) == str(client.function(b))


def test_any_function_is_given_as_text(client: Client) -> None:
    f = client.function("input x[2]; s = sin(x); output f = s @ s")
    text = f.text()
    assert text == "input x[2]\ns = sin(x)\nw3 = s @ s\noutput f = w3\n"
    assert client.function(text).id == f.id
    jacobian = f.differentiate("jacobian")
    again = client.function(jacobian.text())
    assert again.id == jacobian.id
    np.testing.assert_array_equal(again.value([0.3, 0.7]), jacobian.value([0.3, 0.7]))


def test_errors_show_the_place(client: Client) -> None:
    with pytest.raises(InvalidRequest) as caught:
        client.function("input sigma\noutput g = log(sigm)").value(sigma=1.0)
    assert caught.value.reason == "UNKNOWN_NAME"
    assert caught.value.violations[0].field == "function.text"
    assert caught.value.message.split("\n") == [
        "line 2, column 16: there is nothing called sigm; did you mean sigma?",
        "    output g = log(sigm)",
        "                   ^",
    ]
    with pytest.raises(LimitExceeded, match="text_steps"):
        client.function("for i in 0..1e12 { }").value([])


def test_a_text_is_kept_for_servers_that_forget(client: Client) -> None:
    f = client.function("input x; output f = x^3")
    assert f.value(x=2.0).tolist() == [8.0]
    client.forget(f)
    assert f.gradient(x=2.0).tolist() == [12.0]
    client.forget(f)
    assert f.text() == "input x\nw2 = x^3\noutput f = w2\n"


def test_functions_of_texts_pickle() -> None:
    with Client() as client:
        f = client.function("input x; output f = x^3")
        untouched = pickle.loads(pickle.dumps(f))  # noqa: S301  our own
        f.value(x=1.0)
        for again in (untouched, pickle.loads(pickle.dumps(f))):  # noqa: S301
            assert again.value(x=3.0).tolist() == [27.0]


SAME = [
    *(f"x[{index}]" for index in ("0", "-1, 2", ":, 1", "0:2, ::2, 3", "::-1", "1, :, 1:3", "5:", ":, [2, 0]")),
    "-x^2 + 2*x - 1/x",
    "x**3 + 2**x + x**0.5 + x**-1",
    "where(x > 0.5, x, -x)",
    "sum(x, axis=(0, 2)) + prod(x, axis=(-1, 0)) + max(x, axis=(2, 0))",
    "reshape(x, (4, -1)) @ x[0, :, 1][[0, 1, 2, 0, 1, 2]]",
    "where(x < 1, sin(x), [1, 2, 3, 4])",
]  # fmt: skip


@pytest.mark.parametrize("formula", SAME)
def test_formulas_make_the_list_that_numpy_code_makes(formula: str) -> None:
    b = ListBuilder()
    names = {"sum": np.sum, "prod": np.prod, "max": np.max, "reshape": np.reshape, "where": np.where, "sin": np.sin}
    # Python's power is written with two stars; the formulas are this file's own.
    value = eval(formula.replace("^", "**"), {"x": b.input("x", (2, 3, 4)), **names})  # noqa: S307
    b.output("f", value)
    with Client() as client:
        text = client.function(f"input x[2, 3, 4]\noutput f = {formula}")
        assert str(text) == str(client.function(b))
        assert text.id == client.function(b).id
