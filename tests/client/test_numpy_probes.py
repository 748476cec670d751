"""Every probe: traced, it gives NumPy's numbers, and in both modes the derivatives that differences of NumPy's give."""

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import adengine
from tests.conformance.in_process import engine_list
from tests.numpy_probes import refused
from tests.numpy_probes.probe import Floats, Probe, flat, leaves
from tests.numpy_probes.tables import PROBES
from wengert_client import BuildError, Trace, trace
from wengert_client._array_functions import FUNCTIONS, UFUNCS_WRITTEN
from wengert_client._numpy_refused import REFUSED
from wengert_client._special import SPECIAL

ENGINE = adengine.Engine()
# Central differences of the sixth order.
STEP = 4e-4
WEIGHTS = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))


def packed(probe: Probe) -> Floats:
    return np.concatenate([each.ravel() for each in probe.inputs.values()] or [np.zeros(0)])


def at(probe: Probe, x: Floats) -> Any:
    """Give what NumPy gives at a point."""
    arrays, offset = [], 0
    for each in probe.inputs.values():
        arrays.append(x[offset : offset + each.size].reshape(each.shape).copy()[()])
        offset += each.size
    with np.errstate(all="ignore"):
        return probe.of_numpy(*arrays)


def differences(f: Callable[[Floats], Floats], x: Floats) -> Floats:
    """Give the Jacobian of f by differences."""
    columns = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = STEP
        columns.append(sum(c * (f(x + j * e) - f(x - j * e)) for j, c in WEIGHTS) / STEP)
    return np.stack(columns, axis=1) if columns else np.zeros((f(x).size, 0))


def values(traced: Trace, x: Floats) -> Floats:
    return ENGINE.evaluate(engine_list(traced.message), points=x).values


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.text)
def test_a_probe_gives_numpys_numbers_and_derivatives(probe: Probe) -> None:
    traced = trace(probe.program, {name: each.shape for name, each in probe.inputs.items()})
    x = packed(probe)
    expected = at(probe, x)
    got = values(traced, x)
    scale = 1 + np.max(np.abs(flat(expected)), initial=0, where=np.isfinite(flat(expected)))
    np.testing.assert_allclose(got, flat(expected), rtol=1e-12, atol=1e-13 * scale)
    outputs = list(traced.message.outputs)
    assert len(outputs) == len(leaves(expected))
    if not probe.steps:
        J = differences(lambda z: flat(at(probe, z)), x)
        for mode in (adengine.Mode.FORWARD, adengine.Mode.REVERSE):
            found = ENGINE.jacobian(engine_list(traced.message), points=x, mode=mode).jacobian
            limit = 1e-8 * (1 + np.max(np.abs(J), initial=0, where=np.isfinite(J)))
            np.testing.assert_allclose(found, J, rtol=1e-8, atol=limit, err_msg=mode.name)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.text)
def test_a_probe_has_numpys_shapes(probe: Probe) -> None:
    traced = trace(probe.program, {name: each.shape for name, each in probe.inputs.items()})
    shapes = [leaf.shape for leaf in leaves(at(probe, packed(probe)))]
    assert list(engine_list(traced.message).output_shapes) == shapes


@pytest.mark.parametrize("probe", refused.PROBES, ids=lambda probe: probe.text)
def test_what_cannot_be_traced_names_the_line_and_what_to_write(probe: Probe) -> None:
    with pytest.raises(BuildError) as caught:
        trace(probe.program, {name: each.shape for name, each in probe.inputs.items()})
    message = str(caught.value)
    assert probe.told in message
    number = re.search(r'File "<probe .*", line (\d+), in program', message, flags=re.DOTALL)
    assert number is not None, message
    line = probe.source.splitlines()[int(number[1]) - 1].strip()
    assert f"\n    {line}\n" in message + "\n"
    assert caught.value.line in message


def public(module: ModuleType) -> list[str]:
    names = [name for name in dir(module) if not name.startswith("_")]
    return [name for name in names if callable(getattr(module, name)) and not isinstance(getattr(module, name), type)]


@pytest.mark.parametrize("module", [np, np.linalg], ids=lambda module: module.__name__)
def test_every_function_of_numpy_is_traced_or_refused_with_what_to_write(module: ModuleType) -> None:
    for name in public(module):
        function = getattr(module, name)
        if isinstance(function, np.ufunc):
            assert function.__name__ in UFUNCS_WRITTEN, name
        elif hasattr(function, "_implementation"):  # NumPy asks its arguments what to do
            assert (function in FUNCTIONS) != (function in REFUSED), name


def test_every_function_that_is_traced_has_a_probe() -> None:
    told = " ".join(probe.text for probe in PROBES) + " ".join(probe.names for probe in PROBES)
    written = [name for name in UFUNCS_WRITTEN if name not in SPECIAL and name not in REFUSED_UFUNCS]
    names = [f"np.{name}" for name in written] + [f"special.{name}" for name in SPECIAL if name not in REFUSED_UFUNCS]
    modules = {"numpy": "np", "numpy.linalg": "np.linalg"}
    names += [f"{modules[function.__module__]}.{function.__name__}" for function in FUNCTIONS]
    assert [name for name in names if not re.search(rf"\b{re.escape(name)}\b", told)] == []


REFUSED_UFUNCS = {"gcd", "lcm", "left_shift", "right_shift", "bitwise_count", "isnat", "nextafter", "spacing", "frexp"}
REFUSED_UFUNCS |= {"erfinv", "erfcinv", "ndtri"}
