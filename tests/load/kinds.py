"""The calls that a load is made of, each with answers known beforehand from formulas: large ones and tiny ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from examples import functions
from wengert import v1
from wengert.v1.tensors import read_tensor, write_tensor
from wengert_client import ListBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
    from wengert_client import Client

Floats = NDArray[np.float64]
SESSION_S = 60.0


class Kind(ABC):
    """One kind of call. An object is used by one thread.

    Attributes
    ----------
    name : str
    weight : int
        How often it comes, beside the others.
    calls : int
        Calls that one use of it makes.
    """

    name: str
    weight = 10
    calls = 1

    def __init__(self, client: Client, stub: DifferentiationServiceStub, source: np.random.Generator) -> None:
        self.client = client
        self.stub = stub
        self.source = source
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Make the function."""

    @abstractmethod
    def right(self) -> bool:
        """Make a call; gives whether the answer is right."""


def _near(got: Any, expected: Any) -> bool:
    return np.shape(got) == np.shape(expected) and np.allclose(got, expected, rtol=1e-9, atol=1e-9)


class Tiny(Kind):
    """f and J of x1 x2 + sin x1."""

    name = "tiny value and Jacobian"
    weight = 60

    def prepare(self) -> None:
        self.function = self.client.function(functions.product_plus_sine().builder)

    def right(self) -> bool:
        x1, x2 = x = self.source.normal(size=2)
        result = self.function.value_and_jacobian(x)
        return _near(result.value, [x1 * x2 + np.sin(x1)]) and _near(result.derivative, [[x2 + np.cos(x1), x1]])


class Gradient(Kind):
    """Rosenbrock's valley in 1000 variables, with its gradient."""

    name = "gradient of 1000"

    def prepare(self) -> None:
        self.function = self.client.function(functions.rosenbrock(1000).builder)

    def right(self) -> bool:
        x = self.source.normal(size=1000)
        result = self.function.value_and_gradient(x)
        value = np.sum(100 * _gap(x) ** 2 + (1 - x[:-1]) ** 2)
        return _near(result.value, [value]) and _near(result.derivative, _gradient(x))


def _gap(x: Floats) -> Floats:
    return x[1:] - x[:-1] ** 2


def _gradient(x: Floats) -> Floats:
    gradient = np.zeros(len(x))
    gradient[1:] = 200 * _gap(x)
    gradient[:-1] += -400 * x[:-1] * _gap(x) - 2 * (1 - x[:-1])
    return gradient


class HessianProduct(Kind):
    """Rosenbrock's Hessian, tridiagonal, times a vector."""

    name = "Hessian-vector product of 1000"

    def prepare(self) -> None:
        self.function = self.client.function(functions.rosenbrock(1000).builder)

    def right(self) -> bool:
        x, u = self.source.normal(size=(2, 1000))
        diagonal = np.zeros(1000)
        diagonal[1:] = 200.0
        diagonal[:-1] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
        beside = -400 * x[:-1]
        expected = diagonal * u
        expected[:-1] += beside * u[1:]
        expected[1:] += beside * u[:-1]
        return _near(self.function.hvp(x, u), expected)


class ManyPoints(Kind):
    """A normal log-density with its gradient at 5000 points."""

    name = "Jacobians at 5000 points"
    weight = 4

    def prepare(self) -> None:
        self.function = self.client.function(functions.log_density().builder)

    def right(self) -> bool:
        x = self.source.normal(size=(5000, 3))
        x[:, 2] = 0.5 + np.abs(x[:, 2])
        result = self.function.value_and_jacobian(x)
        y, mu, sigma = x.T
        z = (y - mu) / sigma
        expected = np.stack([-z / sigma, z / sigma, (z * z - 1) / sigma], axis=1)
        return _near(result.derivative[:, 0], expected) and _near(result.value[:, 0], -0.5 * z**2 - np.log(sigma))


def _sines(n: int, m: int, source: np.random.Generator) -> tuple[ListBuilder, Floats]:
    """f(x) = sin(A x), whose Jacobian is cos(A x) A."""
    matrix = source.normal(size=(m, n))
    b = ListBuilder()
    x = b.input("x", shape=n)
    b.output("y", np.sin(matrix @ x))
    return b, matrix


class LargeMatrix(Kind):
    """A dense Jacobian of 300 by 300."""

    name = "dense Jacobian of 300 x 300"
    weight = 2

    def prepare(self) -> None:
        builder, self.matrix = _sines(300, 300, np.random.default_rng(0))
        self.function = self.client.function(builder)

    def right(self) -> bool:
        x = self.source.normal(size=300)
        expected = np.cos(self.matrix @ x)[:, None] * self.matrix
        return _near(self.function.jacobian(x), expected)


class SparseMatrix(Kind):
    """A sparse Jacobian: x[i]^2 x[i + 1] for 2000 variables."""

    name = "sparse Jacobian of 2000 x 2000"

    def prepare(self) -> None:
        b = ListBuilder()
        x = b.input("x", shape=2000)
        b.output("y", x[:-1] ** 2 * x[1:])
        self.function = self.client.function(b)

    def right(self) -> bool:
        x = self.source.normal(size=2000)
        got = self.function.jacobian(x, sparse=True)
        expected = 2 * x[:-1] * x[1:], x[:-1] ** 2
        return _near(got.diagonal(), expected[0]) and _near(got.diagonal(1), expected[1]) and got.nnz == 2 * 1999


class Streamed(Kind):
    """A Jacobian in blocks, put together."""

    name = "streamed Jacobian of 300 x 300"
    weight = 2

    def prepare(self) -> None:
        builder, self.matrix = _sines(300, 300, np.random.default_rng(0))
        self.list = builder.build()

    def right(self) -> bool:
        x = self.source.normal(size=300)
        request = v1.StreamJacobianRequest(block_bytes=1 << 16)
        request.request.function.list.CopyFrom(self.list)
        write_tensor(request.request.points, x)
        got, filled = np.empty(300 * 300), 0
        for block in self.stub.StreamJacobian(request, timeout=SESSION_S):
            if block.offset != filled:
                return False
            got[filled : filled + len(block.entries)] = block.entries
            filled += len(block.entries)
        expected = np.cos(self.matrix @ x)[:, None] * self.matrix
        return filled == got.size and _near(got.reshape(300, 300), expected)


class InSession(Kind):
    """Twenty tiny calls in one stream, sent without waiting."""

    name = "session of 20 tiny calls"
    weight = 4
    calls = 20

    def prepare(self) -> None:
        function = self.client.function(functions.product_plus_sine().builder)
        function.jacobian([1.0, 2.0])  # the server holds it from now on
        self.id = function.id

    def right(self) -> bool:
        points = self.source.normal(size=(self.calls, 2))
        answered = 0
        for response in self.stub.Session(self._requests(points), timeout=SESSION_S):
            x1, x2 = points[response.call]
            if not _near(read_tensor(response.jacobian.dense), [[x2 + np.cos(x1), x1]]):
                return False
            answered += 1
        return answered == self.calls

    def _requests(self, points: Floats) -> Iterator[v1.SessionRequest]:
        for number, point in enumerate(points):
            request = v1.SessionRequest(call=number)
            request.jacobian.function.id = self.id
            write_tensor(request.jacobian.points, point)
            yield request


KINDS: tuple[type[Kind], ...] = (
    Tiny,
    Gradient,
    HessianProduct,
    ManyPoints,
    LargeMatrix,
    SparseMatrix,
    Streamed,
    InSession,
)
