"""Fit the 27 nonlinear models that the National Institute of Standards and Technology certifies.

Each model is a function of NumPy. SciPy's least squares gets the residuals and their exact Jacobian from one traced
function, and reaches the certified parameters: NIST StRD, nonlinear regression, 11 certified digits.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import least_squares

from wengert_client import Client
from wengert_client.scipy import Residuals

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wengert_client import Function

DATA = Path(__file__).parent / "data" / "nist_certified.json"
#: How many digits each fit must reach; the certified ones end with the 11th, which is rounded.
DIGITS = 10.0


def exponentials(b: Any, x: Any) -> Any:
    """Give a sum of decays."""
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def peaks(b: Any, x: Any) -> Any:
    """Give two bells on a decay."""
    first, second = np.exp(-(((x - b[3]) / b[4]) ** 2)), np.exp(-(((x - b[6]) / b[7]) ** 2))
    return b[0] * np.exp(-b[1] * x) + b[2] * first + b[5] * second


def cubics(b: Any, x: Any) -> Any:
    """Give a quotient of polynomials of degree 3."""
    return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1.0 + x * (b[4] + x * (b[5] + x * b[6])))


def seasons(b: Any, x: Any) -> Any:
    """Give three oscillations, one of a year."""

    def wave(cosine: Any, sine: Any, period: Any) -> Any:
        angle = 2.0 * np.pi * x / period
        return cosine * np.cos(angle) + sine * np.sin(angle)

    return b[0] + wave(b[1], b[2], 12.0) + wave(b[4], b[5], b[3]) + wave(b[7], b[8], b[6])


MODELS: dict[str, Callable[[Any, Any], Any]] = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1.0 / b[2]),
    "BoxBOD": lambda b, x: b[0] * (1.0 - np.exp(-b[1] * x)),
    "Chwirut1": lambda b, x: np.exp(-b[0] * x) / (b[1] + b[2] * x),
    "Chwirut2": lambda b, x: np.exp(-b[0] * x) / (b[1] + b[2] * x),
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "Eckerle4": lambda b, x: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "ENSO": seasons,
    "Gauss1": peaks,
    "Gauss2": peaks,
    "Gauss3": peaks,
    "Hahn1": cubics,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1.0 + b[3] * x + b[4] * x**2),
    "Lanczos1": exponentials,
    "Lanczos2": exponentials,
    "Lanczos3": exponentials,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * np.exp(-b[3] * x) + b[2] * np.exp(-b[4] * x),
    "Misra1a": lambda b, x: b[0] * (1.0 - np.exp(-b[1] * x)),
    "Misra1b": lambda b, x: b[0] * (1.0 - (1.0 + 0.5 * b[1] * x) ** -2),
    "Misra1c": lambda b, x: b[0] * (1.0 - 1.0 / np.sqrt(1.0 + 2.0 * b[1] * x)),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1.0 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * np.exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1.0 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1.0 + np.exp(b[1] - b[2] * x)) ** (1.0 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
    "Thurber": cubics,
}


def fit(client: Client, data: dict[str, Any]) -> tuple[float, int]:
    """Fit a set from its second start; gives the certified digits reached, and how many Jacobians that took."""
    x, y = np.array(data["x"]).T, np.array(data["y"])
    if data["name"] == "Nelson":
        y = np.log(y)  # Its model is of the logarithm.
    model = MODELS[data["name"]]
    residual = client.function(lambda b: model(b, x) - y, inputs={"b": len(data["start2"])})
    for_scipy = Residuals(residual)
    jacobian: Any = for_scipy.jac  # SciPy has no types, and its default, the name of a method, is taken for one.
    found = least_squares(for_scipy.fun, data["start2"], jacobian, method="lm", x_scale="jac")
    b, steps = polished(residual, found.x)
    error = np.max(np.abs(b / np.array(data["certified"]) - 1.0), initial=1e-11)
    return -math.log10(error), found.njev + steps


def polished(residual: Function, b: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Go on by Gauss and Newton's steps: SciPy stops where the sum of squares falls no more, at half of all digits."""
    for steps in range(100):
        value, jacobian = residual.value_and_jacobian(b)
        scale = np.linalg.norm(jacobian, axis=0)
        change = np.linalg.lstsq(jacobian / scale, -value)[0] / scale
        if np.max(np.abs(change / b)) < 1e-13:
            return b, steps
        b = b + change
    return b, 100


def main() -> None:
    """Fit all sets, and hold the parameters against the certified ones."""
    print("set       parameters  Jacobians  certified digits")
    with Client() as client:
        for data in json.loads(DATA.read_text()):
            digits, jacobians = fit(client, data)
            print(f"{data['name']:10}{len(data['start2']):10}{jacobians:11}{digits:18.1f}")
            np.testing.assert_array_less(DIGITS, digits, data["name"])


if __name__ == "__main__":
    main()
