"""Systems of many equations, each of few unknowns: their Jacobians are sparse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from examples.camera import project
from examples.problem import Problem, flat
from wengert_client import ListBuilder, ops

CAMERA_WIDTH, POINT_WIDTH = 11, 3


def rosenbrock_residuals(n: int) -> Problem:
    """Give the residuals of Rosenbrock's valley, 10 (x[i+1] - x[i]^2) and 1 - x[i] for i < n - 1, in scalars.

    The Jacobian has three entries for each i.
    """
    b = ListBuilder()
    x = b.inputs(*(f"x{i + 1}" for i in range(n)))
    for i in range(n - 1):
        b.output(f"bend{i + 1}", 10.0 * (x[i + 1] - x[i] ** 2))
        b.output(f"rest{i + 1}", 1.0 - x[i])
    point = np.ones(n)
    point[::2] = -1.2
    return Problem(f"Rosenbrock {n}, residuals, scalars", b, point)


def arrowhead(n: int) -> Problem:
    """Give the sum of all squares, and x[i]^3 + x[0] x[i] for i > 0: the first row, the first column, the diagonal."""
    b = ListBuilder()
    x = b.input("x", shape=n)
    rest = x[1:]
    b.output("whole", (x**2).sum())
    b.output("rest", rest**2 * rest + x[0] * rest)
    return Problem(f"arrowhead {n}, arrays", b, np.linspace(0.5, 1.5, n))


def broyden(n: int, *, arrays: bool = True) -> Problem:
    """Give Broyden's tridiagonal function, (3 - 2 x[i]) x[i] - x[i-1] - 2 x[i+1] + 1, with zeros beyond the ends.

    J. J. More, B. S. Garbow and K. E. Hillstrom, Testing Unconstrained Optimization Software (1981), problem 30.
    """
    b = ListBuilder()
    if arrays:
        x = b.input("x", shape=n)
        padded = ops.concatenate([np.zeros(1), x, np.zeros(1)])
        b.output("f", (3.0 - 2.0 * x) * x - padded[:-2] - 2.0 * padded[2:] + 1.0)
    else:
        scalars = b.inputs(*(f"x{i + 1}" for i in range(n)))
        for i, x in enumerate(scalars):
            f = (3.0 - 2.0 * x) * x
            if i > 0:
                f = f - scalars[i - 1]
            if i < n - 1:
                f = f - 2.0 * scalars[i + 1]
            b.output(f"f{i + 1}", f + 1.0)
    return Problem(f"Broyden tridiagonal {n}, {'arrays' if arrays else 'scalars'}", b, np.linspace(-1.0, -0.5, n))


def seen_by(cameras: int, points: int, observations: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the camera and the point of each observation: points in turn, cameras by chance."""
    random = np.random.default_rng(6)
    return random.integers(cameras, size=observations), np.arange(observations) % points


def bundle_adjustment(cameras: int, points: int, observations: int) -> Problem:
    """Give the reprojection errors of many observations as one list of arrays: the sparse least squares of vision.

    Inputs are the cameras (cameras, 11) and the points (points, 3); outputs the errors (observations,) along u and v.
    Where points were seen is data, made by chance: a pixel or so beside where they are projected.
    """
    b = ListBuilder()
    all_cameras, all_points = b.input("cameras", shape=(cameras, CAMERA_WIDTH)), b.input("points", shape=(points, 3))
    seen = b.input("seen", shape=(2, observations))
    camera_of, point_of = seen_by(cameras, points, observations)
    camera = [ops.gather(all_cameras[:, i], camera_of) for i in range(CAMERA_WIDTH)]
    point = [ops.gather(all_points[:, i], point_of) for i in range(POINT_WIDTH)]
    for i, (name, projected) in enumerate(zip(("eu", "ev"), project(camera, point), strict=True)):
        b.output(name, projected - seen[i])
    random = np.random.default_rng(7)
    angles, centres = random.normal(0.0, 0.3, (cameras, 3)), random.normal(0.0, 0.3, (cameras, 3))
    lens = np.array([500.0, 320.0, 240.0, 1e-2, 1e-3])
    places = random.normal([0.0, 0.0, 8.0], 1.0, (points, 3))
    at = flat(np.hstack([angles, centres, np.tile(lens, (cameras, 1))]), places)
    data = random.normal(300.0, 100.0, (2, observations))
    name = f"bundle adjustment, {observations} observations of {points} points by {cameras} cameras"
    return Problem(name, b, at, {"seen": data})
