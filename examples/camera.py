"""Bundle adjustment: where a camera sees a point, and how far from where it was seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from examples.models import DATA
from examples.problem import Floats, Problem, flat
from wengert_client import ListBuilder, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Three variables.
Vector: TypeAlias = "Sequence[Variable]"

CAMERA = ("r1", "r2", "r3", "c1", "c2", "c3", "f", "u0", "v0", "k1", "k2")
POINT = ("x1", "x2", "x3")


def bundle_adjustment_block() -> Problem:
    """Give the reprojection error of one observation, two outputs of 15 inputs and the place observed (ADBench's).

    The camera has a rotation, a centre, a focal length, a principal point and two radial distortions; then come the
    point and the weight of the observation. Where it was seen, u and v, is an input too: each observation has its own.
    """
    b = ListBuilder()
    camera = b.inputs(*CAMERA)
    point = b.inputs(*POINT)
    weight, u, v = b.inputs("w", "u", "v")
    seen = project(camera, point)
    for name, projected, observed in (("eu", seen[0], u), ("ev", seen[1], v)):
        b.output(name, weight * (projected - observed))
    entry: dict[str, Any] = json.loads((DATA / "adbench_ba1.json").read_text())
    return Problem("bundle adjustment block", b, flat(np.array(entry["z"]), np.array(entry["feat"])))


def adbench_block() -> tuple[Floats, Floats]:
    """Give ADBench's values of the block at its point: the errors (2,), and their derivatives by 15 inputs."""
    entry: dict[str, Any] = json.loads((DATA / "adbench_ba1.json").read_text())
    return np.array(entry["residual"]), np.array(entry["jacobian"])


def project(camera: Vector, point: Vector) -> tuple[Variable, Variable]:
    """Give where a camera sees a point, in pixels."""
    rotation, centre, (focal, u0, v0, k1, k2) = camera[:3], camera[3:6], camera[6:]
    x, y, depth = rotate(rotation, [p - c for p, c in zip(point, centre, strict=True)])
    x, y = x / depth, y / depth
    radius = x**2 + y**2
    scale = focal * (1.0 + radius * (k1 + k2 * radius))
    return scale * x + u0, scale * y + v0


def rotate(rotation: Vector, x: Vector) -> list[Variable]:
    """Give x, rotated about the axis `rotation` by an angle of its length (Rodrigues); the length is not 0."""
    angle = np.sqrt(dot(rotation, rotation))
    axis = [r / angle for r in rotation]
    cosine, sine = np.cos(angle), np.sin(angle)
    along = dot(axis, x) * (1.0 - cosine)
    turned = cross(axis, x)
    return [x[i] * cosine + turned[i] * sine + axis[i] * along for i in range(3)]


def dot(a: Vector, b: Vector) -> Variable:
    """Give the inner product of three components."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> list[Variable]:
    """Give the vector product."""
    return [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]
