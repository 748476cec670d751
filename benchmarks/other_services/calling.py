"""Calls to one of the other services by its own client: ``calling.py SERVICE URL N``.

Each line of standard input, as ``tiny 20``, asks for so many calls; the answer is one line of JSON: how many seconds
each took. ``tiny 0`` gives value and Jacobian instead, to be checked.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Call = Callable[[], tuple[Array, Array]]


def _umbridge(url: str, points: dict[str, Array]) -> dict[str, Call]:
    umbridge: Any = importlib.import_module("umbridge")
    tiny_model, dense_model = umbridge.HTTPModel(url, "tiny"), umbridge.HTTPModel(url, "dense")
    x, at = [points["tiny"].tolist()], [points["dense"].tolist()]

    def tiny() -> tuple[Array, Array]:
        return np.array(tiny_model(x)[0]), np.array([tiny_model.gradient(0, 0, x, [1.0])])

    def dense() -> tuple[Array, Array]:
        value, flat = dense_model(at)
        return np.array(value), np.array(flat).reshape(len(value), -1)

    return {"tiny": tiny, "dense": dense}


def _tesseract(url: str, points: dict[str, Array]) -> dict[str, Call]:
    client = importlib.import_module("tesseract_core").Tesseract.from_url(url)

    def at(x: Array) -> Call:
        inputs = {"x": x}
        return lambda: (client.apply(inputs)["y"], client.jacobian(inputs, ["x"], ["y"])["y"]["x"])

    return {name: at(x) for name, x in points.items()}


def main() -> None:
    """Answer until standard input ends."""
    service, url, n = sys.argv[1:]
    points = {"tiny": np.array([2.0, 5.0]), "dense": np.linspace(0.0, 1.0, int(n))}
    calls = {"UM-Bridge": _umbridge, "Tesseract": _tesseract}[service](url, points)
    for line in sys.stdin:
        name, count = line.split()
        if int(count):
            print(json.dumps([_seconds(calls[name]) for _ in range(int(count))]), flush=True)
        else:
            print(json.dumps([each.tolist() for each in calls[name]()]), flush=True)


def _seconds(call: Call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
