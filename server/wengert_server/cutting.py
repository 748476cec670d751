"""Cutting a large call into parts that are calls themselves, and putting their answers together.

K points are cut into some points each. A dense Jacobian at one point is cut into sweeps: products with unit vectors,
which give its rows or columns. Every part is the request of an rpc, so that whatever serves the rpc serves the part,
with all its checks; and since points and sweeps do not see each other, the answer is the same bit for bit.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from adengine import Mode, Sweeps
from adengine.errors import LimitExceeded
from wengert import v1
from wengert.v1.tensors import read_tensor, write_tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    PointsResponse = (
        v1.EvaluateResponse
        | v1.JvpResponse
        | v1.VjpResponse
        | v1.JacobianResponse
        | v1.HessianResponse
        | v1.HvpResponse
    )

_BATCHED = 2
_PER_POINT = 3
_PER_POINT_FIELDS = ("tangents", "cotangents", "weights")
_ANSWERS = ("values", "tangents", "cotangents", "dense", "gradient", "hessian", "products")


class Seeds(NamedTuple):
    """Unit vectors as directions: they need not travel.

    Attributes
    ----------
    field : str
        ``tangents`` or ``cotangents``.
    first, number : int
        The first one's place of the 1, and how many follow each other.
    width : int
        Their length.
    """

    field: str
    first: int
    number: int
    width: int


class Part(NamedTuple):
    """A part of a call: the name of an rpc, its request, and unit vectors to fill in."""

    rpc: str
    request: bytes
    seeds: Seeds | None = None

    def message(self) -> bytes:
        """The whole request."""
        if self.seeds is None:
            return self.request
        request = _REQUESTS[self.rpc].FromString(self.request)
        vectors = np.zeros((self.seeds.number, self.seeds.width))
        rows = np.arange(self.seeds.number)
        vectors[rows, self.seeds.first + rows] = 1.0
        write_tensor(getattr(request, self.seeds.field), vectors)
        return request.SerializeToString()


_REQUESTS: Mapping[str, type[v1.JvpRequest | v1.VjpRequest]] = {"Jvp": v1.JvpRequest, "Vjp": v1.VjpRequest}


class Cut(ABC):
    """A call that can be cut.

    Attributes
    ----------
    items : int
        What it has of what it is cut along: points, or sweeps.
    item_bytes : int
        What one of them takes on its way there and back, as far as it is known.
    """

    items: int
    item_bytes: int

    @abstractmethod
    def part(self, first: int, count: int) -> Part:
        """The part of so many items."""

    @abstractmethod
    def put(self, first: int, count: int, response: bytes) -> None:
        """Take the answer to a part."""

    @abstractmethod
    def answer(self) -> bytes:
        """The answer to the whole call, once all parts have been put."""


class PointsCut(Cut):
    """A call at K points.

    Parameters
    ----------
    rpc
        Its name.
    request
        What is asked; its points are a matrix.
    most_elements
        How large an array of the answer may be.

    Raises
    ------
    ValueError
        It cannot be cut: a tensor of it is ill-formed, or there is one point only.
    """

    def __init__(self, rpc: str, request: Any, most_elements: int) -> None:
        self._rpc = rpc
        self._most = most_elements
        shape = list(request.points.shape)
        if len(shape) != _BATCHED or shape[0] < _BATCHED:
            raise ValueError("there are no points to cut")
        self.items = shape[0]
        self._arrays = {"points": read_tensor(request.points)}
        self._base: Any = type(request)()
        self._base.CopyFrom(request)
        for name in _PER_POINT_FIELDS:
            given = list(getattr(request, name).shape) if hasattr(request, name) else []
            if len(given) == _PER_POINT and given[0] == self.items:
                self._arrays[name] = read_tensor(getattr(request, name))
        for name in self._arrays:
            self._base.ClearField(name)
        self.item_bytes = sum(array.nbytes for array in self._arrays.values()) // self.items + 1
        self._whole: PointsResponse | None = None
        self._results: dict[str, Array] = {}
        self._seconds = 0.0

    def part(self, first: int, count: int) -> Part:
        """So many of the points, with what is said of each."""
        request = type(self._base)()
        request.CopyFrom(self._base)
        for name, array in self._arrays.items():
            write_tensor(getattr(request, name), array[first : first + count])
        if first and isinstance(request, v1.JacobianRequest | v1.HessianRequest):
            request.values_only = True  # the pattern is in the answer to the first part
            request.ClearField("known_pattern")
        return Part(self._rpc, request.SerializeToString())

    def put(self, first: int, count: int, response: bytes) -> None:
        """Take the answers at some points.

        Raises
        ------
        ValueError
            They are no such answers.
        LimitExceeded
            The answer to the whole call would be too large.
        """
        message = _RESPONSES[self._rpc].FromString(response)
        arrays = {name: read_tensor(tensor) for name, tensor in _tensors(message)}
        if not first:
            self._begin(message, arrays)
        if arrays.keys() != self._results.keys():
            raise ValueError(
                f"an answer has {', '.join(arrays) or 'nothing'}, the first one {', '.join(self._results)}"
            )
        for name, array in arrays.items():
            expected = count, *self._results[name].shape[1:]
            if array.shape != expected:
                raise ValueError(f"{name} of an answer has shape {array.shape}, expected {expected}")
        for name, array in arrays.items():
            self._results[name][first : first + count] = array
        self._seconds += message.report.seconds

    def _begin(self, message: PointsResponse, arrays: Mapping[str, Array]) -> None:
        """Take the first answer as the pattern for all."""
        for name, array in arrays.items():
            shape = (self.items, *array.shape[1:])
            if math.prod(shape) > self._most:
                raise LimitExceeded("reply_elements", self._most, math.prod(shape), f"elements of {name}", "points")
            self._results[name] = np.empty(shape)
            self.item_bytes += 8 * array[:1].size
        for _, tensor in _tensors(message):
            tensor.Clear()
        self._whole = message

    def answer(self) -> bytes:
        """The answer at all points."""
        assert self._whole is not None  # noqa: S101  the part of the first point comes first
        for name, tensor in _tensors(self._whole):
            write_tensor(tensor, self._results[name])
        self._whole.report.seconds = self._seconds
        return self._whole.SerializeToString()


_RESPONSES: Mapping[str, type[PointsResponse]] = {
    "Evaluate": v1.EvaluateResponse,
    "Jvp": v1.JvpResponse,
    "Vjp": v1.VjpResponse,
    "Jacobian": v1.JacobianResponse,
    "Hessian": v1.HessianResponse,
    "Hvp": v1.HvpResponse,
}


def _tensors(message: PointsResponse) -> Iterator[tuple[str, v1.Tensor]]:
    """The tensors of a response with an axis for the points."""
    for field, value in message.ListFields():
        if field.name in _ANSWERS:
            yield field.name, value
    if isinstance(message, v1.JacobianResponse | v1.HessianResponse) and message.HasField("sparse"):
        yield "sparse", message.sparse.values


class SweepsCut(Cut):
    """A dense Jacobian at one point.

    Parameters
    ----------
    request
        What is asked.
    sweeps
        What it takes.
    most_elements
        How large the matrix may be.

    Raises
    ------
    ValueError
        It cannot be cut: there are fewer than two sweeps, or it is too large.
    """

    def __init__(self, request: v1.JacobianRequest, sweeps: Sweeps, most_elements: int) -> None:
        if sweeps.number < _BATCHED or not 0 < sweeps.m * sweeps.n_w <= most_elements:
            raise ValueError("there are no sweeps to cut")
        self.items = sweeps.number
        self._sweeps = sweeps
        self._forward = sweeps.mode is Mode.FORWARD
        self._rpc = "Jvp" if self._forward else "Vjp"
        base = _REQUESTS[self._rpc](
            function=request.function,
            shared=request.shared,
            outputs=request.outputs,
            with_respect_to=request.with_respect_to,
        )
        if request.HasField("points"):
            base.points.CopyFrom(request.points)
        self._request = base.SerializeToString()
        self.item_bytes = 8 * (sweeps.m if self._forward else sweeps.n_w)
        self._matrix = np.empty((sweeps.m, sweeps.n_w))
        self._first: v1.JvpResponse | v1.VjpResponse | None = None
        self._seconds = 0.0

    def part(self, first: int, count: int) -> Part:
        """So many of the sweeps."""
        field = "tangents" if self._forward else "cotangents"
        width = self._sweeps.n_w if self._forward else self._sweeps.m
        return Part(self._rpc, self._request, Seeds(field, first, count, width))

    def put(self, first: int, count: int, response: bytes) -> None:
        """Take some rows or columns.

        Raises
        ------
        ValueError
            They are no such answers.
        """
        message: v1.JvpResponse | v1.VjpResponse
        if self._forward:
            message = v1.JvpResponse.FromString(response)
            self._matrix[:, first : first + count] = _shaped(message.tangents, count, self._sweeps.m).T
        else:
            message = v1.VjpResponse.FromString(response)
            self._matrix[first : first + count] = _shaped(message.cotangents, count, self._sweeps.n_w)
        self._seconds += message.report.seconds
        if not first:
            self._first = message

    def answer(self) -> bytes:
        """The whole matrix."""
        assert self._first is not None  # noqa: S101  the first sweeps come first
        response = v1.JacobianResponse(values=self._first.values, report=self._first.report)
        write_tensor(response.dense, self._matrix)
        response.report.seconds = self._seconds
        response.report.sweeps = self._sweeps.number
        response.report.reason = self._sweeps.reason
        return response.SerializeToString()


def _shaped(tensor: v1.Tensor, *shape: int) -> Array:
    """The array of a tensor, which must have this shape.

    Raises
    ------
    ValueError
        It has another.
    """
    array = read_tensor(tensor)
    if array.shape != shape:
        raise ValueError(f"products of an answer have shape {array.shape}, expected {shape}")
    return array
