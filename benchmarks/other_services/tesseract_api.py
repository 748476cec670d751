"""What Tesseract's runtime serves: ``tesseract-runtime serve`` with this file as ``TESSERACT_API_PATH``."""

import importlib
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
mathematics: Any = importlib.import_module("mathematics")
runtime: Any = importlib.import_module("tesseract_core.runtime")
pydantic: Any = importlib.import_module("pydantic")

_Vector = runtime.Differentiable[runtime.Array[(None,), runtime.Float64]]
InputSchema = pydantic.create_model("InputSchema", x=(_Vector, ...))
OutputSchema = pydantic.create_model("OutputSchema", y=(_Vector, ...))


def apply(inputs: Any) -> Any:
    """Give the value."""
    return OutputSchema(y=mathematics.value(inputs.x))


def jacobian(inputs: Any, jac_inputs: set[str], jac_outputs: set[str]) -> dict[str, dict[str, Any]]:
    """Give the Jacobian; there is one input and one output to choose."""
    return {output: {name: mathematics.jacobian(inputs.x) for name in jac_inputs} for output in jac_outputs}
