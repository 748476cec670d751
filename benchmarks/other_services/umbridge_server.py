"""A server of UM-Bridge on the loopback interface: ``umbridge_server.py PORT N``, N inputs of the larger function."""

import functools
import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
mathematics: Any = importlib.import_module("mathematics")
umbridge: Any = importlib.import_module("umbridge")


class _Model(umbridge.Model):  # type: ignore[misc]
    """One output vector, and its gradient with a sensitivity."""

    def __init__(self, name: str, inputs: int, outputs: list[int]) -> None:
        super().__init__(name)
        self._inputs, self._outputs = inputs, outputs

    def get_input_sizes(self, _config: object) -> list[int]:
        return [self._inputs]

    def get_output_sizes(self, _config: object) -> list[int]:
        return self._outputs

    def supports_evaluate(self) -> bool:
        return True


class _Tiny(_Model):
    def __call__(self, parameters: list[list[float]], _config: object) -> list[list[float]]:
        return [mathematics.value(np.array(parameters[0])).tolist()]

    def gradient(
        self, _of: int, _by: int, parameters: list[list[float]], sens: list[float], _config: object
    ) -> list[float]:
        found: list[float] = (np.array(sens) @ mathematics.jacobian(np.array(parameters[0]))).tolist()
        return found

    def supports_gradient(self) -> bool:
        return True


class _Dense(_Model):
    """Its protocol has no Jacobian, only products of it; so here it is a second output, which is the fastest way."""

    def __call__(self, parameters: list[list[float]], _config: object) -> list[list[float]]:
        x = np.array(parameters[0])
        return [mathematics.value(x).tolist(), mathematics.jacobian(x).ravel().tolist()]


def main() -> None:
    """Serve until the process is ended."""
    port, n = int(sys.argv[1]), int(sys.argv[2])
    web: Any = importlib.import_module("aiohttp.web")
    web.run_app = functools.partial(web.run_app, host="127.0.0.1", print=None)
    umbridge.serve_models([_Tiny("tiny", 2, [1]), _Dense("dense", n, [n, n * n])], port)


if __name__ == "__main__":
    main()
