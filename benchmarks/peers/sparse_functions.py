"""The problems of the chapter on sparse Jacobians, as users of NumPy and of JAX write them: with either's module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from examples.dynamics import BRUSSELATOR_A, BRUSSELATOR_ALPHA, brusselator_feed
from examples.sparse import CAMERA_WIDTH, POINT_WIDTH, seen_by

Shared: TypeAlias = Mapping[str, Any]
Written: TypeAlias = Callable[[Any, Shared], Any]


def brusselator(xp: Any, N: int) -> Written:
    """The right-hand side with rolled arrays."""
    scale, feed = BRUSSELATOR_ALPHA * (N - 1) ** 2, brusselator_feed(N)

    def around(x: Any) -> Any:
        rolled = xp.roll(x, 1, 0) + xp.roll(x, -1, 0) + xp.roll(x, 1, 1) + xp.roll(x, -1, 1)
        return scale * (rolled - 4.0 * x)

    def rate(x: Any, _shared: Shared) -> Any:
        u, v = x.reshape(2, N, N)
        grown = u * u * v
        du = around(u) + feed + grown - (BRUSSELATOR_A + 1.0) * u
        return xp.stack([du, around(v) + BRUSSELATOR_A * u - grown]).reshape(-1)

    return rate


def rosenbrock_residuals(xp: Any) -> Written:
    """Two residuals for each pair of neighbours."""

    def residuals(x: Any, _shared: Shared) -> Any:
        here, there = x[:-1], x[1:]
        return xp.stack([10.0 * (there - here * here), 1.0 - here], axis=1).reshape(-1)

    return residuals


def arrowhead(xp: Any) -> Written:
    """A dense row and a dense column."""

    def f(x: Any, _shared: Shared) -> Any:
        rest = x[1:]
        return xp.concatenate([xp.sum(x * x).reshape(1), rest * rest * rest + x[0] * rest])

    return f


def broyden(xp: Any) -> Written:
    """Broyden's tridiagonal function."""

    def f(x: Any, _shared: Shared) -> Any:
        padded = xp.pad(x, 1)
        return (3.0 - 2.0 * x) * x - padded[:-2] - 2.0 * padded[2:] + 1.0

    return f


def bundle_adjustment(xp: Any, cameras: int, points: int, observations: int) -> Written:
    """Where cameras see points, beside where they were seen."""
    camera_of, point_of = seen_by(cameras, points, observations)

    def errors(x: Any, shared: Shared) -> Any:
        camera = x[: CAMERA_WIDTH * cameras].reshape(cameras, CAMERA_WIDTH)[camera_of].T
        point = x[CAMERA_WIDTH * cameras :].reshape(points, POINT_WIDTH)[point_of].T
        x, y, depth = _rotated(xp, camera[:3], point - camera[3:6])
        x, y = x / depth, y / depth
        radius = x * x + y * y
        scale = camera[6] * (1.0 + radius * (camera[9] + camera[10] * radius))
        return (xp.stack([scale * x + camera[7], scale * y + camera[8]]) - shared["seen"]).reshape(-1)

    return errors


def _rotated(xp: Any, rotation: Any, x: Any) -> Any:
    angle = xp.sqrt(xp.sum(rotation * rotation, axis=0))
    axis = rotation / angle
    cosine, sine = xp.cos(angle), xp.sin(angle)
    along = xp.sum(axis * x, axis=0) * (1.0 - cosine)
    turned = xp.stack([axis[i - 2] * x[i - 1] - axis[i - 1] * x[i - 2] for i in range(3)])
    return x * cosine + turned * sine + axis * along
