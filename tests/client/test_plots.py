"""Pictures of patterns and Jacobians: what is drawn where, in which color, with which labels."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest

from tests.client.modes import EMBEDDED, client_in
from wengert_client import Client, Function, InvalidRequest, ListBuilder, MissingDependency

mpl.use("Agg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with client_in(EMBEDDED) as opened:
        yield opened


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def f(client: Client) -> Function:
    b = ListBuilder()
    x, a, k = b.input("x", 3), b.input("A", (2, 3)), b.input("k", default=2.0)
    b.output("y", k * (a @ x))
    b.output("root", np.sqrt(x[0]))
    return client.function(b)


AT: dict[str, Any] = {"x": [0.0, -1.0, 1e-3], "A": [[1.0, 2.0, -3.0], [0.0, 1e-6, 4.0]]}


def image_of(ax: Any) -> Any:
    return ax.images[0].get_array()


def labels(axis: Any) -> list[str]:
    return [each.get_text() for each in axis.get_ticklabels()]


def test_a_jacobian(f: Function) -> None:
    ax = f.plot_jacobian(AT)
    ax.figure.canvas.draw()
    jacobian = f.jacobian(AT)
    shown = image_of(ax)
    assert shown.shape == jacobian.shape == (3, 9)
    drawn = np.isfinite(jacobian) & (jacobian != 0)
    np.testing.assert_array_equal(np.ma.getmaskarray(np.ma.masked_invalid(shown)), ~drawn)
    np.testing.assert_array_equal(np.asarray(shown)[drawn], jacobian[drawn])
    colors = ax.images[0].to_rgba(np.array([4.0, -4.0, 2e-6, -2e-6]))
    assert colors[0, 0] > colors[0, 2]  # Above 0 is red,
    assert colors[1, 2] > colors[1, 0]  # below it blue,
    assert colors[2, 0] > colors[2, 2]  # and what is small too.
    assert labels(ax.yaxis) == ["y[0]", "y[1]", "root"]
    assert labels(ax.xaxis) == ["x[0]", "x[1]", "x[2]", *(f"A[{i}, {j}]" for i in range(2) for j in range(3))]
    crossed = ax.lines[0].get_xydata()
    np.testing.assert_array_equal(crossed, [[0, 2]])  # The slope of the root at 0 is infinite.


def test_selections_and_axes_of_your_own(f: Function) -> None:
    _, ax = plt.subplots()
    drawn = f.plot_jacobian([0.5, 1.0, 2.0], shared={"A": AT["A"]}, outputs="y", with_respect_to=["k", "x"], ax=ax)
    assert drawn is ax
    assert labels(ax.xaxis) == ["k", "x[0]", "x[1]", "x[2]"]
    assert labels(ax.yaxis) == ["y[0]", "y[1]"]
    assert image_of(ax).shape == (2, 4)
    with pytest.raises(InvalidRequest, match="a picture is of one point, not of 2"):
        f.plot_jacobian(np.ones((2, 9)))


def test_a_pattern_in_its_colors(f: Function) -> None:
    sparsity = f.sparsity()
    ax = sparsity.plot()
    shown = np.asarray(image_of(ax))
    assert shown.shape == (3, 10, 4)
    there = np.zeros((3, 10), np.bool_)
    there[sparsity.row, sparsity.column] = True
    np.testing.assert_array_equal(shown[..., 3] > 0, there)
    column = {j: tuple(shown[:, j][there[:, j]][0]) for j in range(10)}
    for i in range(10):
        for j in range(10):
            assert (column[i] == column[j]) == (sparsity.colors[i] == sparsity.colors[j])
    assert ax.get_title().startswith(f"{sparsity.nnz} entries")
    assert f"{sparsity.number_of_colors} colors" in ax.get_title()


@pytest.mark.parametrize("sparse", [False, True])
def test_large_matrices_are_drawn_in_bins(client: Client, sparse: bool) -> None:
    n = 1000
    b = ListBuilder()
    x = b.input("x", n)
    b.output("y", x * x - 3 * np.concatenate([np.zeros(1), x[:-1]]))
    f = client.function(b)
    at = np.linspace(-1.0, 1.0, n)
    shown = np.nan_to_num(np.asarray(image_of(f.plot_jacobian(at, sparse=sparse))))
    expected = np.zeros((200, 200))
    jacobian = f.jacobian(at)
    for i in range(200):
        for j in range(200):
            cell = jacobian[5 * i : 5 * i + 5, 5 * j : 5 * j + 5].ravel()
            expected[i, j] = cell[np.argmax(np.abs(cell))]
    np.testing.assert_array_equal(shown, expected)
    counts = np.nan_to_num(np.asarray(image_of(f.sparsity().plot())))
    assert counts.shape == (200, 200)
    assert counts.sum() == f.sparsity().nnz


def test_nothing_to_draw(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x", 2)
    b.output("y", np.floor(x))
    f = client.function(b)
    f.plot_jacobian([0.5, 1.5]).figure.canvas.draw()
    f.sparsity().plot().figure.canvas.draw()


def test_without_matplotlib(f: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependency, match=r"pip install 'wengert\[plot\]'"):
        f.sparsity().plot()
    with pytest.raises(MissingDependency, match=r"pip install 'wengert\[plot\]'"):
        f.plot_jacobian(AT)
