"""A robot's arm: where its hand is, how to get it elsewhere, and where it cannot go.

Three joints in a plane. The Jacobian of the hand's place and direction by the angles drives Newton's method to the
angles for a given place; its determinant is l1 l2 sin(q2), so the arm is singular when it is stretched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wengert_client import Client, Function

LENGTHS = np.array([0.4, 0.3, 0.1])


def hand(angles: Any) -> Any:
    """Give x, y and the direction of the hand; each angle is relative to the link before."""
    directions = np.tril(np.ones((3, 3))) @ angles
    return np.stack([LENGTHS @ np.cos(directions), LENGTHS @ np.sin(directions), directions[2]])


def jacobian_by_hand(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the textbook's Jacobian: a joint turns all that is behind it."""
    directions = np.cumsum(angles)
    dx = [-(LENGTHS[j:] @ np.sin(directions[j:])) for j in range(3)]
    dy = [LENGTHS[j:] @ np.cos(directions[j:]) for j in range(3)]
    return np.array([dx, dy, [1.0, 1.0, 1.0]])


def reach(f: Function, goal: NDArray[np.float64], angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give angles that bring the hand to a goal, by Newton's method; each of its steps turns joints by 0.5 at most."""
    for step in range(50):
        place, jacobian = f.value_and_jacobian(angles)
        miss = float(np.linalg.norm(goal - place))
        print(f"  step {step}: {miss:.1e} away")
        if miss < 1e-14:
            return angles
        change = np.linalg.solve(jacobian, goal - place)
        angles = angles + change / max(1.0, float(np.max(np.abs(change))) / 0.5)
    raise RuntimeError(f"the goal {goal} is out of reach")


def main() -> None:
    """Go to a place, and then as far out as the arm is long."""
    with Client() as client:
        f = client.function(hand, inputs={"angles": 3})
        start = np.array([0.3, 0.4, 0.5])
        place, jacobian = f.value_and_jacobian(start)
        print(f"hand at {place}, determinant of the Jacobian {np.linalg.det(jacobian):.6f}")
        np.testing.assert_allclose(jacobian, jacobian_by_hand(start), rtol=1e-14, atol=1e-16)
        np.testing.assert_allclose(np.linalg.det(jacobian), LENGTHS[0] * LENGTHS[1] * np.sin(start[1]), rtol=1e-13)

        print("to x = 0.2, y = 0.5, pointing along y:")
        goal = np.array([0.2, 0.5, 0.5 * np.pi])
        angles = reach(f, goal, start)
        np.testing.assert_allclose(f.value(angles), goal, atol=1e-13)

        stretched = np.zeros(3)
        values = np.linalg.svd(f.jacobian(stretched), compute_uv=False)
        print(f"stretched, singular values {values}: x cannot change")
        np.testing.assert_allclose(values[-1], 0.0, atol=1e-16)
        np.testing.assert_allclose(f.jacobian(stretched)[0], 0.0, atol=1e-16)


if __name__ == "__main__":
    main()
